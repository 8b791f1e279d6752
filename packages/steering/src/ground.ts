import { buildRoutingTable, type KubeRoutingOverride, type RoutingTable } from '@kubecity/routing';
import type { HeldCity } from './held-city.ts';
import type { Sight } from './plan.ts';
import { membersOf, reachOf } from './reach.ts';
import { sightOf } from './sight.ts';
import { idOf, specOf } from './words.ts';

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
