import { count, rate, size } from '../../city/format.ts';
import type { Survey } from '../../city/survey.ts';
import { bytesPerSecond, NO_TRAFFIC, open, type Traffic } from '../../city/traffic.ts';
import { type Column, figure } from './table.ts';

interface WithTraffic {
  /** Undefined when nobody counts it. */
  readonly traffic: Traffic | undefined;
}

/** What every place has: the figures of the map. */
export function trafficColumns<Row extends WithTraffic>(): readonly Column<Row>[] {
  const of =
    (value: (traffic: Traffic) => number) =>
    ({ traffic }: Row) =>
      traffic && value(traffic);
  return [
    figure<Row>(
      { id: 'opened', header: 'New conn/s', title: 'New connections per second', width: 88 },
      of((traffic) => traffic.openedPerSecond),
      rate,
    ),
    figure<Row>({ id: 'open', header: 'Open', title: 'Open connections', width: 64 }, of(open), count),
    figure<Row>(
      { id: 'bytes', header: 'Bytes/s', title: 'Bytes per second, both ways', width: 80 },
      of(bytesPerSecond),
      size,
    ),
    figure<Row>(
      { id: 'refused', header: 'Refused/s', title: 'Refused connections per second', width: 80 },
      of((traffic) => traffic.refusedPerSecond),
      rate,
      (value) => (value > 0 ? 'drain' : undefined),
    ),
  ];
}

/** Nothing seen is zero where somebody looks, and unknown where nobody does. */
export function trafficAt({ city }: Survey, node: string | undefined, seen: Traffic | undefined): Traffic | undefined {
  if (seen || node === undefined) return seen ?? NO_TRAFFIC;
  return city.node.get(node)?.agent.state === 'absent' ? undefined : NO_TRAFFIC;
}
