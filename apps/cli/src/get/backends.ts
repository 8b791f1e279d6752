import type { Backend, KubePod, RoutingTable, ServicePort } from '@kubecity/routing';
import { backendId } from '@kubecity/steering';
import { percent, weightText } from '../figures.ts';
import type { View } from '../output.ts';

/** One endpoint of one service port, and what steering makes of it. */
export interface BackendRow {
  readonly id: string;
  readonly namespace: string;
  readonly service: string;
  readonly port: string;
  readonly family: ServicePort['family'];
  readonly pod?: string;
  readonly address: string;
  readonly node?: string;
  readonly zone?: string;
  /** By readiness in the whole cluster. */
  readonly state: 'ready' | 'serving' | 'terminating' | 'notReady';
  readonly weight: number;
  /** 0..1 of the new connections of its service port and family. */
  readonly share: number;
  readonly draining: boolean;
  /** `namespace/name`, or `name` of one of the whole cluster. */
  readonly override?: string;
}

export function backendRows({ servicePorts, outcomes }: RoutingTable): BackendRow[] {
  const names = new Map(
    outcomes.map(({ uid, namespace, name }) => [uid, namespace === '' ? name : `${namespace}/${name}`]),
  );
  return [...servicePorts.values()].flatMap((port) => {
    const total = port.backends.reduce((sum, { usable, weight }) => sum + (usable ? weight : 0), 0);
    return port.backends.map((backend) => ({
      id: backendId(port.key, backend),
      namespace: port.namespace,
      service: port.name,
      port: port.portName === '' ? String(port.port) : port.portName,
      family: port.family,
      pod: backend.podName,
      address: `${backend.address.includes(':') ? `[${backend.address}]` : backend.address}:${backend.port}`,
      node: backend.node,
      zone: backend.zone,
      state: stateOf(backend),
      weight: backend.weight,
      share: backend.usable && total > 0 ? backend.weight / total : 0,
      draining: backend.draining,
      override: backend.overrideUid === undefined ? undefined : names.get(backend.overrideUid),
    }));
  });
}

function stateOf({ ready, serving, terminating }: Backend): BackendRow['state'] {
  if (ready) return 'ready';
  if (terminating) return serving ? 'terminating' : 'notReady';
  return serving ? 'serving' : 'notReady';
}

/** @param names of Services (`cart`) or pods (`cart-1`); empty = all */
export function chosenBackends(
  rows: readonly BackendRow[],
  names: readonly string[],
  pods?: readonly KubePod[],
): BackendRow[] {
  const labelled = pods && new Set(pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  return rows.filter(
    ({ namespace, service, pod }) =>
      (names.length === 0 || names.includes(service) || (pod !== undefined && names.includes(pod))) &&
      (!labelled || labelled.has(`${namespace}/${pod}`)),
  );
}

export const backendView = (none: string): View<BackendRow> => ({
  none,
  name: ({ id }) => `backend/${id}`,
  columns: [
    { head: 'NAMESPACE', cell: ({ namespace }) => namespace },
    { head: 'SERVICE', cell: ({ service }) => service },
    { head: 'PORT', cell: ({ port }) => port },
    { head: 'POD', cell: ({ pod }) => pod },
    { head: 'ADDRESS', cell: ({ address }) => address },
    { head: 'NODE', cell: ({ node }) => node },
    { head: 'ZONE', cell: ({ zone }) => zone, wide: true },
    { head: 'STATE', cell: ({ state, draining }) => (draining ? `${state}, draining` : state) },
    { head: 'WEIGHT', cell: ({ weight }) => weightText(weight), right: true },
    { head: 'SHARE', cell: ({ share }) => percent(share), right: true },
    { head: 'OVERRIDE', cell: ({ override }) => override },
  ],
});
