import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { socketText } from '@kubecity/routing';
import { end, hasEnded } from '../../testing/child-end.ts';
import { PlayerError } from '../player.ts';

/** A connection that the node's conntrack confirmed: its first packet left the node, or reached a program on it. */
export interface Connection {
  /** Where it went when that is not where it was sent, `address:port`. */
  readonly to?: string;
  readonly masquerade: boolean;
}

/** `protocol source sport destination dport` of the packet as it was sent. */
export function keyOf(protocol: string, source: string, sport: number, destination: string, dport: number): string {
  return `${protocol} ${source} ${sport} ${destination} ${dport}`;
}

const TUPLE = /src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g;

/**
 * Reads one line of `conntrack -E -e NEW`: the tuple as sent, then the tuple of the answer that is awaited. An answer from
 * elsewhere means a rewritten destination, an answer to elsewhere a rewritten source.
 */
export function readEvent(line: string): { key: string; connection: Connection } | undefined {
  const protocol = /\[NEW\]\s+(tcp|udp|sctp)\s/.exec(line)?.[1];
  const [sent, answer] = [...line.matchAll(TUPLE)].map(([, source, destination, sport, dport]) => ({
    source: source as string,
    destination: destination as string,
    sport: Number(sport),
    dport: Number(dport),
  }));
  if (!protocol || !sent || !answer) return undefined;
  const moved = answer.source !== sent.destination || answer.sport !== sent.dport;
  return {
    key: keyOf(protocol, sent.source, sent.sport, sent.destination, sent.dport),
    connection: {
      ...(moved && { to: socketText(answer.source, answer.sport) }),
      masquerade: answer.destination !== sent.source || answer.dport !== sent.sport,
    },
  };
}

/** Listens to the conntrack of the current network namespace. */
export class ConnectionEvents {
  readonly #child: ChildProcessByStdio<null, Readable, null>;
  readonly #connections = new Map<string, Connection>();
  readonly #waiting = new Map<string, () => void>();

  constructor() {
    this.#child = spawn('conntrack', ['-E', '-e', 'NEW'], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const event = readEvent(line);
      if (!event) return;
      this.#connections.set(event.key, event.connection);
      this.#waiting.get(event.key)?.();
    });
  }

  get(key: string): Connection | undefined {
    return this.#connections.get(key);
  }

  /** Whether the event came, or comes within this time. */
  async came(key: string, milliseconds: number): Promise<boolean> {
    if (this.#connections.has(key)) return true;
    const event = new Promise<void>((resolve) => this.#waiting.set(key, resolve));
    const timeout = AbortSignal.timeout(milliseconds);
    await Promise.race([event, once(timeout, 'abort')]);
    this.#waiting.delete(key);
    return this.#connections.has(key);
  }

  forget(): void {
    this.#connections.clear();
  }

  stop(): Promise<void> {
    return end(this.#child, 'SIGKILL');
  }

  /** Throws when the tool is gone: without it every packet would look dropped. */
  check(): void {
    if (hasEnded(this.#child)) throw new PlayerError('conntrack -E has ended');
  }
}
