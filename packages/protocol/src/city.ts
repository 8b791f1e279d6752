import { z } from 'zod';

/**
 * Hub → browser, socket.io namespace `/map`, event `city`: a snapshot (`reset`, many `set`, `sync`), then operations.
 * Records are keyed by kind and id; a `set` replaces the whole record.
 */
const text = z.string();
const num = z.number();

export const clusterRecord = z.object({ name: text, apiState: z.enum(['live', 'reconnecting']) });
export const namespaceRecord = z.object({ name: text });

/** id: node name */
export const nodeRecord = z.object({
  name: text,
  zone: text.optional(),
  ready: z.boolean(),
  addresses: z.array(text),
  podCIDR: text.optional(),
  agent: z.object({
    /** live: frames arrive; stale: connected or lately seen but silent; absent: never seen */
    state: z.enum(['live', 'stale', 'absent']),
    /** Unix ms of the last frame. */
    lastFrameAt: num.optional(),
    inSync: z.boolean().optional(),
    error: text.optional(),
    servicePorts: num.optional(),
    chains: num.optional(),
    rules: num.optional(),
    lastSyncAt: num.optional(),
    lastSync: z.object({ chains: num, rules: num, milliseconds: num }).optional(),
    /** When another hand had last changed the rules, and how; they were repaired at that moment. */
    drift: z.object({ at: num, difference: z.string().max(1024) }).optional(),
    conntrack: z.object({ entries: num, max: num, withoutCounters: num, lostDumps: num }).optional(),
    version: text.optional(),
  }),
});

/** id: pod uid */
export const podRecord = z.object({
  uid: text,
  namespace: text,
  name: text,
  node: text.optional(),
  ip: text.optional(),
  phase: text,
  ready: z.boolean(),
  terminating: z.boolean(),
  labels: z.record(text, text),
});

/** id: `namespace/name` */
export const serviceRecord = z.object({
  namespace: text,
  name: text,
  type: text,
  clusterIP: text.optional(),
  ports: z.array(z.object({ key: text, name: text, port: num, protocol: text, targetPort: text.optional() })),
  problems: z.array(z.object({ field: text, message: text })),
});

/** id: `<servicePort key>|address:port` */
export const backendRecord = z.object({
  service: text,
  servicePort: text,
  address: text,
  port: num,
  node: text.optional(),
  zone: text.optional(),
  podUid: text.optional(),
  podName: text.optional(),
  usable: z.boolean(),
  ready: z.boolean(),
  terminating: z.boolean(),
  weight: num,
  draining: z.boolean(),
  overrideUid: text.optional(),
  /** Wished share of new connections of this service port, 0..1. */
  wishedShare: num,
});

/** id: override uid */
export const overrideRecord = z.object({
  uid: text,
  namespace: text,
  name: text,
  service: text,
  generation: num,
  createdAt: text,
  kind: z.enum(['drain', 'weight', 'invalid']),
  weight: num.optional(),
  reason: text.optional(),
  state: z.enum(['applied', 'invalid', 'noService', 'noBackends', 'overruled', 'lifted']),
  message: text.optional(),
  /** Backend ids that have their weight from this override. */
  backends: z.array(text),
  nodes: z.object({ desired: num, acknowledged: z.array(text), waitingFor: z.array(text) }),
  /** Still open on the backends of this override, summed over nodes; `atLeast` while an agent is silent. */
  connections: z.object({ moving: num, idle: num, closing: num, coverage: z.enum(['complete', 'atLeast']) }),
});

/** id: `<client id>><backend id>`; client ids: `pod:<uid>`, `node:<name>`, `outside:<address>` */
export const edgeRecord = z.object({
  client: z.object({ kind: z.enum(['pod', 'node', 'outside']), id: text, label: text, node: text.optional() }),
  service: text,
  servicePort: text,
  backend: text,
  /** Per second, over the last frames (about 3 s). */
  openedPerSecond: num,
  refusedPerSecond: num,
  bytesToBackendPerSecond: num,
  bytesToClientPerSecond: num,
  packetsPerSecond: num,
  moving: num,
  idle: num,
  closing: num,
  /** Since the agents' start. */
  opened: num,
  refused: num,
  unanswered: num,
  stale: z.boolean(),
});

/** Figures of one backend over the last 60 s; id: backend id */
export const loadRecord = z.object({
  openedPerSecond: num,
  refusedPerSecond: num,
  bytesPerSecond: num,
  /** New connections in the window, and of its whole service port: observed share = opened / openedOfPort. */
  opened: num,
  openedOfPort: num,
  windowSeconds: num,
  moving: num,
  idle: num,
  closing: num,
});

/** One point of the time line, every 5 s; id: Unix ms */
export const tickRecord = z.object({ at: num, openedPerSecond: num, bytesPerSecond: num, refusedPerSecond: num });

/** A flag on the time line; id: unique */
export const actionRecord = z.object({
  at: num,
  verb: z.enum(['drain', 'undrain', 'weight', 'reset', 'changed']),
  target: text,
  overrideUid: text.optional(),
});

export const recordKinds = {
  cluster: clusterRecord,
  namespace: namespaceRecord,
  node: nodeRecord,
  pod: podRecord,
  service: serviceRecord,
  backend: backendRecord,
  override: overrideRecord,
  edge: edgeRecord,
  load: loadRecord,
  tick: tickRecord,
  action: actionRecord,
} as const;
export type RecordKind = keyof typeof recordKinds;
export type CityRecord<K extends RecordKind> = z.infer<(typeof recordKinds)[K]>;

export type CityOp =
  | readonly ['reset']
  | { [K in RecordKind]: readonly ['set', K, string, CityRecord<K>] }[RecordKind]
  | readonly ['delete', RecordKind, string]
  | readonly ['sync'];

export interface CityFrame {
  readonly protocol: number;
  /** Drawn anew when the hub starts. */
  readonly epoch: string;
  readonly seq: number;
  /** Unix ms by the hub's clock. */
  readonly at: number;
  readonly ops: readonly CityOp[];
}
