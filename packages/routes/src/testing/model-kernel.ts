import { cleanRange, familyOf, rangeHolds } from '@kubecity/routing';
import {
  ERRNO,
  type Forwarding,
  type KernelRow,
  KernelState,
  type Link,
  type LinkAddress,
  MAIN_TABLE,
  type Neighbour,
  type Route,
  type Step,
  type Way,
  type WishedTunnel,
} from '../index.ts';

/**
 * Does with steps what a kernel does, as was measured: routes are found by range, metric and type of service; of a link
 * that goes down routes and neighbours vanish, of another MAC the neighbours, with the last address routes and neighbours
 * of the family.
 */
export class ModelKernel {
  links: Link[] = [];
  addresses: LinkAddress[] = [];
  routes: Route[] = [];
  neighbours: Neighbour[] = [];
  forwarding: Forwarding[] = [];
  #index = 0;

  rows(): KernelRow[] {
    return [...this.links, ...this.addresses, ...this.routes, ...this.neighbours, ...this.forwarding];
  }

  state(): KernelState {
    return new KernelState(this.rows());
  }

  addLink(link: Omit<Link, 'row' | 'index'>): Link {
    this.#index += 1;
    const added: Link = { row: 'link', index: this.#index, ...link };
    this.links.push(added);
    return added;
  }

  /** Longest range first; none of ours lies on the way to a node. */
  way(address: string): Way {
    const family = familyOf(address);
    const best = this.routes
      .filter((route) => route.family === family && route.table === MAIN_TABLE && route.type === 1)
      .map((route) => ({ route, range: cleanRange(route.range) }))
      .filter(({ range }) => range !== undefined && rangeHolds(range, address))
      .sort((a, b) => (b.range?.bits ?? 0) - (a.range?.bits ?? 0) || a.route.metric - b.route.metric)[0]?.route;
    if (!best) return { kind: 'none', why: 'the kernel has no route to it (ENETUNREACH)' };
    const { device, gateway } = best;
    return gateway === undefined ? { kind: 'link', device } : { kind: 'gateway', device, gateway };
  }

  /** errno, 0 for done. */
  execute(step: Step): number {
    switch (step.act) {
      case 'createTunnel':
        return this.#createTunnel(step.tunnel);
      case 'changeLink':
        return this.#changeLink(step);
      case 'deleteLink':
        return this.deleteLink(step.link.index);
      case 'addAddress':
        this.addresses = [...this.addresses.filter((each) => !isSameAddress(each, step.address)), step.address];
        return 0;
      case 'deleteAddress':
        return this.#deleteAddress(step.address);
      case 'setNeighbour':
        return this.#set(this.neighbours, step.neighbour, ({ address }) => address === step.neighbour.address);
      case 'deleteNeighbour': {
        const { device, address } = step.neighbour;
        return remove(this.neighbours, (each) => each.device === device && each.address === address, ERRNO.ENOENT);
      }
      case 'setForwarding':
        return this.#set(this.forwarding, step.forwarding, ({ mac }) => mac === step.forwarding.mac);
      case 'deleteForwarding': {
        const { device, mac, remote } = step.forwarding;
        const isIt = (each: Forwarding) => each.device === device && each.mac === mac && each.remote === remote;
        return remove(this.forwarding, isIt, ERRNO.ENOENT);
      }
      case 'addRoute':
        return this.#addRoute(step.route);
      case 'replaceRoute':
        return this.#replaceRoute(step.route);
      case 'deleteRoute':
        return this.#deleteRoute(step.route);
    }
  }

  deleteLink(index: number): number {
    if (remove(this.links, (link) => link.index === index, ERRNO.ENODEV)) return ERRNO.ENODEV;
    this.addresses = this.addresses.filter(({ device }) => device !== index);
    this.forwarding = this.forwarding.filter(({ device }) => device !== index);
    this.#forgetRoutes(index);
    for (const { index: tunnel, vxlan } of this.links) if (vxlan?.device === index) this.deleteLink(tunnel);
    return 0;
  }

  setDown(index: number): void {
    this.links = this.links.map((link) => (link.index === index ? { ...link, up: false } : link));
    this.#forgetRoutes(index);
  }

  #forgetRoutes(index: number): void {
    this.routes = this.routes.filter(({ device }) => device !== index);
    this.neighbours = this.neighbours.filter(({ device }) => device !== index);
  }

