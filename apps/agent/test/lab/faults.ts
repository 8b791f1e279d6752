import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type DumpFault = 'none' | 'interrupted' | 'hole' | 'cut';

/** What goes wrong with the dumps of a real agent (see broken-netlink.mjs), told from outside. */
export class Faults {
  readonly #file: string;
  /** Environment of the agents to hurt. */
  readonly env: NodeJS.ProcessEnv;

  /** @param file of its own */
  constructor(file: string) {
    this.#file = file;
    this.dumps('none');
    this.env = {
      TRUTH_FAULT: file,
      NODE_OPTIONS: `--import=${fileURLToPath(new URL('broken-netlink.mjs', import.meta.url))}`,
    };
  }

  /** What goes wrong with dumps from now on. */
  dumps(fault: DumpFault): void {
    writeFileSync(this.#file, fault);
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
