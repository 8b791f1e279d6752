import type { FieldManager } from '@kubecity/kube';
import type { Acknowledgement, CityRecord } from '@kubecity/protocol';
import {
  BY_ANNOTATION,
  CHANGE_ANNOTATION,
  type KubeRoutingOverride,
  type Override,
  type OverrideOutcome,
} from '@kubecity/routing';
import { z } from 'zod';
import type { OpenConnections } from './traffic/backend-loads.ts';

type OverrideRecord = CityRecord<'override'>;

/** What the records of overrides are made of, besides the overrides themselves. */
export interface OverrideSurroundings {
  /** Unix ms. */
  readonly now: number;
  /** Nodes that are to run an agent. */
  readonly nodes: readonly string[];
  readonly isLive: (node: string) => boolean;
  /** Its agent writes no rules. */
  readonly observes: (node: string) => boolean;
  /** What a node said of an override with the last report that it read back in sync. */
  readonly acknowledgementOf: (node: string, uid: string) => Acknowledgement | undefined;
  /** Whether the node's figures of open connections began after it held the override. */
  readonly hasCountedSince: (node: string, uid: string) => boolean;
  /** Backend ids that have their weight from this override. */
  readonly backendsOf: (uid: string) => readonly string[];
  readonly openOf: (backend: string) => OpenConnections;
  /** Connections that agents ended for it, as far as this hub heard. */
  readonly cutOf: (uid: string) => number;
  /** When nothing will be left, Unix ms; undefined where it cannot be told. */
  readonly doneAt: (uid: string) => number | undefined;
  /** The hub has begun a moment ago: agents that are silent may only not be back yet. */
  readonly settling: boolean;
}

export function overrideRecord(
  outcome: OverrideOutcome,
  object: KubeRoutingOverride,
  around: OverrideSurroundings,
): OverrideRecord {
  const { override } = outcome;
  const { spec, startedAt } = override ?? {};
  const backends = [...around.backendsOf(outcome.uid)].sort();
  const observing = around.nodes.filter(around.observes);
  const steered = around.nodes.filter((node) => !around.observes(node));
  const acknowledgements = steered.map((node) => [node, around.acknowledgementOf(node, outcome.uid)] as const);
  const holding = ([, mine]: (typeof acknowledgements)[number]) => holds(mine, outcome);
  const nodes = {
    desired: steered.length,
    acknowledged: acknowledgements.filter(holding).map(([node]) => node),
    waitingFor: acknowledgements.filter((one) => !holding(one)).map(([node]) => node),
    ...(observing.length > 0 && { observing }),
  };
  const connections = {
    ...sumOpen(backends.map(around.openOf)),
    coverage: around.nodes.every(around.isLive) ? ('complete' as const) : ('atLeast' as const),
  };
  const service = spec?.service ?? wishedService(object);
  const record: OverrideRecord = {
    uid: outcome.uid,
    namespace: outcome.namespace,
    name: outcome.name,
    service: service === undefined ? undefined : `${outcome.namespace}/${service}`,
    generation: outcome.generation,
    createdAt: object.metadata.creationTimestamp ?? '',
    kind: kindOf(override),
    cluster: outcome.cluster,
    weight: spec?.weight,
    share: spec?.share,
    ramp: override && rampOf(override, outcome),
    startedAt,
    expiresAt: spec?.expiresAt,
    reason: spec?.reason,
    by: makerOf(object),
    change: object.metadata.annotations?.[CHANGE_ANNOTATION],
    state: outcome.state,
    message: messageOf(outcome),
    liftedIn: outcome.liftedIn && [...outcome.liftedIn],
    backends,
    nodes,
    connections,
  };
  if (!override?.spec.drain) return record;
  const lastCutAt = Math.max(0, ...acknowledgements.map(([, mine]) => mine?.cut?.at ?? 0));
  return { ...record, drain: drainOf(override, object, record, lastCutAt, around) };
}

function kindOf(override: Override | undefined): OverrideRecord['kind'] {
  if (!override) return 'invalid';
  if (override.spec.drain) return 'drain';
  return override.spec.weight === undefined ? 'share' : 'weight';
}

function rampOf({ spec, startedAt }: Override, { value }: OverrideOutcome): OverrideRecord['ramp'] {
  if (!spec.ramp || value === undefined) return undefined;
  return { from: spec.ramp.from, value, until: startedAt + spec.ramp.seconds * 1000 };
}

