import { z } from 'zod';
import type { CityFrame, Look } from './city.ts';
import type { MapAnswer, MapQuestion } from './map-question.ts';
import type { Refusal } from './version.ts';

/**
 * What operators ask for: browser → hub as event `steer`, CLI → hub as `POST /api/v1/steer`; `docs/protocol.md` tells the
 * whole story. Every request that is not a dry run ends as one object in the cluster's API, or as a refusal.
 */
const name = z.string().min(1).max(253);
const names = z.array(name).max(1000);
const percent = z.int().min(0).max(100);
const weight = z.int().min(0).max(1000);
/** RFC 3339. */
const time = z.iso.datetime({ offset: true });

/** All fields that are given must match, as in `RoutingOverride.spec.backends`. */
export const steerBackends = z.strictObject({
  matchLabels: z.record(z.string().min(1).max(317), z.string().max(63)).optional(),
  podNames: names.optional(),
  nodeNames: names.optional(),
  zones: names.max(100).optional(),
  addresses: z.array(z.string().min(1).max(45)).max(1000).optional(),
});
export type SteerBackends = z.infer<typeof steerBackends>;

/** Whom a request is about. */
export const steerTarget = z.discriminatedUnion('kind', [
  /** One backend of the map: its pod (or bare address) in its Service, all ports. */
  z.strictObject({ kind: z.literal('backend'), id: z.string().min(1).max(1000) }),
  /** A group of backends of one Service; `backends` absent = all of them. */
  z.strictObject({
    kind: z.literal('service'),
    namespace: name,
    name,
    ports: z.array(z.string().max(63)).max(100).optional(),
    backends: steerBackends.optional(),
  }),
  /** A pod in all its Services. */
  z.strictObject({ kind: z.literal('pod'), namespace: name, name }),
  /** In all Services of the cluster. */
  z.strictObject({ kind: z.literal('node'), name }),
  z.strictObject({ kind: z.literal('zone'), name }),
  /** In all Services of a namespace (absent: of the cluster). */
  z.strictObject({
    kind: z.literal('labels'),
    namespace: name.optional(),
    matchLabels: z.record(z.string().min(1).max(317), z.string().max(63)),
  }),
  /** Everything that is chosen so, in all Services of a namespace (absent: of the cluster); at least one field is given. */
  z.strictObject({ kind: z.literal('chosen'), namespace: name.optional(), backends: steerBackends }),
  /** An override that is there, whoever made it. `namespace` absent: one of the whole cluster. */
  z.strictObject({ kind: z.literal('override'), namespace: name.optional(), name }),
]);
export type SteerTarget = z.infer<typeof steerTarget>;

const ramp = z.strictObject({ from: weight, seconds: z.int().min(1).max(86_400) });

/** What shall hold for the target. */
export const steerEffect = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('drain'),
    existing: z.enum(['wait', 'cutIdle', 'cut']).optional(),
    udp: z.enum(['wait', 'cutIdle', 'cut']).optional(),
    sticky: z.enum(['keep', 'expire']).optional(),
    deadlineSeconds: z.int().min(0).max(604_800).optional(),
    cutPerSecond: z.int().min(1).max(10_000).optional(),
  }),
  /** Without `ramp.from` the change would jump: the planner fills it from what holds now. */
  z.strictObject({ kind: z.literal('weight'), weight, ramp: ramp.partial({ from: true }).optional() }),
  z.strictObject({ kind: z.literal('share'), share: percent, ramp: ramp.partial({ from: true }).optional() }),
  /** Nothing of ours holds the target any more: undrain, neutral weight. */
  z.strictObject({ kind: z.literal('release') }),
]);
export type SteerEffect = z.infer<typeof steerEffect>;

const circumstances = {
  reason: z.string().max(1024).optional(),
  expiresAt: time.optional(),
  /** The floor may be broken: the person typed it. */
  allowEmpty: z.boolean().optional(),
  /** Nothing is written: the answer says what would be. */
  dryRun: z.boolean().optional(),
  /** `seen` of the preview or view that the person decided on: refused with `conflict` when that has changed since. */
  seen: z.string().max(64).optional(),
};

export const steerRequest = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('steer'), target: steerTarget, effect: steerEffect, ...circumstances }),
  /** Back to the state before a change of the audit trail. */
  z.strictObject({ action: z.literal('undo'), change: z.string().min(1).max(253), ...circumstances }),
]);
export type SteerRequest = z.infer<typeof steerRequest>;

