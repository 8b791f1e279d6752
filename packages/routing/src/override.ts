import { z } from 'zod';
import { cleanAddress } from './address.ts';
import type { KubeRoutingOverride, ObjectMeta } from './objects.ts';
import type { Problem } from './problem.ts';

/** The neutral weight: what a backend has when no override names it. */
export const NEUTRAL_WEIGHT = 100;
/** The largest weight an override may ask for. */
export const MAX_WEIGHT = 1000;
/** Connections that a drain ends per second on each node, unless it says otherwise. */
export const CUT_PER_SECOND = 50;

/** The person who asked for the last change of an override, as the cluster knows them. */
export const BY_ANNOTATION = 'kubecity.dev/by';
/** On an override: names the change that made it what it is. On an event: that change as JSON. */
export const CHANGE_ANNOTATION = 'kubecity.dev/change';

const name = z.string().min(1).max(253);

/** Compared with canonical text; what is no address names nobody. */
const address = z
  .string()
  .min(1)
  .max(45)
  .transform((text) => cleanAddress(text)?.text ?? text);

/** RFC 3339, as API servers write and take it; read as Unix milliseconds. */
// biome-ignore lint/style/noRestrictedGlobals: reads a text, not the clock
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const matchLabels = z
  .record(z.string().min(1).max(317), z.string().max(63))
  .refine((labels) => Object.keys(labels).length <= 100, 'at most 100 labels');

const selectBackends = z.strictObject({
  selector: z.strictObject({ matchLabels }).optional(),
  podNames: z.array(name).max(1000).optional(),
  nodeNames: z.array(name).max(1000).optional(),
  zones: z.array(name).max(100).optional(),
  addresses: z.array(address).max(1000).optional(),
});
export type BackendSelection = z.infer<typeof selectBackends>;

/** What becomes of open connections: waited for; those that are idle ended; all ended. */
const existing = z.enum(['wait', 'cutIdle', 'cut']);
export type Existing = z.infer<typeof existing>;

const drain = z.strictObject({
  existing: existing.default('wait'),
  /** The same for UDP, where a fixed source port holds its backend for ever; absent = as `existing`. */
  udp: existing.optional(),
  /** Clients that session affinity holds on a draining backend: may they come back until their window ends? */
  sticky: z.enum(['keep', 'expire']).default('expire'),
  /** After so long since the start what is left is ended, whatever `existing` says; absent = never. */
  deadlineSeconds: z.int().min(0).max(604_800).optional(),
  /** Per node. Ending a TCP connection is a reset for its client. */
  cutPerSecond: z.int().min(1).max(10_000).default(CUT_PER_SECOND),
});
export type Drain = z.infer<typeof drain>;

/** The way from `from` to the wished weight or share, begun at the start. */
const ramp = z.strictObject({
  from: z.int().min(0).max(MAX_WEIGHT),
  seconds: z.int().min(1).max(86_400),
});

const effects = ['weight', 'share', 'drain'] as const;

/**
 * What a `RoutingOverride` may say. A field that is not here is refused by name, never ignored.
 * `service` absent: every Service of the namespace that has the chosen backends.
 */
export const overrideSpec = z
  .strictObject({
    service: name.optional(),
    ports: z.array(z.string().max(63)).max(100).optional(),
    backends: selectBackends.optional(),
    weight: z.int().min(0).max(MAX_WEIGHT).optional(),
    /** Percent of the new connections of each service port, the chosen backends together. */
    share: z.int().min(0).max(100).optional(),
    drain: drain.optional(),
    ramp: ramp.optional(),
    /** When ramp and deadline begin, and who is younger; absent = when the object was made. */
    startAt: time.optional(),
    /** From then on the object has no effect. */
    expiresAt: time.optional(),
    /** Permits what the floor of a Service forbids. */
    allowEmpty: z.boolean().default(false),
    reason: z.string().max(1024).optional(),
  })
  .superRefine((spec, context) => {
    const given = effects.filter((effect) => spec[effect] !== undefined);
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (given.length !== 1) fault([given[1] ?? 'weight'], 'exactly one of weight, share and drain must be given');
    if (spec.service === undefined && !choosesSome(spec.backends)) {
      fault(['service'], 'may be absent only when backends are chosen');
    }
    if (spec.service === undefined && spec.ports?.length) fault(['ports'], 'needs spec.service');
    if (spec.ramp && spec.drain) fault(['ramp'], 'goes with weight or share, not with drain');
    if (spec.ramp && spec.share !== undefined && spec.ramp.from > 100)
      fault(['ramp', 'from'], 'a share is at most 100');
    if (spec.startAt !== undefined && spec.expiresAt !== undefined && spec.expiresAt <= spec.startAt)
      fault(['expiresAt'], 'must be after startAt');
  });

export type OverrideSpec = z.infer<typeof overrideSpec>;

function choosesSome(backends: BackendSelection | undefined): boolean {
  if (!backends) return false;
  const { selector, podNames, nodeNames, zones, addresses } = backends;
  const lists = [podNames, nodeNames, zones, addresses, Object.keys(selector?.matchLabels ?? {})];
  return lists.some((list) => list !== undefined && list.length > 0);
}

/** A `RoutingOverride` or `ClusterRoutingOverride` that passed its schema. */
export interface Override {
  readonly uid: string;
  /** `''` for one of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** Unix ms of `spec.startAt`, else of the object's making; decides who is younger (the name decides a tie). */
  readonly startedAt: number;
  readonly spec: OverrideSpec;
}

export type ParsedOverride = { readonly override: Override } | { readonly problems: readonly Problem[] };

/**
 * Parses one `RoutingOverride`, or the `ClusterRoutingOverride` that an object without a namespace is. Each fault becomes a
 * problem that names the object and the field.
 */
export function parseOverride({ metadata, spec }: KubeRoutingOverride): ParsedOverride {
  const { namespace = '', name, uid = `${namespace}/${name}`, generation = 1, creationTimestamp } = metadata;
  const problem = (field: string, message: string): Problem => ({
    kind: kindOf(metadata),
    namespace,
    name,
    field,
    message,
  });
  const parsed = overrideSpec.safeParse(spec);
  if (!parsed.success) {
    const { issues } = parsed.error;
    return { problems: issues.map(({ path, message }) => problem(['spec', ...path.map(String)].join('.'), message)) };
  }
  if (namespace === '' && parsed.data.service !== undefined) {
    return { problems: [problem('spec.service', 'a ClusterRoutingOverride is about every Service')] };
  }
  const made = time.safeParse(creationTimestamp).data ?? 0;
  const { startAt = made } = parsed.data;
  return { override: { uid, namespace, name, generation, startedAt: startAt, spec: parsed.data } };
}

export const kindOf = ({ namespace = '' }: ObjectMeta): 'RoutingOverride' | 'ClusterRoutingOverride' =>
  namespace === '' ? 'ClusterRoutingOverride' : 'RoutingOverride';
