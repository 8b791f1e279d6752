import { silentNodes } from './coverage.ts';
import type { Shown } from './facts.ts';
import { filterToQuery, isFiltering } from './filter.ts';
import { plural, rate, span } from './format.ts';
import { meanOf } from './moment.ts';

/** What stands under an exported picture: the cluster and what is shown of it, the time, and what is left out or unsure. */
export function captionOf(shown: Shown): readonly string[] {
  const { survey, folded, moment, filter, only, heard } = shown;
  const { city, sums } = survey;
  const silent = silentNodes(city);
  const name = [...city.cluster.values()][0]?.name ?? 'unknown cluster';
  const sizes = [plural(city.node.size, 'node'), plural(city.service.size, 'Service'), plural(city.pod.size, 'pod')];
  const atLeast = silent.length > 0 ? 'at least ' : '';
  const query = new URLSearchParams();
  filterToQuery(filter, query);
  const limits = [
    ...(only === undefined ? [] : [`only connections to ${only}`]),
    ...(isFiltering(filter)
      ? [`filter: ${[...query].map(([key, value]) => (value ? `${key} ${value}` : key)).join(', ')}`]
      : []),
    ...(folded
      ? [
          `left out: ${plural(folded.services, 'Service')}, ${plural(folded.pods, 'pod')}, ${rate(folded.traffic.openedPerSecond)} new conn/s`,
        ]
      : []),
    ...(silent.length > 0 ? [`not heard: ${silent.slice(0, 5).join(', ')}${silent.length > 5 ? ', …' : ''}`] : []),
    ...(moment && moment.folded > 0 ? [`${plural(moment.folded, 'small edge')} of then not kept`] : []),
  ];
  return [
    `${name} · ${sizes.join(' · ')} · ${atLeast}${rate(sums.all.openedPerSecond)} new conn/s`,
    moment
      ? `Traffic as it was at ${timeOf(moment.at)}, mean of ${span(meanOf(moment))}; pods, Services and wishes as of ${timeOf(heard)}`
      : `As of ${timeOf(heard)}, rates over 10 s`,
    ...(limits.length > 0 ? [limits.join(' · ')] : []),
  ];
}

/** With its date and zone: a picture travels. */
const timeOf = (at: number): string =>
  new Date(at).toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });
