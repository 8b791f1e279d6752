import type { CityRecord } from '@kubecity/protocol';
import type { Slices } from '../city/slices.ts';
import { type Survey, servicePlace } from '../city/survey.ts';
import { NO_TRAFFIC } from '../city/traffic.ts';
import { type Fold, foldOf, foldOfHouses } from './fold.ts';
import { busiestOf, measuredOf } from './measured.ts';
import type { ServicesPlan } from './plan-services.ts';
import { activity, type District, ringRadius, told } from './scene.ts';
import { foldOfHamlet } from './scene-hamlets.ts';
import type { Wanted } from './wanted.ts';

interface Sum {
  rate: number;
  bytes: number;
  edges: number;
  staleEdges: number;
  readonly services: [string, CityRecord<'service'>][];
  /** Pods that back no Service. */
  readonly others: Fold[];
}

/** A parcel for every ground of a namespace that has something on it. The first holds what is told of all of it. */
export function* districtsOf(
  survey: Survey,
  plan: ServicesPlan,
  { metric }: Wanted,
  open: ReadonlySet<string>,
): Slices<District[]> {
  yield* survey.sums.sliced('byService');
  const sums = sumsOf(survey);
  const busiest = Math.max(0, ...[...sums.values()].map((sum) => told(metric, sum)));
  const busiestService = busiestOf(survey.sums.byService, metric);
  yield;
  const districts: District[] = [];
  for (const [namespace, sum] of sums) {
    const closed = !open.has(namespace);
    for (const [part, rect] of (plan.cells[namespace] ?? []).entries()) {
      districts.push({
        id: `namespace:${namespace}`,
        label: part === 0 ? namespace : '',
        rect,
        shape: 'parcel',
        closed,
        rate: sum.rate,
        bytes: sum.bytes,
        activity: activity(told(metric, sum), busiest),
        stale: sum.edges > 0 && sum.staleEdges === sum.edges,
        ...(closed && part === 0 ? foldedParts(survey, plan, sum, metric, busiestService) : {}),
      });
    }
    if (districts.length % 16 === 0) yield;
  }
  return districts;
}

function sumsOf(survey: Survey): ReadonlyMap<string, Sum> {
  const sums = new Map<string, Sum>();
  const sumFor = (namespace: string) => {
    const known = sums.get(namespace);
    if (known) return known;
    const sum: Sum = { rate: 0, bytes: 0, edges: 0, staleEdges: 0, services: [], others: [] };
    sums.set(namespace, sum);
    return sum;
  };
  for (const [id, service] of survey.city.service) {
    const sum = sumFor(service.namespace);
    const traffic = survey.sums.byService.get(id) ?? NO_TRAFFIC;
    const { rate, bytes } = measuredOf(traffic);
    sum.rate += rate;
    sum.bytes += bytes;
    sum.edges += traffic.edges;
    sum.staleEdges += traffic.staleEdges;
    sum.services.push([id, service]);
  }
  for (const hamlet of survey.hamlets.values()) sumFor(hamlet.namespace).others.push(foldOfHamlet(hamlet));
  return sums;
}

/** What is folded into a closed district, and where it would stand. */
function foldedParts(
  survey: Survey,
  plan: ServicesPlan,
  { services, others }: Sum,
  metric: Wanted['metric'],
  busiest: number,
): { readonly folded: Fold; readonly specks: Float32Array } {
  const parts: Partial<Fold>[] = [...others];
  const specks: number[] = [];
  for (const [id, service] of services) {
    parts.push(foldOfHouses(survey, id), { services: 1, problems: service.problems.length > 0 ? 1 : 0 });
    const spot = plan.spots[servicePlace(id)];
    const telling = told(metric, measuredOf(survey.sums.byService.get(id) ?? NO_TRAFFIC));
    if (spot) specks.push(spot.x, spot.y, ringRadius(telling, busiest), activity(telling, busiest));
  }
  return { folded: foldOf(parts), specks: Float32Array.from(specks) };
}
