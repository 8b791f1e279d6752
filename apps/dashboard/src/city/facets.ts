import type { City } from './city.ts';
import { FILTER_STATES, type Filter, type FilterState } from './filter.ts';
import { rate } from './format.ts';

/** The lists of a filter, as a person chooses from them. */
export type FacetId = 'namespaces' | 'nodes' | 'zones' | 'services' | 'states' | 'protocols';

export interface Facet {
  readonly id: FacetId;
  /** On the button that opens it. */
  readonly label: string;
  /** Before a value, on its chip. */
  readonly one: string;
}

export const FACETS: readonly Facet[] = [
  { id: 'namespaces', label: 'Namespace', one: 'namespace' },
  { id: 'services', label: 'Service', one: 'Service' },
  { id: 'nodes', label: 'Node', one: 'node' },
  { id: 'zones', label: 'Zone', one: 'zone' },
  { id: 'states', label: 'State', one: 'state' },
  { id: 'protocols', label: 'Protocol', one: 'protocol' },
];

const STATE_WORDS: Readonly<Record<FilterState, string>> = {
  draining: 'draining',
  weighted: 'reweighted',
  unready: 'not ready',
  stale: 'stale',
};

/** How a value of a list is read. */
export const valueWords = (facet: FacetId, value: string): string =>
  facet === 'states' ? (STATE_WORDS[value as FilterState] ?? value) : value;

/** What can be chosen: what the city has, and what is chosen already though the city has it no longer. */
export function valuesOf(city: City, facet: FacetId, filter: Filter): readonly string[] {
  if (facet === 'states') return FILTER_STATES;
  const found = new Set<string>(filter[facet]);
  for (const value of known(city, facet)) if (value !== undefined) found.add(value);
  return [...found].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

function known(city: City, facet: Exclude<FacetId, 'states'>): Iterable<string | undefined> {
  if (facet === 'namespaces') return new Set([...city.namespace.keys(), ...[...city.pod.values()].map(namespaceOf)]);
  if (facet === 'nodes') return city.node.keys();
  if (facet === 'zones') return [...city.node.values()].map(({ zone }) => zone);
  if (facet === 'services') return city.service.keys();
  return [...city.service.values()].flatMap(({ ports }) => ports.map(({ protocol }) => protocol));
}

const namespaceOf = ({ namespace }: { readonly namespace: string }): string => namespace;

/** The filter with one value more, or without it when it was there. */
export function toggled(filter: Filter, facet: FacetId, value: string): Filter {
  const list = filter[facet] as readonly string[];
  return { ...filter, [facet]: list.includes(value) ? list.filter((one) => one !== value) : [...list, value] };
}

/** One condition that is set, in words, and the filter without it. */
export interface Chip {
  readonly id: string;
  readonly words: string;
  readonly without: Filter;
}

export function chipsOf(filter: Filter): readonly Chip[] {
  const chips: Chip[] = FACETS.flatMap(({ id, one }) =>
    filter[id].map((value) => ({
      id: `${id}:${value}`,
      words: `${one} ${valueWords(id, value)}`,
      without: toggled(filter, id, value),
    })),
  );
  if (filter.errors) chips.push({ id: 'errors', words: 'errors only', without: { ...filter, errors: false } });
  if (filter.barred) chips.push({ id: 'barred', words: 'refused by policy', without: { ...filter, barred: false } });
  if (filter.minRate > 0) {
    const words = `≥ ${rate(filter.minRate)} new conn/s an edge`;
    chips.push({ id: 'minRate', words, without: { ...filter, minRate: 0 } });
  }
  return chips;
}
