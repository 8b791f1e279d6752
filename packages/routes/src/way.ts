import { errnoName } from './errno.ts';
import { ROUTE_TYPE, type Route } from './kernel-rows.ts';

/** How the kernel would send a packet to an address now, by its own look-up: rules, tables and metrics are all in it. */
export type Way =
  | { readonly kind: 'link'; readonly device: number }
  | { readonly kind: 'gateway'; readonly device: number; readonly gateway: string }
  /** The address is one of this node's own. */
  | { readonly kind: 'local' }
  | { readonly kind: 'none'; readonly why: string };

/** Of the route that the kernel answers with. */
export function wayOf({ type, device, gateway }: Route): Way {
  if (type === ROUTE_TYPE.local) return { kind: 'local' };
  if (type !== ROUTE_TYPE.unicast) return { kind: 'none', why: `the kernel has a route of type ${type} to it` };
  return gateway === undefined ? { kind: 'link', device } : { kind: 'gateway', device, gateway };
}

/** Of the refusal that it answers with (positive): ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL. */
export function wayOfRefusal(errno: number): Way {
  return { kind: 'none', why: `the kernel has no route to it (${errnoName(errno)})` };
}
