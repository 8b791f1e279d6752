import { socketText } from './address.ts';
import type { ServiceDoors } from './service.ts';
import type { Endpoint, ParsedSlice } from './slice.ts';

/** One endpoint on one port: somebody who may become a backend. */
export interface Candidate {
  readonly endpoint: Endpoint;
  readonly port: number;
  /** `address:port` */
  readonly socket: string;
}

/**
 * The candidates of one service port: slice ports of the same name and protocol (the number is the slice's: named target
 * ports may differ per slice). One per `address:port`; of two copies (slice migration, reused address) the one that is
 * not terminating stays, because the other is on its way out. Sorted, so that equal input gives equal rules.
 */
export function candidatesOf(doors: ServiceDoors, slices: Iterable<ParsedSlice>): Candidate[] {
  const found: Candidate[] = [];
  for (const slice of slices) {
    if (slice.family !== doors.family) continue;
    for (const { name, protocol, port } of slice.ports) {
      if (name !== doors.portName || protocol !== doors.protocol) continue;
      for (const endpoint of slice.endpoints) {
        found.push({ endpoint, port, socket: socketText(endpoint.address, port) });
      }
    }
  }
  found.sort((a, b) => (a.socket < b.socket ? -1 : a.socket > b.socket ? 1 : 0));
  return withoutCopies(found);
}

function withoutCopies(sorted: readonly Candidate[]): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of sorted) {
    const last = kept.at(-1);
    if (last?.socket !== candidate.socket) kept.push(candidate);
    else if (last.endpoint.terminating && !candidate.endpoint.terminating) kept[kept.length - 1] = candidate;
  }
  return kept;
}

type Filter = (endpoint: Endpoint) => boolean;
type Conditions = Pick<Endpoint, 'ready' | 'serving' | 'terminating'>;

const isReady = (endpoint: Conditions) => endpoint.ready;
const isLeaving = (endpoint: Conditions) => endpoint.serving && endpoint.terminating;
const nobody: Filter = () => false;

/**
 * Who may get new connections by its own condition: the ready ones; if there is none, those that still serve while they
 * terminate (KEP-1669). Serving but neither ready nor terminating never counts.
 */
export function usableOf(candidates: readonly { readonly endpoint: Conditions }[]): (endpoint: Conditions) => boolean {
  return candidates.some(({ endpoint }) => endpoint.ready) ? isReady : isLeaving;
}

/** The node that reads the table. */
export interface NodeIdentity {
  readonly name: string;
  /** Its label `topology.kubernetes.io/zone`. */
  readonly zone?: string;
}

/** Who is on the list of doors with traffic policy Cluster and of those with Local. */
export interface Lists {
  readonly onCluster: Filter;
  readonly onLocal: Filter;
}

/**
 * The two lists of one service port on one node, as kube-proxy makes them; nobody is on a list that no door asks for.
 * Each list falls back to leaving endpoints on its own; hints narrow only the cluster list, and only while it is ready.
 * Without a node the cluster list is everybody usable, whatever the policy.
 * @param weightOf after overrides: a hint that leads to drained backends only is no hint
 */
export function categorize(
  doors: ServiceDoors,
  candidates: readonly Candidate[],
  weightOf: (index: number) => number,
  node: NodeIdentity | undefined,
): Lists {
  const usable = usableOf(candidates);
  if (!node) return { onCluster: usable, onLocal: nobody };
  const outside = doors.nodePort !== undefined || doors.externalIPs.length > 0 || doors.loadBalancerIPs.length > 0;
  const needsCluster = doors.internalTrafficPolicy === 'Cluster' || outside;
  const needsLocal = doors.internalTrafficPolicy === 'Local' || (outside && doors.externalTrafficPolicy === 'Local');
  return {
    onCluster: !needsCluster ? nobody : usable === isReady ? withHints(candidates, weightOf, node) : usable,
    onLocal: needsLocal ? hereOnly(candidates, node) : nobody,
  };
}

function hereOnly(candidates: readonly Candidate[], node: NodeIdentity): Filter {
  const usableHere = usableOf(candidates.filter(({ endpoint }) => endpoint.node === node.name));
  return (endpoint) => endpoint.node === node.name && usableHere(endpoint);
}

/** Node hints, else zone hints, else none: a hint counts only while every ready endpoint has one of its kind. */
function withHints(candidates: readonly Candidate[], weightOf: (index: number) => number, node: NodeIdentity): Filter {
  for (const [kind, name] of [
    ['forNodes', node.name],
    ['forZones', node.zone],
  ] as const) {
    if (!name) continue;
    const isHinted: Filter = (endpoint) => endpoint.ready && endpoint[kind]?.includes(name) === true;
    const everyHasOne = candidates.every(({ endpoint }) => !endpoint.ready || endpoint[kind] !== undefined);
    if (everyHasOne && candidates.some(({ endpoint }, i) => isHinted(endpoint) && weightOf(i) > 0)) return isHinted;
  }
  return isReady;
}
