import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { eventually } from './eventually.ts';

export interface Door {
  readonly address: string;
  readonly port: number;
}

interface Place {
  /** The words that run a command there. */
  readonly into: readonly string[];
  readonly end: 'caller' | 'server';
}

/** Packets. */
export interface Counts {
  readonly asked: number;
  readonly answered: number;
}

const ASKS = 'tcp flags & (syn | ack) == syn';
const ANSWERS = 'tcp flags & (syn | ack) == (syn | ack)';
/** Before any rule of the node sees what leaves, and when none can drop any more what comes; priorities of nftables. */
const FIRST = -500;
const LAST = 500;

/**
 * Counts the packets that open TCP connections, SYN and SYN-ACK, where they leave a namespace and where they reach one. What left
 * and never arrived was lost between them. A handshake that was begun again only because the machine was slow loses nothing: what
 * came late has come.
 */
export class Handshakes {
  readonly #places: Place[] = [];

  /** Those to these doors, from a namespace of the lab; undefined = from the node itself. */
  countAtCaller(host: string | undefined, doors: readonly Door[]): void {
    const set = `{ ${doors.map(({ address, port }) => `${address} . ${port}`).join(', ')} }`;
    this.#count(host, 'caller', {
      leaving: `${ASKS} ip daddr . tcp dport ${set} counter name asked`,
      coming: `${ANSWERS} ip saddr . tcp sport ${set} counter name answered`,
    });
  }

  /** Those to the server at this port. */
  countAtServer(host: string, port: number): void {
    this.#count(host, 'server', {
      coming: `${ASKS} tcp dport ${port} counter name asked`,
      leaving: `${ANSWERS} tcp sport ${port} counter name answered`,
    });
  }

  /** Those that the node lets go to the address of a Service as they are: nobody is there. */
  countStrays(doors: readonly Door[]): void {
    const set = `{ ${doors.map(({ address, port }) => `${address} . ${port}`).join(', ')} }`;
    run(
      ['nft', '-f', '-'],
      `table ip strays {
  counter strays { }
  chain leaving { type filter hook postrouting priority ${LAST}; ${ASKS} ip daddr . tcp dport ${set} counter name strays; }
}`,
    );
  }

  strays(): number {
    const listed = run(['nft', 'list', 'counters', 'table', 'ip', 'strays']);
    return Number(/packets (\d+)/.exec(listed)?.[1]);
  }

  /** What is under way counts as lost: to be asked while nobody calls. */
  lost(): Counts {
    const [callers, servers] = (['caller', 'server'] as const).map((end) => this.#sum(end));
    if (!callers || !servers) throw new Error('there are two ends');
    return { asked: callers.asked - servers.asked, answered: servers.answered - callers.answered };
  }

  #count(host: string | undefined, end: Place['end'], { leaving, coming }: Record<'leaving' | 'coming', string>): void {
    const into = host === undefined ? [] : ['ip', 'netns', 'exec', host];
    run(
      [...into, 'nft', '-f', '-'],
      `table inet handshakes {
  counter asked { }
  counter answered { }
  chain leaving { type filter hook output priority ${FIRST}; ${leaving}; }
  chain coming { type filter hook input priority ${LAST}; ${coming}; }
}`,
    );
    this.#places.push({ into, end });
  }

  #sum(end: Place['end']): Counts {
    const there = this.#places.filter((place) => place.end === end).map(({ into }) => read(into));
    const sum = (of: keyof Counts) => there.reduce((total, counts) => total + counts[of], 0);
    return { asked: sum('asked'), answered: sum('answered') };
  }
}

/** So many were lost, and no more. Also where nobody calls, what was sent twice may be under way. */
export const expectLost = (handshakes: Handshakes, expected: Counts): Promise<void> =>
  eventually(() => expect(handshakes.lost()).toEqual(expected), 5000);

function read(into: readonly string[]): Counts {
  const listed = run([...into, 'nft', 'list', 'counters', 'table', 'inet', 'handshakes']);
  const packets = (name: string) => Number(new RegExp(`counter ${name} {\\s+packets (\\d+)`).exec(listed)?.[1]);
  return { asked: packets('asked'), answered: packets('answered') };
}

function run([program = '', ...args]: readonly string[], input = ''): string {
  return execFileSync(program, args, { encoding: 'utf8', input });
}
