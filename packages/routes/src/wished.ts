import type { PeerRoute } from '@kubecity/protocol';
import type { Family } from '@kubecity/routing';

export interface WishedTunnel {
  readonly family: Family;
  readonly name: string;
  readonly id: number;
  readonly port: number;
  readonly local: string;
  /** Index of the uplink. */
  readonly device: number;
  readonly mtu: number;
  readonly mac: string;
  /** Of this node's end, so that its own packets to pods come back the way they went; without a range it has none. */
  readonly address?: { readonly address: string; readonly bits: number };
}

export interface WishedRoute {
  readonly family: Family;
  readonly range: string;
  readonly metric: number;
  /** Absent for the guard: packets to a pod of this node that is not there are refused, they do not leave by the default route. */
  readonly hop?: { readonly gateway: string; readonly device: number | 'tunnel' };
}

export interface WishedNeighbour {
  readonly family: Family;
  readonly address: string;
  readonly mac: string;
}

export interface WishedForwarding {
  readonly family: Family;
  readonly mac: string;
  readonly remote: string;
}

export interface RoutePlan {
  readonly tunnels: readonly WishedTunnel[];
  readonly routes: readonly WishedRoute[];
  readonly neighbours: readonly WishedNeighbour[];
  readonly forwarding: readonly WishedForwarding[];
  /** One row for each range of another node: those without a route first, then by name. */
  readonly peers: readonly PeerRoute[];
}

/** For who wishes nothing any more: what is ours goes. */
export const EMPTY_PLAN: RoutePlan = { tunnels: [], routes: [], neighbours: [], forwarding: [], peers: [] };
