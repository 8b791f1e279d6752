import type { CityEdgeRow, CityOp, EdgeName } from '@kubecity/protocol';
import { largeCity, type Size } from './large-city.ts';
import type { ToyCity } from './toy-city.ts';

/** The largest city that the map is made for. */
export const TOP: Size = { seed: 4, namespaces: 200, services: 1000, pods: 10_000, nodes: 200, edges: 20_000 };

const KINDS = ['cluster', 'namespace', 'node', 'service', 'backend', 'pod'] as const;

/** A large city as the feed tells it: every edge changes its figures each second. Nothing in it can be steered. */
export function largeToy(size: Size): ToyCity {
  const city = largeCity(size);
  const edges = [...city.edge.values()];
  const refuse = (): never => {
    throw new Error('a large toy city cannot be changed');
  };
  return {
    snapshot: () => [
      ['reset'],
      ...KINDS.flatMap((kind) => [...city[kind]].map(([id, record]) => ['set', kind, id, record] as CityOp)),
      ['sync'],
    ],
    advance: () => [],
    edges: (now) =>
      edges.map((edge, i): [EdgeName, CityEdgeRow] => {
        const { client, service, servicePort, backend, podUid } = edge;
        const swell = 1 + 0.3 * Math.sin(now / 4000 + i);
        const rates = [edge.openedPerSecond, edge.refusedPerSecond].map(
          (value) => Math.round(value * swell * 100) / 100,
        );
        const bytes = [edge.bytesToBackendPerSecond, edge.bytesToClientPerSecond].map((value) =>
          Math.round(value * swell),
        );
        const counts = [edge.moving, 0, 0, edge.waiting, 0, 100, 0, 0];
        return [
          { client, service, servicePort, backend, podUid },
          [0, edge.stale ? 1 : 0, ...counts, ...rates, ...bytes, edge.packetsPerSecond],
        ];
      }),
    drain: refuse,
    undrain: refuse,
    weigh: refuse,
    steer: () => ({ ok: false, code: 'not-found', message: 'The large city is for looking at.' }),
    audit: [],
    addPod: refuse,
    removePod: refuse,
    refuseEvents: refuse,
    silence: refuse,
    tellOfAgent: refuse,
    tryForbidden: refuse,
  };
}
