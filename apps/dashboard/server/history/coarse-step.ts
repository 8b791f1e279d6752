import { FIRST_RATE, SHOWN } from '../traffic/shown-edges.ts';
import { type HistoryStep, OPEN, POINT } from './step.ts';

const RATES = SHOWN - FIRST_RATE;
/** Shown rates are means over so long: looked at that often, they cover all time once. */
const RATE_MILLISECONDS = 10_000;

/** Makes one coarse step of many fine ones: sums of what happened, the last moment's edges with the means of their rates. */
export class CoarseStep {
  readonly #milliseconds: number;
  #city = new Float64Array(POINT.length);
  readonly #ports = new Map<string, Float64Array>();
  /** Edge number → sums of the rates that were looked at. */
  readonly #rates = new Map<number, Float64Array>();
  #looks = 0;
  #steps = 0;
  #last: HistoryStep | undefined;
  /** Time of the fine step before, unless there was a gap. */
  #lastAt: number | undefined;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Returns the coarse steps that end with this fine one: none, one, or, after a gap, the one before the gap too. */
  add(step: HistoryStep): HistoryStep[] {
    const ended: HistoryStep[] = [];
    if (this.#lastAt !== undefined && step.at - this.#lastAt > this.#milliseconds) {
      ended.push(...this.end());
      this.#lastAt = undefined;
    }
    const closes = this.#lastAt !== undefined && isNext(step.at, this.#lastAt, this.#milliseconds);
    this.#include(step);
    return closes ? [...ended, ...this.end()] : ended;
  }

  /** What was gathered, also if it is not a whole step yet. */
  end(): HistoryStep[] {
    if (!this.#last) return [];
    const { at, serials, rows, folded } = this.#last;
    const portSums = new Float64Array(this.#ports.size * POINT.length);
    let place = 0;
    for (const sums of this.#ports.values()) {
      sums[OPEN] = (sums[OPEN] as number) / this.#steps;
      portSums.set(sums, place);
      place += POINT.length;
    }
    this.#city[OPEN] = (this.#city[OPEN] as number) / this.#steps;
    const step: HistoryStep = {
      at,
      city: this.#city,
      ports: [...this.#ports.keys()],
      portSums,
      serials,
      rows: this.#withMeans(serials, rows),
      folded,
      define: [],
      forget: [],
    };
    this.#beginAnew();
    return [step];
  }

  #include(step: HistoryStep): void {
    const before = this.#lastAt;
    this.#last = step;
    this.#lastAt = step.at;
    this.#steps += 1;
    addTo(this.#city, step.city, 0);
    for (const [i, port] of step.ports.entries()) {
      const sums = this.#ports.get(port) ?? new Float64Array(POINT.length);
      this.#ports.set(port, sums);
      addTo(sums, step.portSums, i * POINT.length);
    }
    if (before === undefined || !isNext(step.at, before, RATE_MILLISECONDS)) return;
    this.#looks += 1;
    for (const [i, serial] of step.serials.entries()) {
      const sums = this.#rates.get(serial) ?? new Float64Array(RATES);
      this.#rates.set(serial, sums);
      addTo(sums, step.rows, i * SHOWN + FIRST_RATE);
    }
  }

  #withMeans(serials: Uint32Array, rows: Float64Array): Float64Array {
    if (this.#looks === 0) return rows;
    const means = rows.slice();
    for (const [i, serial] of serials.entries()) {
      const sums = this.#rates.get(serial);
      for (let rate = 0; rate < RATES; rate++) {
        means[i * SHOWN + FIRST_RATE + rate] = (sums?.[rate] ?? 0) / this.#looks;
      }
    }
    return means;
  }

  #beginAnew(): void {
    this.#city = new Float64Array(POINT.length);
    this.#ports.clear();
    this.#rates.clear();
    this.#looks = this.#steps = 0;
    this.#last = undefined;
  }
}

/** Whether a later period of that length began between the two times. */
const isNext = (at: number, before: number, milliseconds: number) =>
  Math.floor(at / milliseconds) > Math.floor(before / milliseconds);

function addTo(sums: Float64Array, more: Float64Array, from: number): void {
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (more[from + i] as number);
}
