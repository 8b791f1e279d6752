import type { PeerRoute } from '@kubecity/protocol';
import type { AddressRange } from '@kubecity/routing';
import type { Route } from './kernel-rows.ts';
import { GUARD_METRIC, isOwnRoute } from './ownership.ts';
import { rowsOfPeers } from './peer-rows.ts';
import type { RoutePlanInput } from './plan-input.ts';
import { TunnelPlans } from './tunnel-plan.ts';
import type { RoutePlan, WishedForwarding, WishedNeighbour, WishedRoute } from './wished.ts';

/** What the kernel shall hold of ours, and how each peer is reached by it. */
export function planRoutes(input: RoutePlanInput): RoutePlan {
  const { own, kernel } = input;
  const tunnels = new TunnelPlans(input);
  const routes: WishedRoute[] = [];
  const neighbours: WishedNeighbour[] = [];
  const forwarding = new Map<string, WishedForwarding>();
  const reached: PeerRoute[] = [];
  const none: PeerRoute[] = input.refused.map(({ node, range, why }) => ({
    node,
    range: range.text,
    via: 'none',
    why,
  }));

  for (const range of own.ranges) {
    const isTaken = (route: Route) => route.metric === GUARD_METRIC && !isOwnRoute(route);
    if (!kernel.routesTo(range.text).some(isTaken)) routes.push(guardOf(range));
  }
  const rowsOf = rowsOfPeers(input, tunnels);
  for (const peer of input.peers) {
    const { told, route, neighbour, forwarding: entry } = rowsOf(peer);
    if (told.via === 'none') none.push(told);
    else reached.push(told);
    if (route) routes.push(route);
    if (neighbour) neighbours.push(neighbour);
    if (entry) forwarding.set(entry.mac, entry);
  }
  none.sort((a, b) => (a.node < b.node ? -1 : a.node > b.node ? 1 : 0));
  const peers = [...none, ...reached];
  return { tunnels: tunnels.wished(), routes, neighbours, forwarding: [...forwarding.values()], peers };
}

/** The same range has the same object. */
const guards = new WeakMap<AddressRange, WishedRoute>();

function guardOf(range: AddressRange): WishedRoute {
  const before = guards.get(range);
  if (before) return before;
  const guard: WishedRoute = { family: range.family, range: range.text, metric: GUARD_METRIC };
  guards.set(range, guard);
  return guard;
}
