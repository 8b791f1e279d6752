import { z } from 'zod';

/**
 * What an agent enforces of NetworkPolicies, and what it refused: agent → hub, events `isolation`, `policyCounts` and
 * `refusedAttempts`. Agents before these events send none of them, and one that is not asked to enforce says so once.
 */
const text = z.string().max(253);
const count = z.number().int().nonnegative();
/** `namespace/name` of a NetworkPolicy. */
export const policyKey = z.string().max(330);
/** Place in the `policies` of the last `isolation` report. */
const place = count;

export const policyDirection = z.enum(['ingress', 'egress']);
export type PolicyDirection = z.infer<typeof policyDirection>;

/** A pod of this node. A direction that is absent is open; otherwise the policies that close it. */
export const podGates = z.object({
  namespace: text,
  name: text,
  ingress: z.array(place).max(1_000).optional(),
  egress: z.array(place).max(1_000).optional(),
});
export type PodGates = z.infer<typeof podGates>;

/**
 * - `off`: this node is not asked to enforce policies; others may
 * - `held`: it is asked to, and does not, for the reason in `message`
 * - `enforcing`: the kernel, read back, holds what the API says
 * - `failing`: it could not be brought there; what it held before stays in force
 */
export const isolationReport = z.object({
  /** Unix ms at which the kernel was read back. */
  at: count,
  state: z.enum(['off', 'held', 'enforcing', 'failing']),
  message: z.string().max(1024).optional(),
  /** Those that select a pod of this node, sorted. */
  policies: z.array(policyKey).max(10_000),
  /** Pods that a policy closes in at least one direction. */
  pods: z.array(podGates).max(2_000),
  rules: count,
  sets: count,
  /** What it does with what pods open to this node; absent while it is not asked to enforce. */
  ownNode: z.enum(['exempt', 'filter']).optional(),
  problems: z.array(z.object({ namespace: text, name: text, field: text, message: z.string().max(1024) })).max(1_000),
});
export type IsolationReport = z.infer<typeof isolationReport>;

/**
 * First packets that a policy let through or refused here since the agent's epoch, never falling. One that several policies
 * allow in the same words counts for each of them, and so does one that is refused for each policy that closes the pod.
 */
export const policyCounts = z.object({
  at: count,
  /** Those that changed since they were told last. */
  rows: z
    .array(z.object({ policy: policyKey, direction: policyDirection, accepted: count, refused: count }))
    .max(20_000),
});
export type PolicyCounts = z.infer<typeof policyCounts>;

export const transport = z.enum(['TCP', 'UDP', 'SCTP']);

/** A connection that somebody tried to open within the last seconds, and that policies refused on this node. */
export const refusedAttempt = z.object({
  /** Unix ms of the last packet of it, to about a second. */
  at: count,
  from: z.string().max(64),
  to: z.string().max(64),
  protocol: transport,
  /** Behind DNAT: the pod's. */
  port: z.number().int().min(0).max(65_535),
  /** `ingress`: the destination's policies refuse it; `egress`: the source's. */
  direction: policyDirection,
  /**
   * That close the pod in this direction. Empty: the address is in the range of this node's pods, and no known pod has it; or a
   * pod sent to the nodes' tunnels.
   */
  policies: z.array(policyKey).max(100),
});
export type RefusedAttempt = z.infer<typeof refusedAttempt>;

/** Sent within a second of the first packet, and again while packets come. */
export const refusedAttempts = z.object({
  at: count,
  rows: z.array(refusedAttempt).max(500),
  /** More than could be told one by one. */
  more: z.boolean(),
});
export type RefusedAttempts = z.infer<typeof refusedAttempts>;

/**
 * What one end says to a connection:
 * - `open`: no policy isolates the pod in this direction, or there is no pod
 * - `allowed`, `refused`: policies isolate it, and a rule of theirs allows this, or none does
 * - `own-node`: between a pod and the node that it runs on
 * - `itself`: from a pod to its own address
 */
export const opinion = z.object({
  /** `namespace/name` of the pod at that end; absent where no pod with a network of its own has the address. */
  pod: z.string().max(330).optional(),
  verdict: z.enum(['open', 'allowed', 'refused', 'own-node', 'itself']),
  /** Policies that isolate the pod in this direction. */
  policies: z.array(policyKey).max(1_000),
  /** The rules that allow it: `rule` is the place in the policy's list. */
  by: z.array(z.object({ policy: policyKey, rule: count })).max(1_000),
});
export type Opinion = z.infer<typeof opinion>;

/** Why a connection is let through or not by NetworkPolicies: each end is asked, and both must allow. */
export const judgement = z.object({ allowed: z.boolean(), egress: opinion, ingress: opinion });
export type Judgement = z.infer<typeof judgement>;
