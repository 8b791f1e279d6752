import type { Edge } from './edges.ts';
import type { Selection } from './find.ts';
import { lanesOfRoad } from './lanes.ts';
import { type Survey, servicePlace } from './survey.ts';
import { isDirect, nodeOfBackend, nodeOfClient, podOfBackend, podUidOf } from './traffic.ts';

export type NamedEdge = readonly [id: string, edge: Edge];

/** The edges of one thing: what it receives, and what it opens itself. An edge from itself to itself is in both. */
export interface Scope {
  readonly into: readonly NamedEdge[];
  readonly out: readonly NamedEdge[];
}

/** Also of things that the cluster no longer has: their edges still name them. */
export function scopeOf(survey: Survey, selection: Selection): Scope {
  const test = testOf(survey, selection);
  const into: NamedEdge[] = [];
  const out: NamedEdge[] = [];
  for (const named of survey.city.edge) {
    if (test.into(named)) into.push(named);
    if (test.out(named)) out.push(named);
  }
  return { into, out };
}

/** Each edge of the scope once. */
export const edgesOf = ({ into, out }: Scope): readonly Edge[] => [...new Map([...into, ...out]).values()];

interface Test {
  readonly into: (edge: NamedEdge) => boolean;
  readonly out: (edge: NamedEdge) => boolean;
}

const never = () => false;

function testOf({ city, ends }: Survey, { kind, id }: Selection): Test {
  switch (kind) {
    case 'service':
      return {
        into: ([, edge]) => edge.service === id,
        out: ([key]) => ends.get(key)?.origin === servicePlace(id),
      };
    case 'backend':
      return { into: ([, edge]) => edge.backend === id, out: never };
    case 'pod':
      return {
        into: ([, edge]) => podOfBackend(city, edge) === id,
        out: ([, edge]) => edge.client.kind === 'pod' && podUidOf(edge) === id,
      };
    case 'node':
      return {
        into: ([, edge]) => nodeOfBackend(city, edge) === id,
        out: ([, edge]) => nodeOfClient(city, edge) === id,
      };
    case 'namespace':
      return {
        into: ([, edge]) =>
          isDirect(edge)
            ? city.pod.get(podOfBackend(city, edge) ?? '')?.namespace === id
            : edge.service.startsWith(`${id}/`),
        out: ([, edge]) => edge.client.kind === 'pod' && edge.client.label.startsWith(`${id}/`),
      };
    case 'edge':
      return { into: ([key]) => key === id, out: never };
    // what policies refuse makes no edge
    case 'policy':
    case 'barred':
      return { into: never, out: never };
    case 'road': {
      const laneOf = lanesOfRoad(city, id);
      return {
        into: ([key]) => {
          const own = ends.get(key);
          return own !== undefined && laneOf(own) !== undefined;
        },
        out: never,
      };
    }
  }
}
