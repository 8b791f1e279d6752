import { z } from 'zod';
import { explanation } from './explanation.ts';
import { finding, MOST_FINDINGS } from './finding.ts';
import type { IsolationReport, PolicyCounts, RefusedAttempts } from './isolation.ts';
import type { RoutesReport } from './routes.ts';

/**
 * Agent ↔ hub, socket.io namespace `/agents`; `docs/protocol.md` tells the whole story. The handshake (`auth`) is
 * `agentHello`; the hub answers with `welcome`. Every message is parsed on arrival and bounded in size.
 */
const text = z.string().max(253);
const count = z.number().int().nonnegative();
const servicePortKey = z.string().max(600);

export const agentHello = z.object({
  /** Versions this agent speaks; the hub takes the highest that it knows, or refuses with `protocol-version`. */
  protocols: z.array(z.number().int()).min(1).max(16),
  token: z.string().max(4096),
  node: text.min(1),
  /** Drawn anew when the agent, or the process in it that counts, begins anew; totals begin again at zero with it. */
  epoch: text.min(1),
  version: text,
});
export type AgentHello = z.infer<typeof agentHello>;

/** What an agent shows again while it is connected; its token may have been renewed since the handshake. */
export const tokenProof = agentHello.pick({ token: true });
export type TokenProof = z.infer<typeof tokenProof>;

/**
 * What is being looked at. Edges of these Services (`namespace/name`), or of all, are told after every dump; changes of
 * the others are told at least every `SLOW_EDGES_MS`. Totals are totals: nothing is lost by being told later.
 */
export const interest = z.object({ services: z.union([z.literal('all'), z.array(text).max(10_000)]) });
export type Interest = z.infer<typeof interest>;
export const SLOW_EDGES_MS = 10_000;

export const welcome = z.object({ protocol: z.number().int(), interest });
export type Welcome = z.infer<typeof welcome>;

/**
 * - `applied`: at least one backend has its weight from this override
 * - `invalid`: the spec is refused
 * - `noService`, `noBackends`: it names nothing that is there (it will apply as soon as something is)
 * - `overruled`: every backend that it names is held by another override
 * - `lifted`: it would break the floor of a Service and does not say `allowEmpty`
 * - `expired`: its time is over
 */
export const overrideState = z.enum([
  'applied',
  'invalid',
  'noService',
  'noBackends',
  'overruled',
  'lifted',
  'expired',
]);

/** One override as this node sees it, after reading the kernel back. */
export const acknowledgement = z.object({
  uid: text,
  namespace: text,
  name: text,
  generation: count,
  state: overrideState,
  message: z.string().max(1024).optional(),
  /** Of a ramp: the weight or share that the kernel holds at present. */
  value: z.number().nonnegative().optional(),
  /** Connections of this node that were ended for it, and when the last one was (Unix ms). */
  cut: z.object({ connections: count, at: count }).optional(),
});
export type Acknowledgement = z.infer<typeof acknowledgement>;

export const agentProblem = z.object({
  kind: text,
  namespace: text,
  name: text,
  field: text,
  message: z.string().max(1024),
});

/**
 * - `observe`: writes no rule and acknowledges no override
 * - `steer`: programs the service ports that an override acts on, in front of another Service proxy
 * - `replace`: is the Service proxy of its node
 */
export const agentMode = z.enum(['observe', 'steer', 'replace']);
export type AgentMode = z.infer<typeof agentMode>;

export const rulesReport = z.object({
  /** Unix time in milliseconds at which the kernel was read back. */
  at: count,
  mode: agentMode,
  /** False while the kernel differs from what the API wishes (an apply failed, or the lists are not complete yet). */
  inSync: z.boolean(),
  error: z.string().max(2048).optional(),
  servicePorts: count,
  chains: count,
  rules: count,
  /** Cost of the last transaction: chains rewritten and rules in them. */
  lastSync: z.object({ chains: count, rules: count, milliseconds: z.number().nonnegative() }),
  /** The last time another hand had changed our rules; they were repaired at that moment. Absent = never since the start. */
  drift: z.object({ at: count, difference: z.string().max(1024) }).optional(),
  /** The whole list each time: an override that is missing is no longer in this node's kernel. */
  acknowledged: z.array(acknowledgement).max(10_000),
  problems: z.array(agentProblem).max(1_000),
});
export type RulesReport = z.infer<typeof rulesReport>;

/** Who opened the connection, as the kernel of the node that counts it saw it. */
export const edgeClient = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pod'), uid: text, namespace: text, name: text }),
  z.object({ kind: z.literal('node'), name: text }),
  /** `203.0.113.0/24`: clients outside the cluster are grouped by network. `other` sums clients beyond the bound. */
  z.object({ kind: z.literal('outside'), network: text }),
]);
export type EdgeClient = z.infer<typeof edgeClient>;

