import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ProgramListener {
  /** A line of its standard output. */
  onLine(line: string): void;
  onErrorLine(line: string): void;
  /** It ended, or could not be started; it is started again. `lastWords` say why, as far as it said so. */
  onEnd(lastWords: string): void;
  /** It was started. When it listens only the program knows. */
  onStart?(): void;
}

export interface ProgramWatch {
  close(): void;
}

const RESTART_MS = { first: 1_000, most: 60_000 };

/**
 * Keeps a program running that tells kernel events line by line: the socket of npm `netlink` ends the whole process when
 * events overrun it. A dead one is started again, after 1 s and then doubling to one minute; a line sets the pause back.
 */
export function watchProgram(command: string, args: readonly string[], listener: ProgramListener): ProgramWatch {
  let closed = false;
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let wait = RESTART_MS.first;

  function start(): void {
    const current = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    child = current;
    let lastWords = '';
    createInterface({ input: current.stdout }).on('line', (line) => {
      wait = RESTART_MS.first;
      listener.onLine(line);
    });
    createInterface({ input: current.stderr }).on('line', (line) => {
      lastWords = line;
      listener.onErrorLine(line);
    });
    current.on('spawn', () => listener.onStart?.());
    // `close` follows `error` too when the program could not be started at all.
    current.on('error', (error) => {
      lastWords = error.message;
    });
    current.on('close', () => {
      if (closed) return;
      listener.onEnd(lastWords);
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
