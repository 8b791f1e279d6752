import { run } from '../src/program.ts';
import type { Terminal } from '../src/terminal.ts';

/** What one command said and did. */
export interface Outcome {
  readonly code: number;
  /** Lines of data. */
  readonly data: string;
  readonly words: string;
}

export interface Hand {
  readonly env?: Record<string, string>;
  /** What somebody types; without it nobody sits there. */
  readonly types?: string;
  readonly now?: () => number;
  readonly stopped?: AbortSignal;
  /** Hears every line as it comes. */
  readonly hears?: (line: string) => void;
}

/** A terminal without colours that keeps what it is told. */
export function handTerminal({ env = {}, types, now = Date.now, stopped, hears }: Hand = {}) {
  const [data, words]: [string[], string[]] = [[], []];
  const terminal: Terminal = {
    // no city of the machine that the tests run on
    env: { XDG_RUNTIME_DIR: '/nowhere', ...env },
    out: (text) => {
      data.push(text);
      hears?.(text);
    },
    say: (text) => {
      words.push(text);
      hears?.(text);
    },
    ask: types === undefined ? undefined : async () => types,
    live: false,
    paint: (_, text) => text,
    now,
    stopped: stopped ?? new AbortController().signal,
  };
  return { terminal, data, words };
}

/** Runs one command line in this process. */
export async function command(argv: readonly string[], hand?: Hand): Promise<Outcome> {
  const { terminal, data, words } = handTerminal(hand);
  const code = await run(argv, terminal);
  return { code, data: data.join('\n'), words: words.join('\n') };
}
