import {
  type Forwarding,
  type KernelRow,
  type Link,
  type LinkAddress,
  MAIN_TABLE,
  type Neighbour,
  type Route,
} from './kernel-rows.ts';
import { isOwnRoute } from './ownership.ts';
import type { Step } from './step.ts';

/**
 * What the kernel held when it was asked, and since then what we wrote ourselves. Rows of interrupted dumps do not belong
 * here: some would be missing or double.
 */
export class KernelState {
  readonly #links = new Map<number, Link>();
  readonly #addresses: LinkAddress[] = [];
  /** Of the main table, by range. */
  readonly #routes = new Map<string, Route[]>();
  /** By link, then by address. */
  readonly #neighbours = new Map<number, Map<string, Neighbour>>();
  /** By link, then by MAC address. */
  readonly #forwarding = new Map<number, Map<string, readonly Forwarding[]>>();

  #foundation = 0;

  constructor(rows: Iterable<KernelRow> = []) {
    for (const row of rows) this.add(row);
  }

  /** Another number after whatever was learnt or done, but for what we write of routes, neighbours and forwarding entries. */
  get foundation(): number {
    return this.#foundation;
  }

  add(row: KernelRow): void {
    this.#foundation += 1;
    if (row.row === 'link') this.#links.set(row.index, row);
    else if (row.row === 'address') this.#addresses.push(row);
    else if (row.row === 'neighbour') onLink(this.#neighbours, row.device).set(row.address, row);
    else if (row.row === 'forwarding') this.#addForwarding(row);
    else if (row.table === MAIN_TABLE) this.#addRoute(row);
  }

  link(index: number): Link | undefined {
    return this.#links.get(index);
  }
  linkNamed(name: string): Link | undefined {
    for (const link of this.#links.values()) if (link.name === name) return link;
    return undefined;
  }

  addressesOn(device: number): LinkAddress[] {
    return this.#addresses.filter((address) => address.device === device);
  }
  holderOf(address: string): Link | undefined {
    const found = this.#addresses.find((each) => each.address === address);
    return found && this.#links.get(found.device);
  }

  /** Of the main table. */
  routesTo(range: string): readonly Route[] {
    return this.#routes.get(range) ?? [];
  }
  *ownRoutes(): Iterable<Route> {
    for (const routes of this.#routes.values()) for (const route of routes) if (isOwnRoute(route)) yield route;
  }

  neighbour(device: number, address: string): Neighbour | undefined {
    return this.#neighbours.get(device)?.get(address);
  }
  neighboursOn(device: number): Iterable<Neighbour> {
    return this.#neighbours.get(device)?.values() ?? [];
  }

  /** All that is said of the MAC address: more than one remote is possible. */
  forwardingOf(device: number, mac: string): readonly Forwarding[] {
    return this.#forwarding.get(device)?.get(mac) ?? [];
  }
  /** By MAC address. */
  forwardingOn(device: number): Iterable<readonly Forwarding[]> {
    return this.#forwarding.get(device)?.values() ?? [];
  }

  /** After the kernel has done it. What comes of creating a tunnel only a dump tells. */
  apply(step: Step): void {
    switch (step.act) {
      case 'createTunnel':
        break;
      case 'changeLink': {
        this.#foundation += 1;
        const { link, mtu = link.mtu, mac = link.mac, up = link.up } = step;
        this.#links.set(link.index, { ...link, mtu, mac, up });
        break;
      }
      case 'deleteLink':
        this.#foundation += 1;
        this.#dropLink(step.link.index);
        break;
      case 'addAddress':
        this.#foundation += 1;
        this.#addresses.push(step.address);
        break;
      case 'deleteAddress':
        this.#foundation += 1;
        remove(this.#addresses, (each) => each.device === step.address.device && each.address === step.address.address);
        break;
      case 'setNeighbour':
        onLink(this.#neighbours, step.neighbour.device).set(step.neighbour.address, step.neighbour);
        break;
      case 'deleteNeighbour':
        this.#neighbours.get(step.neighbour.device)?.delete(step.neighbour.address);
        break;
      case 'setForwarding':
        onLink(this.#forwarding, step.forwarding.device).set(step.forwarding.mac, [step.forwarding]);
        break;
      case 'deleteForwarding': {
        const { device, mac, remote } = step.forwarding;
        const left = this.forwardingOf(device, mac).filter((each) => each.remote !== remote);
        onLink(this.#forwarding, device).set(mac, left);
        break;
      }
      case 'addRoute':
        this.#addRoute(step.route);
        break;
      case 'replaceRoute':
        this.#dropRoutes(step.route, ({ metric, tos }) => metric === step.route.metric && tos === step.route.tos);
        this.#addRoute(step.route);
        break;
      case 'deleteRoute':
        this.#dropRoutes(step.route, (each) => isSameRoute(each, step.route));
        break;
    }
  }

  #addRoute(route: Route): void {
    const routes = this.#routes.get(route.range);
    if (routes) routes.push(route);
    else this.#routes.set(route.range, [route]);
  }

  #addForwarding(row: Forwarding): void {
    onLink(this.#forwarding, row.device).set(row.mac, [...this.forwardingOf(row.device, row.mac), row]);
  }

  #dropRoutes({ range }: Route, which: (route: Route) => boolean): void {
    remove(this.#routes.get(range) ?? [], (route) => isOwnRoute(route) && which(route));
  }

  #dropLink(index: number): void {
    this.#links.delete(index);
    remove(this.#addresses, ({ device }) => device === index);
    this.#neighbours.delete(index);
    this.#forwarding.delete(index);
    for (const routes of this.#routes.values()) remove(routes, ({ device }) => device === index);
  }
}

function onLink<Value>(links: Map<number, Map<string, Value>>, device: number): Map<string, Value> {
  const known = links.get(device);
  if (known) return known;
  const made = new Map<string, Value>();
  links.set(device, made);
  return made;
}

function isSameRoute(a: Route, b: Route): boolean {
  return (
    a.metric === b.metric && a.tos === b.tos && a.gateway === b.gateway && a.device === b.device && a.type === b.type
  );
}

/** In place. */
function remove<Item>(items: Item[], which: (item: Item) => boolean): void {
  for (let i = items.length - 1; i >= 0; i--) if (which(items[i] as Item)) items.splice(i, 1);
}
