import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type DumpFault = 'none' | 'interrupted' | 'hole' | 'cut';

/** A queue of the kernel for two or three events. */
const TINY_BUFFER = 2048;

/**
 * Ways to hurt a real agent from outside: its dumps (see broken-netlink.mjs), and the program that it hears ended
 * connections from, in whose place stands one that can be told to listen with too small a buffer.
 */
export class Faults {
  readonly #dumps: string;
  readonly #buffer: string;
  /** Environment of the agents to hurt. */
  readonly env: NodeJS.ProcessEnv;

  /** @param folder for files of its own */
  constructor(folder: string) {
    mkdirSync(folder);
    this.#dumps = join(folder, 'dumps');
    this.#buffer = join(folder, 'buffer');
    this.dumps('none');
    this.tinyBuffer(false);
    const conntrack = execFileSync('sh', ['-c', 'command -v conntrack'], { encoding: 'utf8' }).trim();
    const tool = join(folder, 'conntrack');
    // The last of two sizes holds.
    const size = `$(test "$(cat ${this.#buffer})" = tiny && echo "--buffer-size ${TINY_BUFFER}")`;
    writeFileSync(tool, `#!/bin/sh\nexec ${conntrack} "$@" ${size}\n`);
    chmodSync(tool, 0o755);
    this.env = {
      PATH: `${folder}:${process.env.PATH}`,
      TRUTH_FAULT: this.#dumps,
      NODE_OPTIONS: `--import=${fileURLToPath(new URL('broken-netlink.mjs', import.meta.url))}`,
    };
  }

  /** What goes wrong with dumps from now on. */
  dumps(fault: DumpFault): void {
    writeFileSync(this.#dumps, fault);
  }

  /** Whether the event readers that start from now on have too small a buffer. */
  tinyBuffer(on: boolean): void {
    writeFileSync(this.#buffer, on ? 'tiny' : 'usual');
  }
}

/** The process of an agent that counts connections. */
export function accountingOf(agent: number): number {
  return theOne(agent, 'accounting-process.ts');
}

/** The `conntrack` process that tells an agent of ended connections. */
export function eventReaderOf(agent: number): number {
  return theOne(accountingOf(agent), '--event');
}

/** @throws Error when not exactly one child has that word in its command line */
function theOne(parent: number, word: string): number {
  const children = readdirSync(`/proc/${parent}/task`)
    .flatMap((task) => readFileSync(`/proc/${parent}/task/${task}/children`, 'utf8').split(' '))
    .filter((text) => text !== '')
    .map(Number);
  const found = children.filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(word));
  if (found.length !== 1) throw new Error(`process ${parent} has ${found.length} children with ${word}`);
  return found[0] as number;
}
