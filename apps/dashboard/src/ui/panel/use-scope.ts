import { useMemo } from 'react';
import type { Edge } from '../../city/edges.ts';
import type { Selection } from '../../city/find.ts';
import { edgesOf, type Scope, scopeOf } from '../../city/scope.ts';
import type { Survey } from '../../city/survey.ts';
import { sumOf, type Traffic } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';

export interface Seen extends Scope {
  readonly survey: Survey;
  readonly edges: readonly Edge[];
  readonly traffic: Traffic;
}

/** What goes through the thing selected, of the whole city whatever the filter: `count` says which way counts. */
export function useScope({ kind, id }: Selection, count: 'into' | 'out' | 'both' = 'into'): Seen {
  const survey = useCity((state) => state.whole);
  return useMemo(() => {
    const scope = scopeOf(survey, { kind, id });
    const edges = count === 'both' ? edgesOf(scope) : scope[count].map(([, edge]) => edge);
    return { ...scope, survey, edges, traffic: sumOf(edges) };
  }, [survey, kind, id, count]);
}