/** One backend in the table of shares, in one service port. Shares are 0..1 of the new connections of the port. */
export const shareRow = z.object({
  /** Backend id of the map. */
  backend: z.string().max(1000),
  pod: z.string().max(253).optional(),
  node: z.string().max(253).optional(),
  before: z.object({ weight: z.number(), share: z.number(), draining: z.boolean() }),
  after: z.object({ weight: z.number(), share: z.number(), draining: z.boolean() }),
  /** New connections a second: measured over the last 10 s, and as they would fall to it; absent = not known. */
  rateBefore: z.number().optional(),
  rateAfter: z.number().optional(),
});
export type ShareRow = z.infer<typeof shareRow>;

export const shareTable = z.object({
  servicePort: z.string().max(600),
  rows: z.array(shareRow).max(2000),
  /** Backends that may take new connections, and how few the floor permits. */
  active: z.object({ before: z.int(), after: z.int(), floor: z.int(), of: z.int() }),
  /** Clients are held by session affinity: shares count for new clients only. */
  affinity: z.boolean(),
});
export type ShareTable = z.infer<typeof shareTable>;

/** What one node would write into its kernel: lines of `iptables-save`, of chains that differ. */
export interface NodeDifference {
  readonly node: string;
  /** Absent: the node did not answer, see `error`. */
  readonly chains?: readonly {
    readonly family: 'IPv4' | 'IPv6';
    readonly table: 'filter' | 'nat';
    readonly chain: string;
    readonly before: readonly string[];
    readonly after: readonly string[];
  }[];
  readonly error?: string;
}

/** One object that would be (or was) written. */
export interface PlannedWrite {
  readonly verb: 'create' | 'replace' | 'delete';
  readonly kind: 'RoutingOverride' | 'ClusterRoutingOverride';
  readonly namespace?: string;
  readonly name: string;
  /** The spec before and after, as in the API; absent where there is none. */
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface SteerPreview {
  readonly writes: readonly PlannedWrite[];
  readonly tables: readonly ShareTable[];
  /** True: there are more service ports than `tables` tells. */
  readonly truncated: boolean;
  /** Nodes whose rules were asked for a dry run. */
  readonly nodes: readonly NodeDifference[];
}

export type SteerAnswer =
  | {
      readonly ok: true;
      /** `namespace/name` of the object, `name` of one of the whole cluster; absent = nothing had to be written. */
      readonly override?: string;
      /** Names the change in the audit trail, for `undo`. Absent of dry runs and of nothing. */
      readonly change?: string;
      readonly message: string;
      /** Other overrides that this lifts or overrules, and whatever else should be known; in words. */
      readonly remarks: readonly string[];
      readonly preview?: SteerPreview;
      /** Names the state that this was decided on. */
      readonly seen: string;
    }
  | {
      readonly ok: false;
      readonly code: Refusal;
      readonly message: string;
      /** With `would-empty`: what would happen, so that a person may confirm it. */
      readonly preview?: SteerPreview;
      readonly seen?: string;
    };

/** Who looks, and what that person may do. */
export interface Session {
  /** As the cluster knows the person; `local admin` in a city without sign-in. */
  readonly user: string;
  readonly groups: readonly string[];
  readonly how: 'local' | 'token' | 'oidc' | 'proxy';
  /** Unix ms at which the session ends at the latest; absent = never. */
  readonly until?: number;
  /** Namespaces in which this person may write RoutingOverrides; `'all'` includes those of the whole cluster. */
  readonly maySteer: 'all' | readonly string[];
}

export type SessionChange =
  | { readonly state: 'session'; readonly session: Session }
  | { readonly state: 'ended'; readonly why: string };

export interface HubToBrowser {
  city: (frame: CityFrame) => void;
  /** Sent first, and again when rights change; after `ended` the hub closes the connection. */
  session: (session: SessionChange) => void;
}
export interface BrowserToHub {
  steer: (request: SteerRequest, answer: (answer: SteerAnswer) => void) => void;
  look: (look: Look) => void;
  ask: (question: MapQuestion, answer: (answer: MapAnswer) => void) => void;
  /** After a gap in `seq`: asks for a snapshot. */
  resync: () => void;
}
