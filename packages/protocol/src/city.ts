import { z } from 'zod';
import { agentMode, overrideState, tableFigures } from './agent.ts';
import { isolationReport, policyDirection, transport } from './isolation.ts';
import { peerRoute, routesReport } from './routes.ts';

/**
 * Hub → browser, socket.io namespace `/map`, event `city`: a snapshot (`reset`, many `set`, `sync`), then operations.
 * Records are keyed by kind and id; a `set` replaces the whole record. Edges, which change all the time, travel in the same
 * frame as numbers (`CityEdges`): everything in a frame is of one moment.
 */
const text = z.string();
const num = z.number();
const count = z.number().int().nonnegative();

export const clusterRecord = z.object({
  name: text,
  /** Of the dashboard. Absent of one before versions were told. */
  version: text.optional(),
  apiState: z.enum(['live', 'reconnecting']),
  /** Whether the cluster's events can be read; `why` not, in the API's words. */
  events: z.object({ state: z.enum(['reading', 'live', 'unreadable']), why: text.optional() }),
});
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
    /** What it does about rules; absent until it told. */
    mode: agentMode.optional(),
    inSync: z.boolean().optional(),
    error: text.optional(),
    servicePorts: num.optional(),
    chains: num.optional(),
    rules: num.optional(),
    lastSyncAt: num.optional(),
    lastSync: z.object({ chains: num, rules: num, milliseconds: num }).optional(),
    /** When another hand had last changed the rules, and how; they were repaired at that moment. */
    drift: z.object({ at: num, difference: z.string().max(1024) }).optional(),
    /** The last frame's figures, and the time of its dump (Unix ms). */
    conntrack: tableFigures.extend({ at: count }).optional(),
    version: text.optional(),
    /** What hinders the agent in words, each with what to do: rights that it lacks. */
    problems: z.array(z.string().max(1024)).optional(),
    /** What it enforces of NetworkPolicies; absent until it told. */
    isolation: z
      .object({
        state: isolationReport.shape.state,
        message: text.optional(),
        at: count,
        policies: count,
        rules: count,
        ownNode: isolationReport.shape.ownNode,
      })
      .optional(),
    /** What it does about routes to other nodes' pods; absent until it told. `missing`: peers without one, at most 20. */
    routes: z
      .object({
        mode: routesReport.shape.mode,
        state: routesReport.shape.state,
        message: text.optional(),
        at: count,
        direct: count,
        vxlan: count,
        none: count,
        missing: z.array(peerRoute),
        repaired: routesReport.shape.repaired,
      })
      .optional(),
    /** How the agent's version stands to the dashboard's; absent = the same minor version. */
    skew: z.object({ is: z.enum(['older', 'newer']), supported: z.boolean() }).optional(),
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
  /** NetworkPolicies that close it in a direction, as its node enforces them; a direction that is absent is open. Absent: not known. */
  gates: z.object({ ingress: z.array(text).optional(), egress: z.array(text).optional() }).optional(),
});

export const trafficPolicy = z.enum(['Cluster', 'Local']);

/** How a Service treats its clients, as its object says it; what is not right in it is among the `problems`. */
export const servicePolicy = z.object({
  /** Window of `sessionAffinity: ClientIP`, seconds; absent = clients are not kept. */
  affinitySeconds: num.optional(),
  internalTraffic: trafficPolicy,
  /** Absent when it has no door for clients from outside. */
  externalTraffic: trafficPolicy.optional(),
  externalIPs: z.array(text),
  /** What its load balancer is reached at: addresses, or names of balancers that open connections of their own. */
  loadBalancers: z.array(text),
  /** Clients that may use the load balancer's addresses; empty = everybody. */
  sourceRanges: z.array(text),
  healthCheckNodePort: num.optional(),
  /** Of type ExternalName: a name for the resolver, nothing is routed. */
  externalName: text.optional(),
  /** What it asks of the one who gives hints: `PreferSameZone`, or `Auto` of the annotation. */
  distribution: text.optional(),
});
export type ServicePolicy = z.infer<typeof servicePolicy>;

