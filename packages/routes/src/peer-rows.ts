import type { PeerRoute } from '@kubecity/protocol';
import type { Route } from './kernel-rows.ts';
import type { KernelState } from './kernel-state.ts';
import { isOwnRoute, METRIC } from './ownership.ts';
import type { Peer } from './peers.ts';
import type { RoutePlanInput } from './plan-input.ts';
import type { TunnelPlans } from './tunnel-plan.ts';
import type { Way } from './way.ts';
import type { WishedForwarding, WishedNeighbour, WishedRoute } from './wished.ts';

/** What one peer needs, and how it is reached by it. */
export interface PeerRows {
  readonly told: PeerRoute;
  readonly route?: WishedRoute;
  readonly neighbour?: WishedNeighbour;
  readonly forwarding?: WishedForwarding;
}

/** A plan is made at every change of one node, and most peers stay as they are: so do the very objects of their rows. */
const known = new WeakMap<Peer, { readonly grounds: Grounds; readonly way: Way; readonly rows: PeerRows }>();

/** Stands for all that the rows of every peer depend on, beside the peer and the way to it. */
type Grounds = { readonly text: string };
const latest = new WeakMap<KernelState, Grounds>();

const NOT_ASKED: Way = { kind: 'none', why: 'the kernel was not asked for the way yet' };

/** @returns of each peer its rows */
export function rowsOfPeers(input: RoutePlanInput, tunnels: TunnelPlans): (peer: Peer) => PeerRows {
  const { kernel, ways } = input;
  const text = JSON.stringify([kernel.foundation, tunnels.facts()]);
  const before = latest.get(kernel);
  const grounds = before?.text === text ? before : { text };
  latest.set(kernel, grounds);
  return (peer) => {
    const way = ways.get(peer.address) ?? NOT_ASKED;
    const found = known.get(peer);
    if (found && found.grounds === grounds && found.way === way) return found.rows;
    const rows = rowsOf(peer, way, input, tunnels);
    known.set(peer, { grounds, way, rows });
    return rows;
  };
}

function rowsOf(peer: Peer, way: Way, input: RoutePlanInput, tunnels: TunnelPlans): PeerRows {
  const { family, text: range, address: end } = peer.range;
  const { via, why, device } = hopTo(peer, way, input, tunnels);
  const told: PeerRoute = { node: peer.node, range, via, why };
  const metric = METRIC[family];
  if (via === 'none') return { told };
  if (device !== undefined) {
    return { told, route: { family, range, metric, hop: { gateway: peer.address, device } } };
  }
  const mac = tunnels.macOf(peer);
  return {
    told,
    route: { family, range, metric, hop: { gateway: end, device: 'tunnel' } },
    neighbour: { family, address: end, mac },
    forwarding: { family, mac, remote: peer.address },
  };
}

/** The device of a direct one. */
type Hop = Pick<PeerRoute, 'via' | 'why'> & { readonly device?: number };

function hopTo({ address, range, prefix, node }: Peer, way: Way, input: RoutePlanInput, tunnels: TunnelPlans): Hop {
  const { kernel, settings } = input;
  const none = (why: string): Hop => ({ via: 'none', why });
  const uplink = tunnels.uplinkOverlap(range.family, prefix);
  if (uplink) return none(`the range ${range.text} of node ${node} overlaps ${uplink}`);
  const other = foreignRoute(kernel, range.text, METRIC[range.family]);
  if (other !== undefined) {
    return none(
      `a route to ${range.text} by another hand is there already (protocol ${other}): is a CNI keeping routes?`,
    );
  }
  if (way.kind === 'none') return none(`${address}: ${way.why}`);
  if (way.kind === 'local') return none(`${address} is an address of this node itself`);
  const device = kernel.link(way.device)?.name ?? `link ${way.device}`;
  if (way.kind === 'link') {
    return { via: 'direct', device: way.device, why: `${address} is on the link of ${device}, no gateway between` };
  }
  const behind = `${address} is behind the gateway ${way.gateway} of ${device}`;
  if (settings.mode === 'direct') return none(`${behind}; mode auto would reach it through VXLAN`);
  const refusal = tunnels.refusal(range.family);
  return refusal === undefined ? { via: 'vxlan', why: behind } : none(`${behind}, and there is no tunnel: ${refusal}`);
}

/** The protocol number of a route for all packets that is not ours and is as good as ours would be, or better. */
function foreignRoute(kernel: KernelState, range: string, metric: number): number | undefined {
  const isRival = (route: Route) => !isOwnRoute(route) && route.tos === 0 && route.metric <= metric;
  return kernel.routesTo(range).find(isRival)?.protocol;
}
