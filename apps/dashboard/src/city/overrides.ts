import type { CityRecord } from '@kubecity/protocol';
import type { Selection } from './find.ts';
import { overridesOf } from './services.ts';
import type { Survey } from './survey.ts';

export type Override = CityRecord<'override'>;

/** Overrides that act on a thing, or wish to, the youngest first. */
export function overridesOn({ city }: Pick<Survey, 'city'>, { kind, id }: Selection): readonly Override[] {
  if (kind === 'service') return overridesOf(city, id);
  const acts = (override: Override): boolean => {
    if (kind === 'namespace')
      return override.namespace === id || override.backends.some((one) => one.startsWith(`${id}/`));
    if (kind === 'backend') return override.backends.includes(id);
    const touches = (backend: string) => city.backend.get(backend)?.[kind === 'pod' ? 'podUid' : 'node'] === id;
    if (kind === 'pod') return override.backends.some(touches);
    return kind === 'node' && (override.nodes.waitingFor.includes(id) || override.backends.some(touches));
  };
  return [...city.override.values()].filter(acts).sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

const FAILED = {
  invalid: 'is not valid and has no effect',
  noService: 'names a Service that is not there',
  noBackends: 'matches no backend',
  overruled: 'is overruled by another override',
  lifted: 'is lifted: a Service would have fewer backends than its floor',
  expired: 'is over: its time has come',
} as const;

/** Why it does not do what it says; undefined when it does. */
export const failureOf = ({ state }: Override): string | undefined => (state === 'applied' ? undefined : FAILED[state]);
