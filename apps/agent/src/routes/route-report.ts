import type { PeerRoute, RoutesMode, RoutesReport } from '@kubecity/protocol';
import { type KernelState, type OwnNode, type Step, stepText } from '@kubecity/routes';
import type { Turn } from './turn.ts';

const LONGEST = 1024;
const MOST_PEERS = 2_000;
/** Steps that are told one by one. */
const TOLD = 5;

/** Before the first compare, and when there is none to come. */
export function restingReport(mode: RoutesMode, state: 'off' | 'held', message?: string): RoutesReport {
  const counts = { direct: 0, vxlan: 0, none: 0, peers: [] };
  return { at: 0, mode, state, ...counts, ...(message !== undefined && { message: cut(message) }) };
}

/** @param faults what is amiss besides, in words */
export function turnReport(
  mode: RoutesMode,
  { plan, refusals }: Pick<Turn, 'plan' | 'refusals'>,
  { at, faults, repaired }: { at: number; faults: readonly string[]; repaired: RoutesReport['repaired'] },
): RoutesReport {
  const counts = countPeers(plan.peers);
  const problems = [...refusals, ...faults];
  const isSound = problems.length === 0 && counts.none === 0;
  return {
    ...{ at, mode, state: isSound ? 'sound' : 'failing' },
    ...(problems.length > 0 && { message: cut(problems.join('; ')) }),
    ...counts,
    peers: plan.peers.slice(0, MOST_PEERS).map((peer) => ({ ...peer, why: peer.why.slice(0, 512) })),
    ...(repaired && { repaired }),
  };
}

/**
 * After a compare that came to nothing, or left something undone: then its own report has said so already.
 * @param faults as the last look at the kernel found them
 */
export function failedReport(before: RoutesReport, { message }: Error, faults: readonly string[]): RoutesReport {
  return { ...before, state: 'failing', message: cut([message, ...faults].join('; ')) };
}

/** Why other nodes may not reach the pods of this one, in words: they send to its InternalIP. */
export function addressFaults(own: OwnNode | undefined, kernel: Pick<KernelState, 'holderOf'>): string[] {
  const families = new Set(own?.ranges.map(({ family }) => family));
  return [...families].flatMap((family) => {
    const address = own?.addresses.get(family);
    if (address === undefined)
      return [`node ${own?.node} has no InternalIP of ${family}: no node has a route to its pods`];
    if (kernel.holderOf(address)) return [];
    return [
      `no link of this node has its InternalIP ${address}: if it is rewritten on the way here, what is for its pods does not arrive; give the kubelet the address of a link (--node-ip)`,
    ];
  });
}

/** By way, as reports and metrics count them. */
export function countPeers(peers: readonly PeerRoute[]): Record<PeerRoute['via'], number> {
  const counts = { direct: 0, vxlan: 0, none: 0 };
  for (const { via } of peers) counts[via] += 1;
  return counts;
}

/** `route 10.1.2.0/24 via 192.168.1.2 added, … and 7 more` */
export function stepsText(steps: readonly Step[]): string {
  const more = steps.length > TOLD ? ` and ${steps.length - TOLD} more` : '';
  return cut(`${steps.slice(0, TOLD).map(stepText).join(', ')}${more}`);
}

/** Whether there is something to tell: the time of a compare that found nothing new is none. */
export function saysTheSame(a: RoutesReport, b: RoutesReport): boolean {
  return JSON.stringify({ ...a, at: 0 }) === JSON.stringify({ ...b, at: 0 });
}

const cut = (text: string): string => text.slice(0, LONGEST);
