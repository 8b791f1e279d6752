import type { Family } from '@kubecity/routing';
import { type ChangedPart, changedPart } from './changed-part.ts';
import { type Forwarding, type Link, MAIN_TABLE, type Neighbour, ROUTE_TYPE, type Route } from './kernel-rows.ts';
import type { KernelState } from './kernel-state.ts';
import { isOwnRoute, ROUTE_PROTOCOL, TUNNEL_NAMES } from './ownership.ts';
import type { Step } from './step.ts';
import type { RoutePlan, WishedForwarding, WishedNeighbour, WishedRoute, WishedTunnel } from './wished.ts';

export interface Difference {
  /** In this order no packet is lost that has a way before and after. */
  readonly steps: readonly Step[];
  /** What the steps do brings more to do that only a new look shows: ask the kernel again and take the difference again. */
  readonly again: boolean;
}

const FAMILIES = ['IPv4', 'IPv6'] as const;

/**
 * The steps from what the kernel holds to what is planned. Only routes of our protocol number and what is on our tunnel
 * devices is ever touched; a device that has the name of one and is no tunnel is left alone.
 * @param settled a plan that there is no difference to: rows that are in both, the very objects, are not looked at again
 */
export function difference(kernel: KernelState, plan: RoutePlan, settled?: RoutePlan): Difference {
  const tunnels = compareTunnels(kernel, plan);
  const { present } = tunnels;
  const routes = compareRoutes(kernel, changedPart(settled?.routes, plan.routes), present);
  const neighbours = compareNeighbours(kernel, changedPart(settled?.neighbours, plan.neighbours), present);
  const forwarding = compareForwarding(kernel, changedPart(settled?.forwarding, plan.forwarding), present);
  return {
    steps: [
      ...tunnels.first,
      // Where a MAC address is before anything is sent to it.
      ...forwarding.set,
      ...neighbours.set,
      ...routes.set,
      ...routes.removed,
      ...neighbours.removed,
      ...forwarding.removed,
      ...tunnels.last,
    ],
    again: tunnels.again || routes.again,
  };
}

/** By family: the tunnel devices that are there and stay. */
type Present = ReadonlyMap<Family, Link>;

function compareTunnels(kernel: KernelState, plan: RoutePlan) {
  const first: Step[] = [];
  const last: Step[] = [];
  const present = new Map<Family, Link>();
  let again = false;
  for (const family of FAMILIES) {
    const link = kernel.linkNamed(TUNNEL_NAMES[family]);
    const tunnel = plan.tunnels.find((each) => each.family === family);
    if (link && link.kind !== 'vxlan') continue;
    if (!tunnel) {
      if (link) last.push({ act: 'deleteLink', link });
    } else if (!link || !isSameTunnel(link, tunnel)) {
      if (link) first.push({ act: 'deleteLink', link });
      first.push({ act: 'createTunnel', tunnel });
      again = true;
    } else {
      present.set(family, link);
      const change = changed(link, tunnel);
      if (change) first.push(change);
      const addresses = compareAddresses(kernel, link, tunnel);
      first.push(...addresses.added);
      last.push(...addresses.removed);
      // With another MAC the kernel forgets the device's neighbours, with its last address its routes.
      again ||= change?.mac !== undefined || addresses.removed.length > 0;
    }
  }
  return { first, last, present, again };
}

function isSameTunnel({ vxlan }: Link, { id, port, local, device }: WishedTunnel): boolean {
  if (!vxlan || vxlan.strange || vxlan.learning) return false;
  return vxlan.id === id && vxlan.port === port && vxlan.local === local && vxlan.device === device;
}

function changed(link: Link, { mtu, mac }: WishedTunnel): Extract<Step, { act: 'changeLink' }> | undefined {
  if (link.mtu === mtu && link.mac === mac && link.up) return undefined;
  return {
    act: 'changeLink',
    link,
    ...(link.mtu !== mtu && { mtu }),
    ...(link.mac !== mac && { mac }),
    ...(!link.up && { up: true as const }),
  };
}

function compareAddresses(kernel: KernelState, link: Link, { family, address: wished }: WishedTunnel) {
  const found = kernel.addressesOn(link.index).filter(({ address }) => !isLinkLocal(address));
  const isWished = (each: { address: string; bits: number }) =>
    each.address === wished?.address && each.bits === wished.bits;
  const added: Step[] = [];
  if (wished && !found.some(isWished)) {
    added.push({ act: 'addAddress', address: { row: 'address', family, device: link.index, ...wished } });
  }
  const removed: Step[] = found.filter((each) => !isWished(each)).map((address) => ({ act: 'deleteAddress', address }));
  return { added, removed };
}

