import { z } from 'zod';

/** What an agent does about routes to the pods of other nodes: agent → hub, event `routes`. */
const text = z.string().max(253);
const count = z.number().int().nonnegative();

export const routesMode = z.enum(['off', 'direct', 'auto']);
export type RoutesMode = z.infer<typeof routesMode>;

/** One pod range of one other node. */
export const peerRoute = z.object({
  node: text,
  range: z.string().max(64),
  /** `none`: its pods are not reached by a route of ours. */
  via: z.enum(['direct', 'vxlan', 'none']),
  /** Why so, in words. */
  why: z.string().max(512),
});
export type PeerRoute = z.infer<typeof peerRoute>;

/**
 * - `off`: not asked to; others keep the routes
 * - `held`: asked to, and does not, for the reason in `message`
 * - `sound`: every wished route was in the kernel at the last compare
 * - `failing`: some could not be written, or some peer has none
 */
export const routesReport = z.object({
  /** Unix ms of the last compare with the kernel. */
  at: count,
  mode: routesMode,
  state: z.enum(['off', 'held', 'sound', 'failing']),
  message: z.string().max(1024).optional(),
  direct: count,
  vxlan: count,
  none: count,
  /** Those without a route first, then by name; at most so many. */
  peers: z.array(peerRoute).max(2_000),
  /** The last time that something of ours had been changed by another hand or lost, and what; it was repaired then. */
  repaired: z.object({ at: count, difference: z.string().max(1024) }).optional(),
});
export type RoutesReport = z.infer<typeof routesReport>;
