import { grown } from './named-slots.ts';

/** A clock that is put right by less is waited for. */
const BACKWARDS_SECONDS = 2;

/**
 * Sums over the last whole seconds, for many slots in columns. What is told of the past `span` flows into the seconds that
 * follow, evenly over as long a time as it took to come: the sums lag by that span, but a figure that is told every ten
 * seconds makes a steady rate, not one peak in ten. Nothing is lost on the way, and nothing is counted twice.
 *
 * Times are Unix milliseconds of one clock; should it be set back, the windows begin anew.
 */
export class RateWindows {
  readonly #figures: number;
  /** One column for each second of the longest window, and one for the second that runs. */
  readonly #buckets: Float64Array[];
  #pending = new Float64Array(0);
  /** Seconds (with fractions): until when what is pending has flowed, and when it all has. */
  #settled = new Float64Array(0);
  #until = new Float64Array(0);
  #sums = new Float64Array(0);
  #second = 0;
  #slots = 0;

  /** @param seconds the longest window that is asked for */
  constructor(figures: number, seconds: number) {
    this.#figures = figures;
    this.#buckets = Array.from({ length: seconds + 1 }, () => new Float64Array(0));
  }

  /** The second (Unix) that runs; windows end where it begins. */
  get second(): number {
    return this.#second;
  }

  grow(slots: number): void {
    if (slots <= this.#slots) return;
    this.#slots = slots;
    const cells = slots * this.#figures;
    for (const [i, bucket] of this.#buckets.entries()) this.#buckets[i] = grown(bucket, cells);
    this.#pending = grown(this.#pending, cells);
    this.#settled = grown(this.#settled, slots);
    this.#until = grown(this.#until, slots);
  }

  clear(slot: number): void {
    const [from, to] = [slot * this.#figures, (slot + 1) * this.#figures];
    for (const bucket of this.#buckets) bucket.fill(0, from, to);
    this.#pending.fill(0, from, to);
    this.#settled[slot] = this.#until[slot] = 0;
  }

  /** Lets all that is pending flow to `now`. To be called before `add` and `sum` whenever time went on. */
  advance(now: number): void {
    const time = now / 1000;
    const second = Math.floor(time);
    if (second < this.#second - BACKWARDS_SECONDS) this.#beginAnew(second);
    while (this.#second < second) {
      this.#settleAll(this.#second + 1);
      // after a pause longer than the windows only the last seconds of it matter, and they were empty
      this.#second = this.#idleUntil(second) ?? this.#second + 1;
      this.#bucketOf(this.#second).fill(0);
    }
  }

  /** Adds figures told at `now` (the time of the last `advance`, or later within its second) of the `span` before. */
  add(slot: number, amounts: Float64Array, now: number, span: number): void {
    const time = Math.max(now / 1000, this.#second);
    this.#settle(slot, time);
    const base = slot * this.#figures;
    for (let i = 0; i < this.#figures; i++) {
      this.#pending[base + i] = (this.#pending[base + i] as number) + (amounts[i] as number);
    }
    this.#settled[slot] = time;
    this.#until[slot] = Math.max(this.#until[slot] as number, time + Math.max(span, 1) / 1000);
  }

  /** Sum of one figure over the last `seconds` whole seconds. */
  sum(slot: number, figure: number, seconds: number): number {
    const cell = slot * this.#figures + figure;
    let sum = 0;
    for (let back = 1; back <= seconds; back++) sum += this.#bucketOf(this.#second - back)[cell] as number;
    return sum;
  }

  /** The same of all slots at once, `figures` numbers for each: good until the next call. */
  sums(seconds: number): Float64Array {
    this.#sums = grown(this.#sums, this.#pending.length);
    this.#sums.fill(0);
    for (let back = 1; back <= seconds; back++) {
      const bucket = this.#bucketOf(this.#second - back);
      for (let cell = 0; cell < bucket.length; cell++)
        this.#sums[cell] = (this.#sums[cell] as number) + (bucket[cell] as number);
    }
    return this.#sums;
  }

  /** The last second (Unix) in which something of this slot flows. */
  flowsUntil(slot: number): number {
    return Math.ceil(this.#until[slot] as number);
  }

  #bucketOf(second: number): Float64Array {
    const { length } = this.#buckets;
    return this.#buckets[((second % length) + length) % length] as Float64Array;
  }

  /** The second to leap to when nothing flows any more and every bucket is cleared on the way; else undefined. */
  #idleUntil(second: number): number | undefined {
    if (second - this.#second <= this.#buckets.length) return undefined;
    for (let slot = 0; slot < this.#slots; slot++) {
      if ((this.#until[slot] as number) > this.#second + 1) return undefined;
    }
    return second - this.#buckets.length;
  }

  #settleAll(time: number): void {
    for (let slot = 0; slot < this.#slots; slot++) {
      if ((this.#until[slot] as number) > (this.#settled[slot] as number)) this.#settle(slot, time);
    }
  }

  /** Moves what flows up to `time`, which lies in the running second or at its end. */
  #settle(slot: number, time: number): void {
    const settled = this.#settled[slot] as number;
    const until = this.#until[slot] as number;
    const end = Math.min(time, until);
    if (end <= settled) return;
    const bucket = this.#bucketOf(this.#second);
    const base = slot * this.#figures;
    const share = end === until ? 1 : (end - settled) / (until - settled);
    for (let cell = base; cell < base + this.#figures; cell++) {
      const flows = (this.#pending[cell] as number) * share;
      bucket[cell] = (bucket[cell] as number) + flows;
      this.#pending[cell] = share === 1 ? 0 : (this.#pending[cell] as number) - flows;
    }
    this.#settled[slot] = end;
  }

  #beginAnew(second: number): void {
    for (const bucket of this.#buckets) bucket.fill(0);
    this.#pending.fill(0);
    this.#settled.fill(0);
    this.#until.fill(0);
    this.#second = second;
  }
}
