import type { CityRecord } from '@kubecity/protocol';
import type { City } from './city.ts';

export type CityEvent = CityRecord<'event'> & { readonly id: string };

/** What events are looked for: the uid, where it is known, tells a pod from its predecessor of the same name. */
export interface Subject {
  readonly kind: CityEvent['about']['kind'];
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
}

const keyOf = ({ kind, namespace = '', name }: Subject): string => `${kind}/${namespace}/${name}`;

/**
 * Events about any of these, the latest first.
 * @param until Unix ms: only those that had begun by then
 */
export function eventsAbout(
  { event }: Pick<City, 'event'>,
  subjects: Iterable<Subject>,
  until = Number.POSITIVE_INFINITY,
): readonly CityEvent[] {
  const wanted = new Map([...subjects].map((subject) => [keyOf(subject), subject.uid]));
  const found: CityEvent[] = [];
  for (const [id, record] of event) {
    const key = keyOf(record.about);
    if (!wanted.has(key) || record.firstAt > until) continue;
    const uid = wanted.get(key);
    if (uid !== undefined && record.about.uid !== undefined && uid !== record.about.uid) continue;
    found.push({ ...record, id });
  }
  return found.sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1));
}
