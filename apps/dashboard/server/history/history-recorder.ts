import type { EdgeName } from '@kubecity/protocol';
import { FIGURE, RATE } from '../traffic/figures.ts';
import { grown } from '../traffic/named-slots.ts';
import { FIRST_RATE, SHOWN, type ShownEdges } from '../traffic/shown-edges.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { type HistoryStep, MOST_EDGES_OF_STEP, MOST_PORTS_OF_STEP, OPEN, POINT } from './step.ts';

/** `POINT` without `open`, as the windows name them. */
const SUMMED = [RATE.opened, RATE.refused, RATE.unanswered, RATE.bytesToBackend, RATE.bytesToClient, RATE.packets];
const OPEN_CLASSES = [FIGURE.moving, FIGURE.idle, FIGURE.closing, FIGURE.waiting];
/** Seconds that the windows of service ports still know one by one. */
const MOST_SECONDS = 10;
/** Rates in a shown row. */
const [OPENED, REFUSED, PACKETS] = [FIRST_RATE, FIRST_RATE + 1, FIRST_RATE + 4];
/** Activity where there is no edge. */
const NO_EDGE = -1;

/** Makes the steps of the history from the moments that are shown: one for each second in which agents had news. */
export class HistoryRecorder {
  readonly #traffic: Traffic;
  /** The second up to which steps were made. */
  #second: number | undefined;
  /** Slot → the serial that the history has a name for. */
  #told = new Map<number, number>();
  /** By slot; and those of edges in order. */
  #activity = new Float64Array(0);
  #sorted = new Float64Array(0);

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
  }

  /** The history lost its names. */
  tellAll(): void {
    this.#told.clear();
  }

  /** The step of the moment that is shown now; undefined while its second is not over, or nobody had news. */
  take(): HistoryStep | undefined {
    const { second } = this.#traffic.edges.accounts.windows;
    const before = this.#second;
    // a clock that was set back begins anew
    if (before !== undefined && second === before) return undefined;
    this.#second = second;
    if (!this.#traffic.takeNews() || before === undefined) return undefined;
    return this.#step(Math.min(MOST_SECONDS, Math.max(1, second - before)));
  }

  #step(seconds: number): HistoryStep {
    const { shown } = this.#traffic;
    const { kept, folded } = this.#busiest();
    const { ports, portSums } = this.#portSums(seconds);
    const rows = new Float64Array(kept.length * SHOWN);
    for (const [i, slot] of kept.entries()) rows.set(shown.rowOf(slot), i * SHOWN);
    const serials = Uint32Array.from(kept, (slot) => this.#traffic.edges.serialOf(slot));
    const forget = this.#gone();
    return {
      at: shown.moment,
      city: this.#citySums(seconds),
      ports,
      portSums,
      serials,
      rows,
      folded,
      define: this.#define(kept),
      forget,
    };
  }

  /** Slots of the busiest edges by packets, each connection opened or refused worth ten of them; and how many others. */
  #busiest(): { readonly kept: number[]; readonly folded: number } {
    const { shown, edges } = this.#traffic;
    let shownEdges = 0;
    // columns that are used again: tens of thousands of edges a second would be a lot of garbage
    this.#activity = grown(this.#activity, edges.length);
    this.#sorted = grown(this.#sorted, edges.length);
    for (let slot = 0; slot < edges.length; slot++) {
      const activity = shown.has(slot) ? activityOf(shown, slot) : NO_EDGE;
      this.#activity[slot] = activity;
      if (activity !== NO_EDGE) this.#sorted[shownEdges++] = activity;
    }
    // undefined when all fit
    const least = this.#sorted.subarray(0, shownEdges).sort().at(-MOST_EDGES_OF_STEP) ?? NO_EDGE;
    const kept: number[] = [];
    this.#keep(kept, (activity) => activity > least);
    if (least !== NO_EDGE) this.#keep(kept, (activity) => activity === least);
    return { kept, folded: shownEdges - kept.length };
  }

  #keep(kept: number[], which: (activity: number) => boolean): void {
    for (let slot = 0; slot < this.#traffic.edges.length && kept.length < MOST_EDGES_OF_STEP; slot++) {
      if (which(this.#activity[slot] as number)) kept.push(slot);
    }
  }

  #citySums(seconds: number): Float64Array {
    const { city } = this.#traffic;
    return pointOf(
      (rate) => city.windows.sum(0, rate, seconds),
      (figure) => city.figure(0, figure),
    );
  }

  #portSums(seconds: number): { readonly ports: string[]; readonly portSums: Float64Array } {
    const { slots, windows } = this.#traffic.ports.accounts;
    const points: { readonly port: string; readonly point: Float64Array }[] = [];
    for (const [port, slot] of slots.entries()) {
      const point = pointOf(
        (rate) => windows.sum(slot, rate, seconds),
        (figure) => this.#traffic.ports.accounts.figure(slot, figure),
      );
      if (point.some((figure) => figure !== 0)) points.push({ port, point });
    }
    if (points.length > MOST_PORTS_OF_STEP) {
      const packets = POINT.indexOf('packets');
      points.sort((a, b) => (b.point[packets] as number) - (a.point[packets] as number)).splice(MOST_PORTS_OF_STEP);
    }
    const portSums = new Float64Array(points.length * POINT.length);
    for (const [i, { point }] of points.entries()) portSums.set(point, i * POINT.length);
    return { ports: points.map(({ port }) => port), portSums };
  }

  #define(kept: readonly number[]): [number, EdgeName][] {
    const { edges } = this.#traffic;
    const names: [number, EdgeName][] = [];
    for (const slot of kept) {
      const serial = edges.serialOf(slot);
      if (this.#told.get(slot) === serial) continue;
      this.#told.set(slot, serial);
      names.push([serial, edges.nameOf(slot)]);
    }
    return names;
  }

  #gone(): number[] {
    const gone: number[] = [];
    for (const [slot, serial] of this.#told) {
      if (this.#traffic.edges.serialOf(slot) === serial) continue;
      this.#told.delete(slot);
      gone.push(serial);
    }
    return gone;
  }
}

function activityOf(shown: ShownEdges, slot: number): number {
  return shown.at(slot, PACKETS) + 10 * (shown.at(slot, OPENED) + shown.at(slot, REFUSED));
}

function pointOf(sum: (rate: number) => number, figure: (figure: number) => number): Float64Array {
  const point = Float64Array.from(SUMMED, sum);
  const sums = new Float64Array(POINT.length);
  sums.set(point);
  sums[OPEN] = OPEN_CLASSES.reduce((open, each) => open + figure(each), 0);
  return sums;
}
