import { release } from 'node:os';
import type { FlowRow } from '@kubecity/conntrack';
import { parseRefusal } from './destroyed-line.ts';
import { type ProgramWatch, watchProgram } from './program-watch.ts';

export interface RefusalListener {
  /** A TCP connection was answered with RST, translated or not, in either family. `row` has its final counters. */
  onRefusal(row: FlowRow): void;
  /** Refusals may have been missed, and why: the kernel's queue ran over, or the watch died and begins anew. */
  onLoss(reason: string): void;
}

export type RefusalWatch = ProgramWatch;

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

/**
 * Watches for refused connections, which no dump shows. Its start is asynchronous: refusals before it listens are missed.
 */
export function watchRefusals(
  { onRefusal, onLoss }: RefusalListener,
  command = COMMAND,
  kernel = release(),
): RefusalWatch {
  return watchProgram(command, tellsState(kernel) ? [...ARGUMENTS, ...RESET_ONLY] : ARGUMENTS, {
    onLine: (line) => {
      const row = parseRefusal(line);
      if (row) onRefusal(row);
    },
    onErrorLine: (line) => {
      if (line.includes('ENOBUFS')) onLoss(line);
    },
    onEnd: (lastWords) => onLoss(`${command} ended: ${lastWords}`),
  });
}

/** @param kernel as `uname -r` says it */
function tellsState(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.', 2).map((part) => Number.parseInt(part, 10));
  return major > TELLS_STATE[0] || (major === TELLS_STATE[0] && minor >= TELLS_STATE[1]);
}
