import { endpointsOf, sliceProblems, usableOf } from './endpoints.ts';
import type { KubeEndpointSlice, KubeRoutingOverride, KubeService } from './objects.ts';
import { type Override, parseOverride } from './override.ts';
import type { Problem } from './problem.ts';
import { parseService } from './service.ts';
import type { OverrideOutcome, ServicePort } from './table.ts';
import { identity, type PodOf, weigh } from './weights.ts';

/** Everything the API holds about one Service. */
export interface ServiceInput {
  readonly service: KubeService | undefined;
  readonly slices: Iterable<KubeEndpointSlice>;
  readonly overrides: Iterable<KubeRoutingOverride>;
}

export interface ServiceRoutes {
  readonly servicePorts: readonly ServicePort[];
  readonly outcomes: readonly OverrideOutcome[];
  readonly problems: readonly Problem[];
}

/**
 * Routes of one Service, from its objects alone.
 * @param node the reader's node: decides who is usable under `internalTrafficPolicy: Local`; absent = no such reader
 */
export function routeService(input: ServiceInput, podOf: PodOf, node?: string): ServiceRoutes {
  const { overrides, outcomes, problems } = sortOverrides(input.overrides);
  if (!input.service) {
    const missing = overrides.map((override) => ({
      ...identity(override),
      override,
      state: 'noService' as const,
      field: 'spec.service',
      message: `there is no Service ${override.namespace}/${override.spec.service}`,
    }));
    return { servicePorts: [], outcomes: [...outcomes, ...missing], problems };
  }
  const { metadata } = input.service;
  const parsed = parseService(input.service);
  const slices = [...input.slices];
  const doors = parsed.doors.map((door) => {
    const endpoints = endpointsOf(door, slices);
    const mine =
      parsed.localOnly && node !== undefined ? endpoints.filter((endpoint) => endpoint.node === node) : endpoints;
    return { door, endpoints, usable: usableOf(mine) };
  });
  const weighed = weigh(doors, overrides, podOf);
  return {
    servicePorts: doors.map(({ door, endpoints }, i) => ({
      ...door,
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      localOnly: parsed.localOnly,
      hasEndpoints: usableOf(endpoints).size > 0,
      backends: weighed.backends[i] ?? [],
    })),
    outcomes: [...outcomes, ...weighed.outcomes],
    problems: [...parsed.problems, ...slices.flatMap(sliceProblems), ...problems],
  };
}

function sortOverrides(objects: Iterable<KubeRoutingOverride>) {
  const overrides: Override[] = [];
  const outcomes: OverrideOutcome[] = [];
  const problems: Problem[] = [];
  for (const object of objects) {
    const parsed = parseOverride(object);
    if ('override' in parsed) {
      overrides.push(parsed.override);
      continue;
    }
    problems.push(...parsed.problems);
    const first = parsed.problems[0];
    outcomes.push({
      uid: object.metadata.uid ?? `${object.metadata.namespace}/${object.metadata.name}`,
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name,
      generation: object.metadata.generation ?? 1,
      state: 'invalid',
      ...(first && { field: first.field }),
      message: parsed.problems.map(({ field, message }) => `${field}: ${message}`).join('; '),
    });
  }
  return { overrides, outcomes, problems };
}
