import { type ChildProcess, spawn } from 'node:child_process';
import { release } from 'node:os';
import { createInterface } from 'node:readline';
import type { FlowRow } from '@kubecity/conntrack';
import { parseRefusal } from './destroyed-line.ts';

export interface RefusalListener {
  /** A TCP connection was answered with RST, translated or not, in either family. `row` has its final counters. */
  onRefusal(row: FlowRow): void;
  /** Refusals may have been missed, and why: the kernel's queue ran over, or the watch died and begins anew. */
  onLoss(reason: string): void;
}

export interface RefusalWatch {
  close(): void;
}

const COMMAND = 'conntrack';
const ARGUMENTS = [
  // Without a family the tool tells of both.
  ...['--event', '--event-mask', 'DESTROY', '--proto', 'tcp'],
  ...['--output', 'extended,id', '--buffer-size', String(4 * 1024 * 1024)],
];
/** What was reset. Connections that ended as they should need not be printed here and read there. */
const RESET_ONLY = ['--state', 'CLOSE'];
/** From this kernel on the event of an entry's end tells its TCP state; before, a filter on it lets nothing pass. */
const TELLS_STATE = [5, 15] as const;
const RESTART_MS = { first: 1_000, most: 60_000 };

/**
 * Watches for refused connections, which no dump shows. Events come from a `conntrack` process, because the socket of npm
 * `netlink` ends the whole process when events overrun it; a dead one is started again, after 1 s and then doubling to
 * one minute. Its start is asynchronous: refusals before it listens are missed.
 */
export function watchRefusals(
  { onRefusal, onLoss }: RefusalListener,
  command = COMMAND,
  kernel = release(),
): RefusalWatch {
  let closed = false;
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let wait = RESTART_MS.first;

  function start(): void {
    const current = spawn(command, tellsState(kernel) ? [...ARGUMENTS, ...RESET_ONLY] : ARGUMENTS, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    child = current;
    let lastWords = '';
    createInterface({ input: current.stdout }).on('line', (line) => {
      wait = RESTART_MS.first;
      const row = parseRefusal(line);
      if (row) onRefusal(row);
    });
    createInterface({ input: current.stderr }).on('line', (line) => {
      lastWords = line;
      if (line.includes('ENOBUFS')) onLoss(line);
    });
    // `close` follows `error` too when the program could not be started at all.
    current.on('error', (error) => {
      lastWords = error.message;
    });
    current.on('close', () => {
      if (closed) return;
      onLoss(`${command} ended: ${lastWords}`);
      timer = setTimeout(start, wait);
      wait = Math.min(wait * 2, RESTART_MS.most);
    });
  }

  start();
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      child?.kill();
    },
  };
}

/** @param kernel as `uname -r` says it */
function tellsState(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.', 2).map((part) => Number.parseInt(part, 10));
  return major > TELLS_STATE[0] || (major === TELLS_STATE[0] && minor >= TELLS_STATE[1]);
}
