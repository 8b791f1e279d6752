import {
  buildRoutingTable,
  type KubeEndpointSlice,
  type KubePod,
  type KubeRoutingOverride,
  type KubeService,
  type RoutingTable,
} from '@kubecity/routing';
import type { SteerCity } from './plan.ts';
import { membersOf, type PodBehind, reachOf } from './reach.ts';
import { type Sight, sightOf } from './sight.ts';
import { idOf, specOf } from './words.ts';

/** A city that can be walked more than once. */
export interface HeldCity extends SteerCity {
  readonly services: readonly KubeService[];
  readonly endpointSlices: readonly KubeEndpointSlice[];
  readonly overrides: readonly KubeRoutingOverride[];
  readonly pods: readonly KubePod[];
  readonly podBehind: PodBehind;
}

export function held(city: SteerCity): HeldCity {
  const pods = [...city.pods];
  return {
    ...city,
    services: [...city.services],
    endpointSlices: [...city.endpointSlices],
    overrides: [...city.overrides],
    namespaces: [...(city.namespaces ?? [])],
    pods,
    podBehind: podsBehind(pods),
  };
}

/** A pod of the same name may be another one: labels of a successor say nothing about a backend. */
function podsBehind(pods: readonly KubePod[]): PodBehind {
  const byName = new Map(pods.map(({ metadata }) => [idOf({ metadata }), metadata]));
  return (namespace, { podName, podUid }) => {
    const pod = byName.get(`${namespace}/${podName ?? ''}`);
    return pod && (podUid === undefined || pod.uid === podUid) ? { uid: pod.uid, labels: pod.labels } : undefined;
  };
}

/** The part of the city that a request is about, and how it is routed now. */
export interface Ground {
  /** Nothing but the Services concerned and whatever may act on them. */
  readonly city: HeldCity;
  readonly table: RoutingTable;
  readonly sight: Sight;
}

/** @param services `namespace/name` of those concerned */
export function groundOf(city: HeldCity, services: ReadonlySet<string>): Ground {
  const narrowed = narrow(city, services);
  const table = buildRoutingTable(narrowed);
  return { city: narrowed, table, sight: sightOf(narrowed, services, table) };
}

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

function narrow(city: HeldCity, services: ReadonlySet<string>): HeldCity {
  const endpointSlices = city.endpointSlices.filter(({ metadata: { namespace = '', labels } }) =>
    services.has(`${namespace}/${labels?.[SERVICE_NAME_LABEL]}`),
  );
  const podNames = new Set(
    endpointSlices.flatMap(({ metadata: { namespace = '' }, endpoints = [] }) =>
      endpoints.map(({ targetRef }) => `${namespace}/${targetRef?.name}`),
    ),
  );
  const namespaces = new Set([...services].map((service) => service.slice(0, service.indexOf('/'))));
  return {
    ...city,
    endpointSlices,
    services: city.services.filter((service) => services.has(idOf(service))),
    pods: city.pods.filter((pod) => podNames.has(idOf(pod))),
    overrides: city.overrides.filter(({ metadata: { namespace = '' }, spec }) => {
      const service = (spec as { service?: unknown } | undefined)?.service;
      if (service !== undefined) return services.has(`${namespace}/${service}`);
      return namespace === '' || namespaces.has(namespace);
    }),
  };
}

/** The table as it would be with other overrides. */
export function tableWith({ city }: Ground, overrides: readonly KubeRoutingOverride[], now = city.now): RoutingTable {
  return buildRoutingTable({ ...city, overrides, now });
}

/** Every backend that an object names, by its valid spec. */
export function namedBy(object: KubeRoutingOverride, { city, table }: Ground) {
  const spec = specOf(object);
  return spec ? membersOf(reachOf(object, spec), table, city.podBehind) : [];
}