function drainOf(
  { spec, startedAt }: Override,
  object: KubeRoutingOverride,
  record: OverrideRecord,
  lastCutAt: number,
  around: OverrideSurroundings,
): OverrideRecord['drain'] {
  const { existing = 'wait', udp = existing, sticky = 'expire', deadlineSeconds, cutPerSecond = 0 } = spec.drain ?? {};
  const deadline = deadlineSeconds === undefined ? undefined : startedAt + deadlineSeconds * 1000;
  const told = toldOf(object);
  const phase = phaseOf(record, {
    cuts: existing === 'cut' || udp === 'cut' || (deadline !== undefined && around.now >= deadline),
    lastCutAt,
    counted: record.nodes.acknowledged.every((node) => around.hasCountedSince(node, record.uid)),
    wasDrained: around.settling && told.drained,
    now: around.now,
  });
  return {
    existing,
    udp,
    sticky,
    deadline,
    cutPerSecond,
    doneAt: phase === 'draining' || phase === 'cutting' ? around.doneAt(record.uid) : undefined,
    // what a hub before this one heard of agents before these
    cut: Math.max(around.cutOf(record.uid), told.cut),
    phase,
  };
}

/** Idle connections are ended as they become idle: it goes on while the last one was ended so lately. */
const CUTTING_MILLISECONDS = 15_000;

type Drain = NonNullable<OverrideRecord['drain']>;

interface PhaseFacts {
  readonly cuts: boolean;
  /** Each node that confirmed has counted since. */
  readonly counted: boolean;
  readonly lastCutAt: number;
  readonly wasDrained: boolean;
  readonly now: number;
}

/**
 * Drained is only what every node has confirmed and every agent says by a dump that began after that: one before it does not know
 * what was opened up to the confirmation. With nothing open where agents report, and others
 * silent, nobody knows. Closing connections carry nothing any more and are not waited for.
 */
function phaseOf(
  { state, nodes, connections }: Pick<OverrideRecord, 'state' | 'nodes' | 'connections'>,
  { cuts, counted, lastCutAt, wasDrained, now }: PhaseFacts,
): Drain['phase'] {
  if (state !== 'applied') return 'unknown';
  // Nobody carries it out.
  if (nodes.desired === 0 && nodes.observing) return 'unknown';
  const open = connections.moving + connections.idle + connections.waiting;
  const whole = connections.coverage === 'complete';
  if (open === 0 && nodes.desired > 0) {
    if (whole && counted && nodes.waitingFor.length === 0) return 'drained';
    if (wasDrained) return 'drained';
    if (!whole) return 'unknown';
  }
  return cuts || now - lastCutAt < CUTTING_MILLISECONDS ? 'cutting' : 'draining';
}

const storedStatus = z.object({
  observedGeneration: z.number(),
  cut: z.number().nonnegative().default(0),
  conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
});

/** What the status says of this very generation, written by a hub before this one perhaps. */
function toldOf({ metadata, status }: KubeRoutingOverride): { cut: number; drained: boolean } {
  const { data } = storedStatus.safeParse(status);
  if (!data || data.observedGeneration !== metadata.generation) return { cut: 0, drained: false };
  const drained = data.conditions.some(({ type, status }) => type === 'Drained' && status === 'True');
  return { cut: data.cut, drained };
}

/** Whom the object names as its maker; else the program that wrote its spec last, which is less but true. */
export function makerOf({ metadata }: KubeRoutingOverride): string | undefined {
  return metadata.annotations?.[BY_ANNOTATION] || managerOf({ metadata });
}

/** The program that wrote the spec last, as the API server noted it. */
export function managerOf({ metadata }: Pick<KubeRoutingOverride, 'metadata'>): string | undefined {
  const { managedFields = [] } = metadata as { readonly managedFields?: readonly FieldManager[] };
  const writers = managedFields.filter(({ subresource, manager }) => !subresource && manager);
  // the API tells whole seconds, and lists who came later behind
  return writers.reduce<FieldManager | undefined>(
    (last, one) => ((one.time ?? '') >= (last?.time ?? '') ? one : last),
    undefined,
  )?.manager;
}

/**
 * A node holds an override when it names this generation or a later one. Where the override applies, the node must have
 * applied it (one that still knows it as `noBackends` has not), and where its time is over or the floor lifts it, the
 * node must have let go.
 */
function holds(mine: Acknowledgement | undefined, { generation, state }: OverrideOutcome): boolean {
  if (mine === undefined || mine.generation < generation) return false;
  const mustAgree = state === 'applied' || state === 'expired' || state === 'lifted';
  return !mustAgree || mine.state === state;
}

/** The fault with its field before it; the message of an invalid spec names its fields already. */
function messageOf({ state, field, message }: OverrideOutcome): string | undefined {
  return field === undefined || state === 'invalid' ? message : `${field}: ${message}`;
}

function sumOpen(backends: readonly OpenConnections[]): OpenConnections {
  const sum = { moving: 0, idle: 0, closing: 0, waiting: 0 };
  for (const { moving, idle, closing, waiting } of backends) {
    sum.moving += moving;
    sum.idle += idle;
    sum.closing += closing;
    sum.waiting += waiting;
  }
  return sum;
}

/** Of a spec that is not valid. */
function wishedService(object: KubeRoutingOverride): string | undefined {
  const service = (object.spec as { service?: unknown } | undefined)?.service;
  return typeof service === 'string' ? service : undefined;
}
