import { RateLimit } from './rate-limit.ts';

/** Keys remembered; whoever came longest ago is forgotten first. */
const MOST = 10_000;

/** One rate limit for each key, for instance an address. */
export class KeyedLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #limits = new Map<string, RateLimit>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Whether nothing of this key would be admitted now; nothing is counted. */
  spent(key: string, now: number): boolean {
    return this.#limits.get(key)?.spent(now) ?? false;
  }

  /** Whether one more event of this key may happen now (Unix ms); if so it counts. */
  admit(key: string, now: number): boolean {
    const limit = this.#limits.get(key) ?? new RateLimit(this.#perSecond, this.#burst);
    this.#limits.delete(key);
    this.#limits.set(key, limit);
    if (this.#limits.size > MOST) this.#limits.delete(this.#limits.keys().next().value as string);
    return limit.admit(now);
  }
}
