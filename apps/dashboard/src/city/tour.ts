import type { Selection } from './find.ts';
import type { Survey } from './survey.ts';

/** Stops of one round: more would take so long that nobody sees the whole. */
const MOST = 12;

/** Where the wall looks, one after the other: the busiest districts, or buildings. Nothing where the whole says it all. */
export function tourOf({ city, sums }: Survey, lens: 'services' | 'nodes'): readonly Selection[] {
  const rates = new Map<string, number>();
  if (lens === 'nodes')
    for (const name of city.node.keys()) rates.set(name, sums.byNode.get(name)?.openedPerSecond ?? 0);
  else {
    for (const [id, { namespace }] of city.service) {
      rates.set(namespace, (rates.get(namespace) ?? 0) + (sums.byService.get(id)?.openedPerSecond ?? 0));
    }
  }
  const kind = lens === 'nodes' ? 'node' : 'namespace';
  const busiest = [...rates].sort(([a, p], [b, q]) => q - p || (a < b ? -1 : 1)).slice(0, MOST);
  return busiest.length < 2 ? [] : busiest.map(([id]) => ({ kind, id }));
}
