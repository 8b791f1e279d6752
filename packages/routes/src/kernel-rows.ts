import type { Family } from '@kubecity/routing';

/** What the kernel says of its links, addresses, routes and neighbours, as far as routes to pods are concerned. */
export type KernelRow = Link | LinkAddress | Route | Neighbour | Forwarding;

export interface Link {
  readonly row: 'link';
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly mtu: number;
  /** `02:00:…`; empty where the link has none. */
  readonly mac: string;
  /** As `ip -d link` says it (`vxlan`, `veth`); empty for a real device. */
  readonly kind: string;
  readonly vxlan?: VxlanData;
}

export interface VxlanData {
  readonly id: number;
  readonly port: number;
  /** Canonical address, empty where none is set. */
  readonly local: string;
  /** Index of the link it is bound to; 0 for none. */
  readonly device: number;
  readonly learning: boolean;
  /** Something that our tunnels never have: a default remote, group policy, an outside keeper of the tunnel's data. */
  readonly strange: boolean;
}

export interface LinkAddress {
  readonly row: 'address';
  readonly family: Family;
  readonly device: number;
  readonly address: string;
  readonly bits: number;
}

/** `linux/rtnetlink.h`; there are more. */
export const ROUTE_TYPE = { unicast: 1, local: 2, unreachable: 7 } as const;
export const MAIN_TABLE = 254;

export interface Route {
  readonly row: 'route';
  readonly family: Family;
  /** Canonical; `0.0.0.0/0` and `::/0` for the default. */
  readonly range: string;
  readonly table: number;
  /** Who wrote it, `/etc/iproute2/rt_protos`. */
  readonly protocol: number;
  readonly type: number;
  /** Type of service that it is for; 0 for any. */
  readonly tos: number;
  /** 0 for none, which IPv6 does not have. */
  readonly metric: number;
  /** Index of the link; 0 for none. */
  readonly device: number;
  readonly gateway?: string;
  readonly onlink: boolean;
  /** Over several ways at once: `device` and `gateway` say nothing then. */
  readonly multipath: boolean;
}

export interface Neighbour {
  readonly row: 'neighbour';
  readonly family: Family;
  readonly device: number;
  readonly address: string;
  /** Empty while it is not known. */
  readonly mac: string;
  readonly permanent: boolean;
}

/** Where a tunnel sends frames for a MAC address: an entry of its forwarding database. */
export interface Forwarding {
  readonly row: 'forwarding';
  readonly device: number;
  readonly mac: string;
  /** Empty where it names none, as of a device that is no tunnel. */
  readonly remote: string;
  readonly permanent: boolean;
}