  #createTunnel({ name, id, port, local, device, mtu, mac }: WishedTunnel): number {
    if (this.links.some((link) => link.name === name)) return ERRNO.EEXIST;
    if (!this.links.some((link) => link.index === device)) return ERRNO.ENODEV;
    const vxlan = { id, port, local, device, learning: false, strange: false };
    this.addLink({ name, up: true, mtu, mac, kind: 'vxlan', vxlan });
    return 0;
  }

  #changeLink({ link, mtu, mac, up }: Extract<Step, { act: 'changeLink' }>): number {
    const place = this.links.findIndex(({ index }) => index === link.index);
    const found = this.links[place];
    if (!found) return ERRNO.ENODEV;
    if (mac !== undefined) this.neighbours = this.neighbours.filter(({ device }) => device !== link.index);
    this.links[place] = { ...found, mtu: mtu ?? found.mtu, mac: mac ?? found.mac, up: up ?? found.up };
    return 0;
  }

  #deleteAddress(address: LinkAddress): number {
    if (remove(this.addresses, (each) => isSameAddress(each, address), ERRNO.EADDRNOTAVAIL)) return ERRNO.EADDRNOTAVAIL;
    const { device, family } = address;
    if (this.addresses.some((each) => each.device === device && each.family === family)) return 0;
    this.routes = this.routes.filter((route) => route.device !== device || route.family !== family);
    this.neighbours = this.neighbours.filter((each) => each.device !== device || each.family !== family);
    return 0;
  }

  #set<Row extends { readonly device: number }>(rows: Row[], row: Row, isIt: (row: Row) => boolean): number {
    if (!this.links.some(({ index }) => index === row.device)) return ERRNO.ENODEV;
    const place = rows.findIndex((each) => each.device === row.device && isIt(each));
    if (place < 0) rows.push(row);
    else rows[place] = row;
    return 0;
  }

  #addRoute(route: Route): number {
    if (this.routes.some((each) => isSamePlace(each, route))) return ERRNO.EEXIST;
    return this.#putRoute(this.routes.length, route);
  }

  #replaceRoute(route: Route): number {
    const place = this.routes.findIndex((each) => isSamePlace(each, route));
    return this.#putRoute(place < 0 ? this.routes.length : place, route);
  }

  #putRoute(place: number, route: Route): number {
    if (route.type === 1) {
      const link = this.links.find(({ index }) => index === route.device);
      if (!link) return ERRNO.ENODEV;
      if (!link.up) return ERRNO.ENETDOWN;
      if (!route.onlink && this.way(route.gateway ?? '').kind !== 'link') return ERRNO.ENETUNREACH;
    }
    // As IPv6 tells of a route that refuses.
    this.routes[place] = route.type !== 1 && route.family === 'IPv6' ? { ...route, device: 1 } : route;
    return 0;
  }

  #deleteRoute(route: Route): number {
    const isIt = (each: Route) =>
      isSamePlace(each, route) &&
      each.protocol === route.protocol &&
      each.type === route.type &&
      (route.gateway === undefined || each.gateway === route.gateway);
    return remove(this.routes, isIt, ERRNO.ESRCH);
  }
}

function isSamePlace(a: Route, b: Route): boolean {
  return a.range === b.range && a.table === b.table && a.metric === b.metric && a.tos === b.tos;
}

function isSameAddress(a: LinkAddress, b: LinkAddress): boolean {
  return a.device === b.device && a.address === b.address && a.bits === b.bits;
}

/** The first of them. */
function remove<Row>(rows: Row[], which: (row: Row) => boolean, missing: number): number {
  const place = rows.findIndex(which);
  if (place < 0) return missing;
  rows.splice(place, 1);
  return 0;
}
