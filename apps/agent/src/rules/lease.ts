import { type Ipset, NetfilterError } from '@kubecity/netfilter';
import type { Family } from '@kubecity/routing';
import { LEASE } from '@kubecity/ruleset';
import type { Logger } from 'pino';
import type { Clock } from '../runner.ts';

export interface LeaseOptions {
  readonly sets: Ipset;
  readonly families: readonly Family[];
  /** Asked at each renewal. */
  readonly seconds: () => number;
  /** Whether the rules of this family are as they were read back, and this agent able to change them. */
  readonly isSound: (family: Family) => Promise<boolean>;
  /** Told of transactions of nf_tables that this made. */
  readonly wrote: (commits: number) => void;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** hash:net holds no /0. */
const EVERY_ADDRESS: Readonly<Record<Family, readonly string[]>> = {
  IPv4: ['0.0.0.0/1', '128.0.0.0/1'],
  IPv6: ['::/1', '8000::/1'],
};
const TAKES = { IPv4: 'inet', IPv6: 'inet6' } as const;

/**
 * The way into the rules of mode steer is open as long as a set holds every address, and each of its members lasts `seconds`. So
 * when this process is gone, or can no longer vouch for the rules, the Service proxy behind them takes over by itself.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #made = false;
  /** Nothing is left of it in the kernel. */
  #dropped = false;
  #timer: { cancel(): void } | undefined;
  /** Ends before it: by clock.now(). */
  readonly #renewedAt = new Map<Family, number>();
  #lastFault = '';
  #moves = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Milliseconds since the family that waits longest was vouched for; undefined while there is no lease. */
  get age(): number | undefined {
    if (!this.#timer || this.#renewedAt.size < this.#options.families.length) return undefined;
    return this.#options.clock.now() - Math.min(...this.#renewedAt.values());
  }

  /**
   * Makes the sets that rules are about to name.
   * @param open the same rules were at work without a lease until now
   */
  async prepare(open: boolean): Promise<void> {
    const { families } = this.#options;
    if (this.#made) return;
    this.#dropped = false;
    await this.#write(
      families.map((family) => `create ${LEASE[family]} hash:net family ${TAKES[family]} timeout 0 -exist\n`).join(''),
    );
    if (open || this.#moves) await this.#grant(families);
    this.#made = true;
    this.#moves = false;
  }

  /** Rules that are at work go to the other side: `prepare` opens the way there before they come. */
  move(): void {
    this.#made = false;
    this.#moves = this.#timer !== undefined;
  }

  /** After rules were read back: opens the way where it is closed, and keeps it open. Never rejects. */
  async keep(): Promise<void> {
    const late = this.#options.families.some((family) => !this.#isFresh(family));
    if (!this.#timer || late) await this.#renew();
  }

  /** Stops renewing; what was granted runs out. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#renewedAt.clear();
  }

  /** The way closes within a second. */
  async end(): Promise<void> {
    const running = this.#timer !== undefined;
    this.stop();
    if (running) await this.#grant(this.#options.families, 1);
    this.#renewedAt.clear();
  }

  /** To be called while no rule names the sets any more. Never rejects: what the kernel still holds goes the next time. */
  async drop(): Promise<void> {
    if (this.#dropped) return;
    const { sets, log } = this.#options;
    this.stop();
    this.#made = false;
    const names = new Set<string>(Object.values(LEASE));
    try {
      const there = (await sets.list()).filter((one) => names.has(one));
      if (there.length > 0) await this.#write(there.map((name) => `destroy ${name}\n`).join(''));
      this.#dropped = true;
    } catch (error) {
      // Where the tool is not installed we have made no sets.
      if (error instanceof NetfilterError && error.code === 'missing-tool') this.#dropped = true;
      // The kernel lets go of the rules of a committed transaction a moment later.
      else log.info({ err: error }, 'the sets of the lease are still there');
    }
  }

  async #renew(): Promise<void> {
    const { families, isSound, log } = this.#options;
    this.#timer?.cancel();
    // Planned first: a renewal that fails is tried again.
    this.#timer = this.#options.clock.after(this.#periodMs(), () => void this.#renew());
    try {
      const sound: Family[] = [];
      for (const family of families) if (await isSound(family)) sound.push(family);
      // Ended meanwhile.
      if (!this.#timer) return;
      await this.#grant(sound);
      const left = families.filter((family) => !sound.includes(family));
      this.#tell(left.length > 0 ? `rules of ${left.join(' and ')} are not as they should be` : '');
    } catch (error) {
      log.warn({ err: error }, 'the lease of the rules could not be renewed');
    }
  }

  #tell(fault: string): void {
    const { log } = this.#options;
    if (fault === this.#lastFault) return;
    this.#lastFault = fault;
    if (fault === '') log.info('the lease of the rules is renewed again');
    else log.warn({ fault }, 'the lease of the rules runs out; the Service proxy behind them takes over');
  }

  async #grant(families: readonly Family[], seconds = this.#options.seconds()): Promise<void> {
    const { clock } = this.#options;
    const lines = families.flatMap((family) =>
      EVERY_ADDRESS[family].map((range) => `add ${LEASE[family]} ${range} timeout ${seconds} -exist\n`),
    );
    if (lines.length > 0) await this.#write(lines.join(''));
    for (const family of families) this.#renewedAt.set(family, clock.now());
  }

  async #write(lines: string): Promise<void> {
    this.#options.wrote(await this.#options.sets.restore(lines));
  }

  #isFresh(family: Family): boolean {
    return this.#options.clock.now() - (this.#renewedAt.get(family) ?? 0) < 2 * this.#periodMs();
  }

  #periodMs(): number {
    return (this.#options.seconds() * 1000) / 3;
  }
}
