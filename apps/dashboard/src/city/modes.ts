import type { CityRecord } from '@kubecity/protocol';
import { plural } from './format.ts';

export interface Observing {
  /** `Observing`, or `2 of 5 nodes observe`. */
  readonly words: string;
  /** What that means for who wants to steer. */
  readonly meaning: string;
}

/** Where agents write no rules; undefined when each that is heard steers, or is the Service proxy. */
export function observing(nodes: Iterable<CityRecord<'node'>>): Observing | undefined {
  const agents = [...nodes].filter(({ agent }) => agent.state !== 'absent');
  const observers = agents.filter(({ agent }) => agent.mode === 'observe');
  if (observers.length === 0) return undefined;
  const meaning = 'Drains and weights take effect where agents are in mode steer or replace.';
  if (observers.length === agents.length) {
    return { words: 'Observing', meaning: `No agent writes rules: kube-proxy routes everything. ${meaning}` };
  }
  const names = observers.map(({ name }) => name).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const some = names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
  return {
    words: `${names.length} of ${plural(agents.length, 'node')} observe`,
    meaning: `No rules are written on ${some}. ${meaning}`,
  };
}