export const edgeKey = z.object({
  client: edgeClient,
  /** `namespace/name:portName/PROTOCOL`; `''` for connections to a pod's own address, past every Service. */
  servicePort: servicePortKey,
  /** `address:port` (`[address]:port`) of the backend, after DNAT. */
  backend: text,
  /** The pod behind that address when the connection was first seen: a reused address is another edge. */
  pod: z.object({ uid: text, namespace: text, name: text }).optional(),
});
export type EdgeKey = z.infer<typeof edgeKey>;

/**
 * Totals since the agent's epoch (never falling), then what there is now:
 * [id, opened, refused, unanswered, packetsToBackend, bytesToBackend, packetsToClient, bytesToClient,
 *  moving, idle, closing, waiting, uncounted]
 * - refused: the backend answered a first packet with RST; unanswered: first packet without an answer when it expired
 * - moving: open, and bytes moved between the last two dumps; idle: open and quiet; closing: TCP between its
 *   first FIN and last ACK; waiting: TCP whose first packet has no answer yet. What is over (TIME_WAIT, CLOSE) is in none
 * - uncounted: of the open ones, those without packet and byte counters (older than `nf_conntrack_acct=1`)
 */
export type EdgeRow = [
  id: number,
  opened: number,
  refused: number,
  unanswered: number,
  packetsToBackend: number,
  bytesToBackend: number,
  packetsToClient: number,
  bytesToClient: number,
  moving: number,
  idle: number,
  closing: number,
  waiting: number,
  uncounted: number,
];
const EDGE_ROW_LENGTH = 13;
/** One function, not a tuple of thirteen schemas: a hub of 200 nodes parses 40,000 rows a second. */
export const edgeRow = z.custom<EdgeRow>(
  (row) => Array.isArray(row) && row.length === EDGE_ROW_LENGTH && row.every(isCount),
  `not ${EDGE_ROW_LENGTH} whole numbers from 0`,
);
function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The node's connection table and the state of its accounting: age, loss and coverage of the figures. */
export const tableFigures = z.object({
  entries: count,
  /** 0 = no limit. */
  max: count,
  /** Entries that the kernel could not insert, dropped packets of, or evicted early, since the agent's start. */
  insertFailed: count,
  dropped: count,
  earlyDropped: count,
  /** Flows in the last dump without packet and byte counters. */
  withoutCounters: count,
  /** Dumps that were cut short or failed since the epoch. */
  lostDumps: count,
  /** Times at which refused connections may have been missed since the epoch. */
  lostEvents: count,
  /** Flows that ended without their final figures having been seen, since the epoch: bytes may be missing. */
  endedUnseen: count,
  /** Flows of the last dump that belong to no edge of this node: counted elsewhere, or of nobody we know. */
  elsewhere: count,
  /** Of those, flows translated to a destination that no Service or pod of the cluster explains. */
  unexplained: count,
  /** Edges beyond the bound, whose clients are summed under `other`. */
  folded: count,
  dumpMilliseconds: z.number().nonnegative(),
  /** From one dump to the next, at present: stretches with the table within the CPU budget. */
  periodMilliseconds: z.number().nonnegative(),
});
export type TableFigures = z.infer<typeof tableFigures>;

export const edgeFrame = z.object({
  /** 0 for a frame that carries every edge (`reset`), then +1 each; a gap makes the hub ask for a reset (event `resync`). */
  seq: count,
  reset: z.boolean(),
  /** Unix time in milliseconds of the dump. */
  at: count,
  /** Names of ids that are new to this connection. */
  define: z.array(z.tuple([count, edgeKey])).max(200_000),
  /** Edges that changed since they were told last. */
  rows: z.array(edgeRow).max(200_000),
  /** Ids that are gone; their totals are final. */
  forget: z.array(count).max(200_000),
  table: tableFigures,
});
export type EdgeFrame = z.infer<typeof edgeFrame>;

