import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Where data and words go. Data is what was asked for (stdout), words are for whoever sits there (stderr). */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines of data; a line end is added. */
  out(text: string): void;
  say(text: string): void;
  /** Undefined where nobody sits who could answer. */
  readonly ask?: (question: string) => Promise<string>;
  /** Where a progress bar may move; undefined where lines have to do. */
  readonly bar?: NodeJS.WritableStream;
  /** Whether a table may be drawn again in its own place. */
  readonly live: boolean;
  /** Colour where a person looks at it and NO_COLOR does not forbid it. */
  paint(format: Style, text: string, on?: 'data' | 'words'): string;
  /** Unix ms. */
  now(): number;
  /** Somebody pressed Ctrl-C. */
  readonly stopped: AbortSignal;
}

/** As a shell tells of a program that SIGINT ended. */
const INTERRUPTED = 130;

export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const stop = new AbortController();
  process.once('SIGINT', () => {
    stop.abort(new Error('interrupted'));
    // whoever listens says something; a request that hangs does not
    setTimeout(() => process.exit(INTERRUPTED), 1000).unref();
  });
  // `kubecity get services | head` is no failure
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const person = stdin.isTTY && stderr.isTTY;
  return {
    env,
    out: (text) => void stdout.write(`${text}\n`),
    say: (text) => void stderr.write(`${text}\n`),
    ask: person ? ask : undefined,
    bar: stderr.isTTY && env.TERM !== 'dumb' ? stderr : undefined,
    live: stdout.isTTY && env.TERM !== 'dumb',
    paint: (format, text, on = 'data') => styleText(format, text, { stream: on === 'data' ? stdout : stderr }),
    now: Date.now,
    stopped: stop.signal,
  };
}

/** `''` of somebody who leaves. */
async function ask(question: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const gone = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  reader.once('SIGINT', () => reader.close());
  try {
    return (await Promise.race([reader.question(question), gone])).trim();
  } finally {
    reader.close();
  }
}
