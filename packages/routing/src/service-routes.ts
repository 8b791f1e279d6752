import { type Candidate, candidatesOf, categorize, type NodeIdentity, usableOf } from './endpoints.ts';
import type { Finding } from './findings.ts';
import { type Floor, leastOf } from './floor.ts';
import type { Wish } from './precedence.ts';
import type { Problem } from './problem.ts';
import type { PodOf } from './selection.ts';
import type { ParsedService } from './service.ts';
import type { ParsedSlice } from './slice.ts';
import type { Backend, ServicePort } from './table.ts';
import { type Decision, type PortCandidates, weigh } from './weights.ts';

/** Everything the API holds about one Service. */
export interface ServiceInput {
  readonly service: ParsedService;
  /** In an order that does not depend on the order of arrival. */
  readonly slices: readonly ParsedSlice[];
  /** Those that may name a backend of it, in any order. */
  readonly wishes: readonly Wish[];
  /** Of its namespace; its own goes before. */
  readonly floor: Floor;
}

export interface ServiceRoutes {
  readonly servicePorts: readonly ServicePort[];
  readonly findings: readonly Finding[];
  readonly problems: readonly Problem[];
}

/** Routes of one Service in both families, from its objects alone, as the reader's node sees them. */
export function routeService(
  { service, slices, wishes, ...input }: ServiceInput,
  podOf: PodOf,
  node: NodeIdentity | undefined,
): ServiceRoutes {
  const floor = service.floor ?? input.floor;
  const ports = service.ports.map((doors) => {
    const candidates = candidatesOf(doors, slices);
    return { doors, candidates, usable: usableOf(candidates) };
  });
  const { decisions, findings } = weigh(ports, wishes, floor, podOf);
  return {
    servicePorts: ports.map((port, i) => toServicePort(port, decisions[i] ?? [], floor, node)),
    findings,
    problems: [...service.problems, ...slices.flatMap((slice) => slice.problems)],
  };
}

function toServicePort(
  { doors, candidates, usable }: PortCandidates,
  decisions: readonly Decision[],
  floor: Floor,
  node: NodeIdentity | undefined,
): ServicePort {
  const weightOf = (index: number) => decisions[index]?.weight ?? 0;
  const lists = categorize(doors, candidates, weightOf, node);
  const of = candidates.reduce((count, { endpoint }) => count + Number(usable(endpoint)), 0);
  return {
    ...doors,
    hasEndpoints: candidates.some(({ endpoint }, i) => usable(endpoint) && weightOf(i) > 0),
    floor: leastOf(floor, of),
    backends: candidates.map((candidate, i) => toBackend(candidate, decisions[i] as Decision, lists)),
  };
}

/** All fields in one order, absent ones as undefined: a hundred thousand objects of one shape. */
function toBackend({ endpoint, port }: Candidate, decision: Decision, lists: ReturnType<typeof categorize>): Backend {
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
    weight: decision.weight,
    overrideUid: decision.overrideUid,
    draining: decision.draining,
    keepsSticky: decision.keepsSticky,
  };
}