/** id: `namespace/name` */
export const serviceRecord = z.object({
  namespace: text,
  name: text,
  type: text,
  clusterIP: text.optional(),
  ports: z.array(
    z.object({
      key: text,
      name: text,
      port: num,
      protocol: text,
      targetPort: text.optional(),
      nodePort: num.optional(),
    }),
  ),
  policy: servicePolicy,
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
  /** Answers, also while it terminates. */
  serving: z.boolean(),
  terminating: z.boolean(),
  /** Zones and nodes whose clients should use it, as its EndpointSlice says; absent = no such hint. */
  hints: z.object({ zones: z.array(text).optional(), nodes: z.array(text).optional() }).optional(),
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
  /** `namespace/name`; absent = every Service that has its backends. */
  service: text.optional(),
  generation: num,
  createdAt: text,
  kind: z.enum(['drain', 'weight', 'share', 'invalid']),
  /** One of the whole cluster has no namespace, and `''` here. */
  cluster: z.boolean(),
  weight: num.optional(),
  /** Percent. */
  share: num.optional(),
  /** Where a ramp is at present, in the unit of its effect, and Unix ms of its end. */
  ramp: z.object({ from: num, value: num, until: num }).optional(),
  drain: z
    .object({
      existing: z.enum(['wait', 'cutIdle', 'cut']),
      udp: z.enum(['wait', 'cutIdle', 'cut']),
      sticky: z.enum(['keep', 'expire']),
      /** Unix ms. */
      deadline: num.optional(),
      cutPerSecond: num,
      /** Unix ms at which nothing will be left, judged by how it fell so far; absent = cannot be told. */
      doneAt: num.optional(),
      /** Connections that were ended for it, over all nodes. */
      cut: num,
      phase: z.enum(['draining', 'cutting', 'drained', 'unknown']),
    })
    .optional(),
  /** Unix ms. */
  startedAt: num.optional(),
  expiresAt: num.optional(),
  reason: text.optional(),
  /** Who made it, as far as the object says: annotation `kubecity.dev/by`, else the field manager that wrote it last. */
  by: text.optional(),
  /** The change of the audit trail that made it what it is (annotation `kubecity.dev/change`), for `undo`. */
  change: text.optional(),
  state: overrideState,
  message: text.optional(),
  /** Services (`namespace/name`) in which the floor lifts it, also while it applies in others. */
  liftedIn: z.array(text).optional(),
  /** Backend ids that have their weight from this override. */
  backends: z.array(text),
  nodes: z.object({
    desired: num,
    acknowledged: z.array(text),
    waitingFor: z.array(text),
    /** Their agents write no rules: nothing is steered there, and nobody waits for them. Absent = none. */
    observing: z.array(text).optional(),
  }),
  /** Still open on the backends of this override, summed over nodes; `atLeast` while an agent is silent. */
  connections: z.object({
    moving: num,
    idle: num,
    closing: num,
    waiting: num,
    coverage: z.enum(['complete', 'atLeast']),
  }),
});

/** Names of one edge, told once per connection. Client ids: `pod:<uid>`, `node:<name>`, `outside:<network>`. */
export const edgeName = z.object({
  client: z.object({ kind: z.enum(['pod', 'node', 'outside']), id: text, label: text, node: text.optional() }),
  /** `namespace/name`; `''` for connections past every Service. */
  service: text,
  servicePort: text,
  /** Backend id; of direct connections `|address:port`. */
  backend: text,
  /** The pod behind it when the connections were first seen. */
  podUid: text.optional(),
});
export type EdgeName = z.infer<typeof edgeName>;

/**
 * What one edge does, as of `CityFrame.at`, in 60 to 80 bytes of JSON:
 * [id, stale (0 or 1), moving, idle, closing, waiting, uncounted, opened, refused, unanswered,
 *  openedPerSecond, refusedPerSecond, bytesToBackendPerSecond, bytesToClientPerSecond, packetsPerSecond]
 * Rates are means over the last 10 s. Totals are since the hub first heard the agents (its own start at the earliest), as in
 * its `/metrics`; they go on when an agent is restarted.
 */
export const cityEdgeRow = z.array(num).length(15);
export type CityEdgeRow = z.infer<typeof cityEdgeRow>;

/** To be taken in this order: an edge that is forgotten may come back under another id in the same frame. */
export const cityEdges = z.object({
  /** Forget all edges first. */
  reset: z.boolean(),
  /** Ids that are gone, or not looked at any more. An id never means another edge on the same connection. */
  forget: z.array(count),
  define: z.array(z.tuple([count, edgeName])),
  rows: z.array(cityEdgeRow),
});
export type CityEdges = z.infer<typeof cityEdges>;

