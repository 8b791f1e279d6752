import type { CityRecord, PolicyCounts, PolicyDirection } from '@kubecity/protocol';
import { grown, NamedSlots } from '../traffic/named-slots.ts';
import { RateWindows } from '../traffic/rate-windows.ts';

type Figures = NonNullable<CityRecord<'policy'>['ingress']>;
type Row = readonly [accepted: number, refused: number];

/** What one agent has told, as totals of the epoch that it told them in. */
interface Told {
  epoch: string;
  /** The epoch in whose totals `rows` are; undefined before the first. */
  counted?: string;
  /** Unix ms of the last telling, by the node's clock. */
  at: number;
  readonly rows: Map<string, Row>;
}

const WINDOW_SECONDS = 10;
/** A policy that leaves its last node and comes back within that time goes on where it was. */
const KEEP_MILLISECONDS = 60_000;
/** Policies by direction, all nodes together, and of one node: no agent fills the hub's memory. */
const MOST_ACCOUNTS = 40_000;
const SPAN = { first: 1000, least: 100, most: 10_000 } as const;
const PARTS = 100;
const NONE: Row = [0, 0];

const nameOf = (policy: string, direction: PolicyDirection): string => `${direction} ${policy}`;
const policyOf = (name: string): string => name.slice(name.indexOf(' ') + 1);

/**
 * First packets by policy and direction, over all nodes. As with edges, what an agent had counted before this hub heard it is
 * only the starting point, and the totals of a later epoch are all growth.
 */
export class PolicyLedger {
  readonly #slots = new NamedSlots(KEEP_MILLISECONDS);
  readonly #windows = new RateWindows(2, WINDOW_SECONDS);
  readonly #told = new Map<string, Told>();
  readonly #held = new Set<number>();
  readonly #growth = new Float64Array(2);
  #totals = new Float64Array(0);

  connected(node: string, epoch: string): void {
    const told = this.#told.get(node);
    if (told) told.epoch = epoch;
    else this.#told.set(node, { epoch, at: 0, rows: new Map() });
  }

  forgetNode(node: string): void {
    const told = this.#told.get(node);
    if (told) this.#told.set(node, { epoch: told.epoch, at: 0, rows: new Map() });
  }

  take(node: string, { at, rows }: PolicyCounts, now: number): void {
    const told = this.#told.get(node);
    if (!told) throw new Error(`agent of ${node} counts before it connected`);
    this.#windows.advance(now);
    const newcomer = told.counted === undefined;
    if (told.counted !== told.epoch) told.rows.clear();
    const span = at > told.at && told.at > 0 ? Math.min(SPAN.most, Math.max(SPAN.least, at - told.at)) : SPAN.first;
    for (const { policy, direction, accepted, refused } of rows) {
      const name = nameOf(policy, direction);
      const before = told.rows.get(name) ?? NONE;
      if (told.rows.size >= MOST_ACCOUNTS && before === NONE) continue;
      told.rows.set(name, [accepted, refused]);
      const slot = this.#slotOf(name);
      if (newcomer || slot === undefined) continue;
      this.#growth[0] = Math.max(0, accepted - before[0]);
      this.#growth[1] = Math.max(0, refused - before[1]);
      this.#add(slot, now, span);
    }
    told.counted = told.epoch;
    told.at = at;
  }

  /** Lets time pass. Accounts of policies that are not `listed` any more are given free after a while. */
  show(now: number, listed: (policy: string) => boolean): void {
    this.#windows.advance(now);
    for (const [name, slot] of [...this.#slots.entries()]) {
      const held = this.#held.has(slot);
      if (listed(policyOf(name)) === held) continue;
      if (held) {
        this.#slots.release(slot, now);
        this.#held.delete(slot);
      } else {
        this.#slots.hold(name);
        this.#held.add(slot);
      }
    }
    this.#slots.sweep(now);
  }

  /** Undefined when nobody has counted any. */
  figuresOf(policy: string, direction: PolicyDirection): Figures | undefined {
    const slot = this.#slots.find(nameOf(policy, direction));
    if (slot === undefined) return undefined;
    const rate = (figure: number) =>
      Math.round((this.#windows.sum(slot, figure, WINDOW_SECONDS) / WINDOW_SECONDS) * PARTS) / PARTS;
    return {
      accepted: this.#totals[slot * 2] as number,
      refused: this.#totals[slot * 2 + 1] as number,
      acceptedPerSecond: rate(0),
      refusedPerSecond: rate(1),
    };
  }

  #add(slot: number, now: number, span: number): void {
    for (const figure of [0, 1]) {
      this.#totals[slot * 2 + figure] = (this.#totals[slot * 2 + figure] as number) + (this.#growth[figure] as number);
    }
    this.#windows.add(slot, this.#growth, now, span);
  }

  #slotOf(name: string): number | undefined {
    const known = this.#slots.find(name);
    if (known !== undefined) return known;
    if (this.#slots.size >= MOST_ACCOUNTS) return undefined;
    const { slot } = this.#slots.hold(name);
    this.#held.add(slot);
    this.#totals = grown(this.#totals, this.#slots.length * 2);
    this.#totals.fill(0, slot * 2, slot * 2 + 2);
    this.#windows.grow(this.#slots.length);
    this.#windows.clear(slot);
    return slot;
  }
}
