import { type ProgramWatch, watchProgram } from './program-watch.ts';

export interface RouteNewsListener {
  /** As `ip -oneline monitor` prints it: a link, address, route, neighbour or forwarding entry that came, changed or was `Deleted`. */
  onLine(line: string): void;
  /** News may have been missed, and why: the kernel's queue ran over, the program died, or it has just begun to listen. */
  onLoss(reason: string): void;
}

export interface RouteNewsOptions {
  /** Neighbours and forwarding entries, too: every pod that speaks brings some. */
  readonly neighbours: boolean;
  readonly command?: string;
}

const COMMAND = 'ip';
/** As much as a storm of a thousand devices takes; without the right to force it, what the host allows. */
const QUEUE_BYTES = 4 * 1024 * 1024;
/** By then the program listens; what happened before is to be looked for once. */
const LISTENS_AFTER_MS = 1_000;

/**
 * Tells what changes in the network of this namespace. Not everything has a line: a link that goes down takes IPv4 routes and
 * neighbours with it without a word.
 */
export function watchRouteNews(
  { onLine, onLoss }: RouteNewsListener,
  { neighbours, command = COMMAND }: RouteNewsOptions,
): ProgramWatch {
  const objects = ['link', 'address', 'route', ...(neighbours ? ['neigh'] : [])];
  const args = ['-oneline', '-rcvbuf', String(QUEUE_BYTES), 'monitor', ...objects];
  let begun: NodeJS.Timeout | undefined;
  const watch = watchProgram(command, args, {
    onLine,
    onErrorLine: (line) => onLoss(line),
    onEnd: (lastWords) => {
      clearTimeout(begun);
      onLoss(`${command} ended: ${lastWords}`);
    },
    onStart: () => {
      begun = setTimeout(() => onLoss('it has just begun to listen'), LISTENS_AFTER_MS);
    },
  });
  return {
    close: () => {
      clearTimeout(begun);
      watch.close();
    },
  };
}
