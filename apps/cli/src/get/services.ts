import { floorOf, type KubeService, type RoutingTable } from '@kubecity/routing';
import type { View } from '../output.ts';

export interface ServiceRow {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly clusterIP?: string;
  /** `http 80/TCP`. */
  readonly ports: readonly string[];
  /** Of the service port and family that has the fewest: those that may take new connections, of those that could. */
  readonly active: number;
  readonly of: number;
  readonly floor: number;
  /** Backends whose weight an override set, over all its ports. */
  readonly held: number;
}

export function serviceRows(services: readonly KubeService[], { servicePorts }: RoutingTable): ServiceRow[] {
  const byService = Map.groupBy(servicePorts.values(), ({ namespace, name }) => `${namespace}/${name}`);
  return services.map(({ metadata: { namespace = '', name }, spec }) => {
    const ports = byService.get(`${namespace}/${name}`) ?? [];
    const [worst] = ports.map(floorOf).sort((a, b) => a.active - a.floor - (b.active - b.floor));
    return {
      namespace,
      name,
      type: spec?.type ?? 'ClusterIP',
      clusterIP: spec?.clusterIP,
      ports: (spec?.ports ?? []).map(
        ({ name, port, protocol = 'TCP' }) => `${name === undefined ? '' : `${name} `}${port}/${protocol}`,
      ),
      active: worst?.active ?? 0,
      of: worst?.of ?? 0,
      floor: worst?.floor ?? 0,
      held: ports.flatMap(({ backends }) => backends).filter(({ overrideUid }) => overrideUid !== undefined).length,
    };
  });
}

export const serviceView = (none: string): View<ServiceRow> => ({
  none,
  name: ({ name }) => `service/${name}`,
  columns: [
    { head: 'NAMESPACE', cell: ({ namespace }) => namespace },
    { head: 'NAME', cell: ({ name }) => name },
    { head: 'TYPE', cell: ({ type }) => type, wide: true },
    { head: 'CLUSTER-IP', cell: ({ clusterIP }) => clusterIP },
    { head: 'PORTS', cell: ({ ports }) => ports.join(', ') },
    { head: 'ACTIVE', cell: ({ active, of }) => `${active} of ${of}`, right: true },
    { head: 'FLOOR', cell: ({ floor }) => floor, right: true },
    { head: 'STEERED', cell: ({ held }) => held, right: true },
  ],
});