/** What the hub may ask of an agent; each question is answered once, within `ASK_TIMEOUT_MS`. */
export const agentQuestion = z.discriminatedUnion('kind', [
  /** The rules of one Service as the kernel holds them at this moment, with their counters. */
  z.object({ kind: z.literal('rules'), service: text }),
  /** Single connections of one backend or service port, the busiest first. */
  z.object({
    kind: z.literal('flows'),
    servicePort: servicePortKey,
    backend: text.optional(),
    limit: z.number().int().min(1).max(1000),
  }),
  /** Ends connections of one backend: deletes their entries, at most `perSecond`, so that the next packet finds no way. */
  z.object({
    kind: z.literal('endFlows'),
    servicePort: servicePortKey,
    backend: text,
    classes: z.array(z.enum(['moving', 'idle', 'closing', 'waiting'])).min(1),
    perSecond: z.number().int().min(1).max(100_000),
  }),
  /**
   * What would become of the first packet of a connection here: of a pod of this node, of a program on it (whose address
   * the kernel chooses), or of a client outside whose packets come in through this node. Agents before this question
   * refuse it with `invalid-request`.
   */
  z.object({
    kind: z.literal('explain'),
    from: z.enum(['pod', 'node', 'outside']),
    source: z.string().max(64).optional(),
    destination: z.string().max(64),
    port: z.number().int().min(1).max(65_535),
    protocol: z.enum(['TCP', 'UDP', 'SCTP']),
  }),
  /**
   * The rules that this node would write if these objects were in the API now; nothing is written. `object` absent: as if
   * it were deleted. Agents before this question refuse it with `invalid-request`.
   */
  z.object({
    kind: z.literal('preview'),
    changes: z
      .array(
        z.object({
          kind: z.enum(['RoutingOverride', 'ClusterRoutingOverride']),
          namespace: text.optional(),
          name: text,
          object: z.unknown().optional(),
        }),
      )
      .min(1)
      .max(20),
  }),
  /** What `kubecity-agent doctor` says of this node. Agents before this question refuse it with `invalid-request`. */
  z.object({ kind: z.literal('diagnose') }),
]);
export type AgentQuestion = z.infer<typeof agentQuestion>;
export const ASK_TIMEOUT_MS = 30_000;

export const kernelRule = z.object({ rule: z.string().max(4096), packets: count, bytes: count });
export const kernelChain = z.object({
  family: z.enum(['IPv4', 'IPv6']),
  table: z.enum(['filter', 'nat']),
  chain: text,
  rules: z.array(kernelRule).max(10_000),
  /** The same rules as this node wishes them now; absent from agents that do not tell. */
  wished: z.array(z.string().max(4096)).max(10_000).optional(),
});
export type KernelChain = z.infer<typeof kernelChain>;

export const flowDetail = z.object({
  protocol: z.string().max(16),
  client: edgeClient,
  source: z.string().max(64),
  destination: z.string().max(64),
  backend: text,
  state: z.enum(['moving', 'idle', 'closing', 'waiting', 'over']),
  /** Unix ms of the first sight; the connection may be older. */
  since: count,
  packetsToBackend: count,
  bytesToBackend: count,
  packetsToClient: count,
  bytesToClient: count,
  counted: z.boolean(),
});
export type FlowDetail = z.infer<typeof flowDetail>;

export const agentAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('rules'), at: count, chains: z.array(kernelChain).max(10_000), truncated: z.boolean() }),
  z.object({ kind: z.literal('flows'), at: count, total: count, flows: z.array(flowDetail).max(1000) }),
  /** `matched` were asked for, `deleted` were there and are gone, `left` opened or failed meanwhile. */
  z.object({ kind: z.literal('endFlows'), at: count, matched: count, deleted: count, left: count }),
  explanation,
  /** Chains that would differ, as `iptables-save` writes their rules; `before` or `after` empty: the chain is not there. */
  z.object({
    kind: z.literal('preview'),
    at: count,
    chains: z
      .array(
        z.object({
          family: z.enum(['IPv4', 'IPv6']),
          table: z.enum(['filter', 'nat']),
          chain: text,
          before: z.array(z.string().max(4096)).max(10_000),
          after: z.array(z.string().max(4096)).max(10_000),
        }),
      )
      .max(10_000),
    truncated: z.boolean(),
  }),
  z.object({
    kind: z.literal('diagnose'),
    at: count,
    version: text,
    findings: z.array(finding).max(MOST_FINDINGS),
  }),
  z.object({
    kind: z.literal('refused'),
    code: z.enum(['invalid-request', 'not-found', 'busy', 'failed']),
    message: z.string().max(1024),
  }),
]);
export type AgentAnswer = z.infer<typeof agentAnswer>;

export interface AgentToHub {
  rules: (report: RulesReport) => void;
  /** `taken` is called when the hub has used the frame: an agent has at most two frames on the way, and merges the rest. */
  edges: (frame: EdgeFrame, taken: () => void) => void;
  isolation: (report: IsolationReport) => void;
  policyCounts: (counts: PolicyCounts) => void;
  refusedAttempts: (attempts: RefusedAttempts) => void;
  routes: (report: RoutesReport) => void;
}
export interface HubToAgent {
  welcome: (welcome: Welcome) => void;
  interest: (interest: Interest) => void;
  /** The hub lost the thread: send a frame with `reset`. */
  resync: () => void;
  ask: (question: AgentQuestion, answer: (answer: AgentAnswer) => void) => void;
  /** From protocol 3 on: show the token anew, as it is by now. */
  prove: (answer: (proof: TokenProof) => void) => void;
}
