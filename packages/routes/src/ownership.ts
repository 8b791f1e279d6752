import type { Family } from '@kubecity/routing';
import { MAIN_TABLE, type Route } from './kernel-rows.ts';

/** Written into every route of ours, and the mark by which we know it: free in iproute2's list of route protocols. */
export const ROUTE_PROTOCOL = 202;

export const TUNNEL_NAMES: Readonly<Record<Family, string>> = { IPv4: 'city-vxlan4', IPv6: 'city-vxlan6' };

/**
 * IPv6 has no route without a metric, and takes this one where none is given. The guard's is the largest but one, which
 * IPv6 keeps for itself: any other route to the same or a part of the range is better.
 */
export const METRIC: Readonly<Record<Family, number>> = { IPv4: 0, IPv6: 1024 };
export const GUARD_METRIC = 4_294_967_294;

export function isOwnRoute({ protocol, table }: Route): boolean {
  return protocol === ROUTE_PROTOCOL && table === MAIN_TABLE;
}
