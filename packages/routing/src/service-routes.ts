import { type Candidate, candidatesOf, categorize, type NodeIdentity, usableOf } from './endpoints.ts';
import type { KubeRoutingOverride } from './objects.ts';
import { type Override, parseOverride } from './override.ts';
import type { Problem } from './problem.ts';
import type { ParsedService } from './service.ts';
import type { ParsedSlice } from './slice.ts';
import type { Backend, OverrideOutcome, ServicePort } from './table.ts';
import { identity, type PodOf, type PortCandidates, type Share, weigh } from './weights.ts';

/** Everything the API holds about one Service. */
export interface ServiceInput {
  readonly service: ParsedService | undefined;
  /** In an order that does not depend on the order of arrival. */
  readonly slices: readonly ParsedSlice[];
  readonly overrides: readonly KubeRoutingOverride[];
}

export interface ServiceRoutes {
  readonly servicePorts: readonly ServicePort[];
  readonly outcomes: readonly OverrideOutcome[];
  readonly problems: readonly Problem[];
}

/** Routes of one Service in both families, from its objects alone, as the reader's node sees them. */
export function routeService(input: ServiceInput, podOf: PodOf, node: NodeIdentity | undefined): ServiceRoutes {
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
  const ports = input.service.ports.map((doors) => {
    const candidates = candidatesOf(doors, input.slices);
    return { doors, candidates, usable: usableOf(candidates) };
  });
  const weighed = weigh(ports, overrides, podOf);
  return {
    servicePorts: ports.map((port, i) => toServicePort(port, weighed.shares[i] ?? [], node)),
    outcomes: [...outcomes, ...weighed.outcomes],
    problems: [...input.service.problems, ...input.slices.flatMap((slice) => slice.problems), ...problems],
  };
}

function toServicePort(
  { doors, candidates, usable }: PortCandidates,
  shares: readonly Share[],
  node: NodeIdentity | undefined,
): ServicePort {
  const weightOf = (index: number) => shares[index]?.weight ?? 0;
  const lists = categorize(doors, candidates, weightOf, node);
  return {
    ...doors,
    hasEndpoints: candidates.some(({ endpoint }, i) => usable(endpoint) && weightOf(i) > 0),
    backends: candidates.map((candidate, i) => toBackend(candidate, shares[i] as Share, lists)),
  };
}

/** All fields in one order, absent ones as undefined: a hundred thousand objects of one shape. */
function toBackend({ endpoint, port }: Candidate, share: Share, lists: ReturnType<typeof categorize>): Backend {
  const onCluster = lists.onCluster(endpoint);
  const onLocal = lists.onLocal(endpoint);
  return {
    address: endpoint.address,
    port,
    node: endpoint.node,
    zone: endpoint.zone,
    podName: endpoint.podName,
    podUid: endpoint.podUid,
    ready: endpoint.ready,
    serving: endpoint.serving,
    terminating: endpoint.terminating,
    usable: onCluster || onLocal,
    onCluster,
    onLocal,
    weight: share.weight,
    overrideUid: share.overrideUid,
    draining: share.draining,
    keepsSticky: share.keepsSticky,
  };
}

function sortOverrides(objects: readonly KubeRoutingOverride[]) {
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
      cluster: object.metadata.namespace === undefined,
      state: 'invalid',
      ...(first && { field: first.field }),
      message: parsed.problems.map(({ field, message }) => `${field}: ${message}`).join('; '),
    });
  }
  return { overrides, outcomes, problems };
}
