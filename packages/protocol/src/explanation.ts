import { z } from 'zod';
import { judgement } from './isolation.ts';

/** The answer to a question of kind `explain`: what becomes of a packet in the kernel of one node. */
const text = z.string().max(253);
const count = z.number().int().nonnegative();
const servicePortKey = z.string().max(600);

/** Where one packet may end, and by which rules. */
export const explainedEnd = z.object({
  /** `none`: no rule of ours decides. `accept`: let into the node, not rewritten. */
  kind: z.enum(['dnat', 'accept', 'reject', 'drop', 'none']),
  /** `address:port` of the backend. */
  to: text.optional(),
  /** 0..1; those of `ends` and `rest` sum up to 1. */
  chance: z.number().min(0).max(1.000001),
  /** Why the source is rewritten to this node's address; absent = it is kept. */
  rewriting: z.enum(['itself', 'gateway', 'door', 'node', 'other']).optional(),
  /** Why it is refused or dropped. */
  refusal: z.enum(['no-endpoints', 'not-here', 'source-range', 'loopback', 'other']).optional(),
  /** Session affinity held this client at this backend before. */
  held: z.boolean(),
  /** What NetworkPolicies say to it behind DNAT; absent where this node does not enforce them. */
  isolation: judgement.optional(),
  /** Rules of table nat that the packet is compared with until its destination is decided, and of all tables. */
  passed: count,
  compared: count,
  /** Places in `rules` of those that take the packet, in order. */
  way: z.array(count).max(500),
});
export type ExplainedEnd = z.infer<typeof explainedEnd>;

export const passedRule = z.object({ table: z.enum(['filter', 'nat']), chain: text, rule: z.string().max(4096) });
export type PassedRule = z.infer<typeof passedRule>;

/** What others have in a chain that the packet passes; it is not walked. `before`: in front of our jumps. */
export const otherRules = z.object({
  table: z.enum(['filter', 'nat']),
  chain: text,
  policy: z.string().max(16),
  before: count,
  after: count,
});
export type OtherRules = z.infer<typeof otherRules>;
export const MOST_ENDS = 200;

export const explanation = z.object({
  kind: z.literal('explain'),
  /** Unix ms at which the kernel was read. */
  at: count,
  source: z.string().max(64),
  /** Through which the packet comes in; absent for the node's own, and where nobody knows. */
  interface: text.optional(),
  /** Whose door it met. */
  servicePort: servicePortKey.optional(),
  rules: z.array(passedRule).max(20_000),
  /** The likeliest first, at most `MOST_ENDS`. */
  ends: z.array(explainedEnd).max(MOST_ENDS),
  /** Those that are not told one by one. */
  rest: z.object({ ends: count, chance: z.number().min(0).max(1.000001) }),
  /** Rules that might take the packet and that this agent cannot read: it was walked past them. */
  unknown: z.array(passedRule.extend({ why: z.string().max(1024) })).max(100),
  others: z.array(otherRules).max(20),
  /** Sets of session affinity that were looked into for this client. */
  sets: count,
});
export type Explanation = z.infer<typeof explanation>;
