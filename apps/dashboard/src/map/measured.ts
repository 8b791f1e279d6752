import type { Edge } from '../city/edges.ts';
import { PIECE, type Slices } from '../city/slices.ts';
import type { EdgeEnds, Survey } from '../city/survey.ts';
import { bytesPerSecond, type Traffic } from '../city/traffic.ts';
import { type Measured, type Metric, told } from './scene.ts';

export const measuredOf = (traffic: Traffic): Measured => ({
  rate: traffic.openedPerSecond,
  bytes: bytesPerSecond(traffic),
});

export const busiestOf = (sums: ReadonlyMap<string, Traffic>, metric: Metric): number => {
  let most = 0;
  for (const traffic of sums.values()) most = Math.max(most, told(metric, measuredOf(traffic)));
  return most;
};

/** What comes in at each gate, by gate. */
export function* sumsAtGates(
  survey: Survey,
  gateOf: (ends: EdgeEnds) => string,
): Slices<ReadonlyMap<string, Measured>> {
  const sums = new Map<string, { rate: number; bytes: number }>();
  let looked = 0;
  for (const [id, ends] of survey.ends) {
    looked += 1;
    if (looked % PIECE === 0) yield;
    const gate = gateOf(ends);
    if (!gate.startsWith('gate:')) continue;
    const edge = survey.city.edge.get(id) as Edge;
    const sum = sums.get(gate) ?? { rate: 0, bytes: 0 };
    sums.set(gate, sum);
    sum.rate += edge.openedPerSecond;
    sum.bytes += bytesPerSecond(edge);
  }
  return sums;
}
