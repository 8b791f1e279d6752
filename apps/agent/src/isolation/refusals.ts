import { REFUSAL_SECONDS } from '@kubecity/isolation';
import type { RefusedAttempt, RefusedAttempts } from '@kubecity/protocol';
import { cleanAddress } from '@kubecity/routing';
import type { Logger } from 'pino';
import type { Clock } from '../runner.ts';
import type { RefusalMemory, Remembered } from './refusal-memory.ts';
import { SparingLooks } from './sparing-looks.ts';

/** Who refuses it on this node; undefined where nothing does any more. */
export type WhoRefuses = (
  attempt: Pick<RefusedAttempt, 'from' | 'to' | 'protocol' | 'port'>,
) => Pick<RefusedAttempt, 'direction' | 'policies'> | undefined;

export interface RefusalsOptions {
  readonly memory: RefusalMemory;
  readonly whoRefuses: WhoRefuses;
  readonly send: (attempts: RefusedAttempts) => void;
  /** Processor time of this process so far, milliseconds. */
  readonly cpu: () => number;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
}

/** Thousands of refused pairs cost more than a few. What is remembered for ten seconds is not missed. */
const PAUSES = { least: 500, most: 2_000 };
/** The protocol's bounds. */
const MOST_ROWS = 500;
const MOST_POLICIES = 100;

/**
 * Tells of connections that policies refuse on this node. The kernel remembers each pair for some seconds, so looking now and
 * then misses none, and a flood of packets costs no more than one of them.
 */
export class Refusals {
  readonly #options: RefusalsOptions;
  /** The latest moment at which the last packet that was told of can have come (Unix ms), by attempt. */
  #told = new Map<string, number>();
  readonly #looks: SparingLooks;

  constructor(options: RefusalsOptions) {
    const { cpu, clock, log } = options;
    this.#options = options;
    this.#looks = new SparingLooks({
      look: () => this.#look(),
      pauses: PAUSES,
      failed: (err) => log.warn({ err }, 'refused connections cannot be told'),
      ...{ cpu, clock },
    });
  }

  begin(): void {
    this.#looks.begin();
  }

  stop(): void {
    this.#looks.stop();
  }

  async #look(): Promise<void> {
    const { memory, send, clock } = this.#options;
    const news = this.#newsOf(await memory.read());
    if (news && !this.#looks.isStopped) send({ at: clock.now(), ...news });
  }

  #newsOf(memories: readonly Remembered[]): Omit<RefusedAttempts, 'at'> | undefined {
    const now = this.#options.clock.now();
    const before = this.#told;
    this.#told = new Map();
    const rows: RefusedAttempt[] = [];
    let more = false;
    for (const one of memories) {
      // The kernel tells whole seconds, rounded down: the last packet came in the second before `latest`.
      const latest = now - (REFUSAL_SECONDS - one.seconds - 1) * 1000;
      const key = `${one.from} ${one.to} ${one.protocol} ${one.port}`;
      const known = before.get(key);
      const isNew = known === undefined || latest - 1000 >= known;
      this.#told.set(key, isNew ? Math.min(latest, now) : known);
      if (!isNew || one.seconds < 0) continue;
      if (rows.length === MOST_ROWS) more = true;
      else rows.push(...this.#rowOf(one, Math.min(latest, now)));
    }
    return rows.length > 0 ? { rows, more } : undefined;
  }

  #rowOf({ protocol, port, ...memory }: Remembered, at: number): RefusedAttempt[] {
    const [from, to] = [memory.from, memory.to].map((text) => cleanAddress(text)?.text);
    if (from === undefined || to === undefined) return [];
    const attempt = { from, to, protocol, port };
    const who = this.#options.whoRefuses(attempt);
    if (!who) return [];
    return [{ at, ...attempt, direction: who.direction, policies: who.policies.slice(0, MOST_POLICIES) }];
  }
}