/** The kernel's own. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/.test(address);
}

function compareRoutes(kernel: KernelState, { gone, come }: ChangedPart<WishedRoute>, present: Present) {
  const set: Step[] = [];
  const removed: Step[] = [];
  let again = false;
  /** Those that need nothing done. */
  const kept = new Set<Route>();
  for (const wish of come) {
    const device = deviceOf(wish, present);
    const rivals = ownRoutesAt(kernel, wish);
    const found = rivals.find((route) => device !== undefined && isSameRoute(route, wish, device));
    if (found) kept.add(found);
    // What is there now carries until the tunnel does.
    else if (device === undefined) for (const route of rivals) kept.add(route);
    else {
      set.push({ act: rivals.length > 0 ? 'replaceRoute' : 'addRoute', route: resolved(wish, device) });
      for (const route of rivals) kept.add(route);
      // Which of several is replaced is the kernel's choice.
      if (rivals.length > 1) again = true;
    }
  }
  const there = gone ? gone.flatMap((wish) => ownRoutesAt(kernel, wish)) : kernel.ownRoutes();
  for (const route of there) if (!kept.has(route)) removed.push({ act: 'deleteRoute', route });
  return { set, removed, again };
}

/** In the place where the kernel would replace them by the wished one. */
function ownRoutesAt(kernel: KernelState, { range, metric }: WishedRoute): readonly Route[] {
  return kernel.routesTo(range).filter((route) => route.metric === metric && route.tos === 0 && isOwnRoute(route));
}

/** Index of the link, 0 for the guard's none; undefined while its tunnel is not there yet. */
function deviceOf({ family, hop }: WishedRoute, present: Present): number | undefined {
  if (!hop) return 0;
  return hop.device === 'tunnel' ? present.get(family)?.index : hop.device;
}

function resolved({ family, range, metric, hop }: WishedRoute, device: number): Route {
  return {
    row: 'route',
    family,
    range,
    table: MAIN_TABLE,
    protocol: ROUTE_PROTOCOL,
    type: hop ? ROUTE_TYPE.unicast : ROUTE_TYPE.unreachable,
    tos: 0,
    metric,
    device,
    gateway: hop?.gateway,
    onlink: hop?.device === 'tunnel',
    multipath: false,
  };
}

function isSameRoute(found: Route, { hop }: WishedRoute, device: number): boolean {
  if (found.multipath) return false;
  // Of a route that refuses, IPv6 says that it is on the loopback link.
  if (!hop) return found.type === ROUTE_TYPE.unreachable;
  if (found.type !== ROUTE_TYPE.unicast || found.device !== device) return false;
  return found.gateway === hop.gateway && found.onlink === (hop.device === 'tunnel');
}

function compareNeighbours(kernel: KernelState, { gone, come }: ChangedPart<WishedNeighbour>, present: Present) {
  const set: Step[] = [];
  const wished = new Set<string>();
  for (const { family, address, mac } of come) {
    const device = present.get(family)?.index;
    if (device === undefined) continue;
    wished.add(address);
    const found = kernel.neighbour(device, address);
    if (found?.permanent && found.mac === mac) continue;
    const neighbour: Neighbour = { row: 'neighbour', family, device, address, mac, permanent: true };
    set.push({ act: 'setNeighbour', neighbour });
  }
  const removed: Step[] = [];
  for (const neighbour of neighboursThere(kernel, gone, present)) {
    // What the kernel learnt it forgets by itself.
    if (!neighbour.permanent || wished.has(neighbour.address)) continue;
    removed.push({ act: 'deleteNeighbour', neighbour });
  }
  return { set, removed };
}

function compareForwarding(kernel: KernelState, { gone, come }: ChangedPart<WishedForwarding>, present: Present) {
  const set: Step[] = [];
  const removed: Step[] = [];
  const kept = new Set<Forwarding>();
  for (const { family, mac, remote } of come) {
    const device = present.get(family)?.index;
    if (device === undefined) continue;
    const found = kernel.forwardingOf(device, mac);
    const same = found.find((each) => each.remote === remote && each.permanent);
    if (!same)
      set.push({ act: 'setForwarding', forwarding: { row: 'forwarding', device, mac, remote, permanent: true } });
    // Setting it swaps the first one.
    const first = same ?? found[0];
    if (first) kept.add(first);
  }
  for (const forwarding of forwardingThere(kernel, gone, present)) {
    if (!kept.has(forwarding)) removed.push({ act: 'deleteForwarding', forwarding });
  }
  return { set, removed };
}

/** Those that came with the wishes that are gone, or all of our devices. */
function neighboursThere(
  kernel: KernelState,
  gone: ChangedPart<WishedNeighbour>['gone'],
  present: Present,
): Neighbour[] {
  if (!gone) return [...present.values()].flatMap(({ index }) => [...kernel.neighboursOn(index)]);
  return gone.flatMap(({ family, address }) => {
    const link = present.get(family);
    return (link && kernel.neighbour(link.index, address)) ?? [];
  });
}

function forwardingThere(kernel: KernelState, gone: ChangedPart<WishedForwarding>['gone'], present: Present) {
  if (!gone) return [...present.values()].flatMap(({ index }) => [...kernel.forwardingOn(index)].flat());
  return gone.flatMap(({ family, mac }): readonly Forwarding[] => {
    const link = present.get(family);
    return link ? kernel.forwardingOf(link.index, mac) : [];
  });
}