/** Per second, over the last 1 s, 10 s and 60 s. */
export const windows = z.object({ s1: num, s10: num, s60: num });
export type Windows = z.infer<typeof windows>;

/** Figures of one backend over the last 60 s; id: backend id */
export const loadRecord = z.object({
  openedPerSecond: windows,
  refusedPerSecond: windows,
  bytesPerSecond: windows,
  /** New connections in the window, and of its whole service port: observed share = opened / openedOfPort. */
  opened: num,
  openedOfPort: num,
  windowSeconds: num,
  /** The window begins where every node had the present wished shares; 0 s while one has not. Absent: they are older than it. */
  sinceChange: z.boolean().optional(),
  moving: num,
  idle: num,
  closing: num,
});

/** One point of the time line, every 5 s; id: Unix ms */
export const tickRecord = z.object({ at: num, openedPerSecond: num, bytesPerSecond: num, refusedPerSecond: num });

/** A flag on the time line; id: unique */
export const actionRecord = z.object({
  at: num,
  verb: z.enum(['drain', 'undrain', 'weight', 'share', 'reset', 'changed']),
  target: text,
  /** Who did it, as `by` of the override; kept when the override is gone. */
  by: text.optional(),
  overrideUid: text.optional(),
});

/** An event of the cluster about a Service, pod, node or override, seen within the last hour; id: the event's uid */
export const eventRecord = z.object({
  /** Unix ms: when it was seen last, and first. */
  at: num,
  firstAt: num,
  warning: z.boolean(),
  /** One word for machines: `Unhealthy`. */
  reason: text,
  note: text,
  /** How often it was seen. */
  count: count,
  about: z.object({
    kind: z.enum(['Service', 'Pod', 'Node', 'RoutingOverride']),
    /** Absent of nodes. */
    namespace: text.optional(),
    name: text,
    uid: text.optional(),
  }),
  /** Who tells it: `kubelet`. */
  source: text.optional(),
});

const policyFigures = z.object({ accepted: num, refused: num, acceptedPerSecond: num, refusedPerSecond: num });

/** A NetworkPolicy that some node enforces; id: `namespace/name` */
export const policyRecord = z.object({
  namespace: text,
  name: text,
  /** Pods that it closes in at least one direction. */
  pods: count,
  /** First packets since the hub first heard of them, and per second over the last 10 s; absent = it says nothing of that direction. */
  ingress: policyFigures.optional(),
  egress: policyFigures.optional(),
  /** What of its object the agents cannot read, the first 20: that part takes the closed side. Absent: nothing. */
  problems: z.array(z.object({ field: text, message: text })).optional(),
});

/** A connection that policies refuse, seen within the last minute; id: `from|to|protocol|port|direction` */
export const refusalRecord = z.object({
  client: z.object({ kind: z.enum(['pod', 'node', 'outside']), id: text, label: text, node: text.optional() }),
  /** `address` behind DNAT; the pod that has it, and a Service (`namespace/name`) whose backend it is, if any. */
  address: text,
  port: num,
  protocol: transport,
  podUid: text.optional(),
  service: text.optional(),
  direction: policyDirection,
  /** That refuse it; empty: nobody knows a pod with that address. */
  policies: z.array(text),
  /** Unix ms. */
  firstAt: num,
  lastAt: num,
  /** Node that refused it. */
  node: text,
});

export const recordKinds = {
  cluster: clusterRecord,
  namespace: namespaceRecord,
  node: nodeRecord,
  pod: podRecord,
  service: serviceRecord,
  backend: backendRecord,
  override: overrideRecord,
  load: loadRecord,
  tick: tickRecord,
  action: actionRecord,
  event: eventRecord,
  policy: policyRecord,
  refusal: refusalRecord,
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
  readonly edges?: CityEdges;
}

/** Browser → hub, event `look`: what is shown. All, until it is told. */
export const look = z.object({
  /** Edges of these are told with every frame. */
  services: z.union([z.literal('all'), z.array(z.string().max(253)).max(1000)]),
  /** Those of the others: slowly, each within ten frames; absent = not at all. */
  others: z.literal('slow').optional(),
});
export type Look = z.infer<typeof look>;
