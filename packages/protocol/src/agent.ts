import { z } from 'zod';

/**
 * Agent → hub, socket.io namespace `/agents`. The handshake (`auth`) is `agentHello`; then two events:
 * `rules` (what the kernel holds and which wishes are acknowledged) and `edges` (traffic since the agent's start).
 */
const text = z.string().max(253);
const count = z.number().int().nonnegative();

export const agentHello = z.object({
  protocol: z.number().int(),
  token: z.string().max(4096),
  node: text.min(1),
  /** Drawn anew at each agent start; counters begin again with it. */
  epoch: text.min(1),
  version: text,
});
export type AgentHello = z.infer<typeof agentHello>;

/** One override as this node sees it, after reading the kernel back. */
export const acknowledgement = z.object({
  uid: text,
  namespace: text,
  name: text,
  generation: count,
  state: z.enum(['applied', 'invalid', 'noService', 'noBackends', 'overruled', 'lifted']),
  message: z.string().max(1024).optional(),
});
export type Acknowledgement = z.infer<typeof acknowledgement>;

export const agentProblem = z.object({
  kind: text,
  namespace: text,
  name: text,
  field: text,
  message: z.string().max(1024),
});

export const rulesReport = z.object({
  /** Unix time in milliseconds at which the kernel was read back. */
  at: count,
  mode: z.enum(['replace']),
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

/** Who opened the connection, as the kernel of the entry node saw it. */
export const edgeClient = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pod'), uid: text, namespace: text, name: text }),
  z.object({ kind: z.literal('node'), name: text }),
  z.object({ kind: z.literal('outside'), address: text }),
]);
export type EdgeClient = z.infer<typeof edgeClient>;

export const edgeKey = z.object({
  client: edgeClient,
  /** `namespace/name:portName/PROTOCOL` */
  servicePort: z.string().max(600),
  /** `address:port` of the backend, after DNAT. */
  backend: text,
});
export type EdgeKey = z.infer<typeof edgeKey>;

/**
 * Totals since the agent's epoch (never falling), then what is open now:
 * [id, opened, refused, unanswered, packetsToBackend, bytesToBackend, packetsToClient, bytesToClient, moving, idle, closing]
 * - refused: the backend answered a first packet with RST; unanswered: first packet without an answer when it expired
 * - moving: open, and bytes moved between the last two dumps; idle: open and quiet; closing: TCP between its
 *   first FIN and last ACK. What is over (TIME_WAIT, CLOSE) and what is not established yet is in none of the three
 */
export const edgeRow = z.tuple([count, count, count, count, count, count, count, count, count, count, count]);
export type EdgeRow = z.infer<typeof edgeRow>;

export const edgeFrame = z.object({
  /** 0 for a frame that carries every edge (`reset`), then +1 each; a gap makes the hub ask for a reset (event `resync`). */
  seq: count,
  reset: z.boolean(),
  /** Unix time in milliseconds of the dump. */
  at: count,
  /** Names of ids that are new to this connection. */
  define: z.array(z.tuple([count, edgeKey])).max(200_000),
  /** Edges that changed since the last frame. */
  rows: z.array(edgeRow).max(200_000),
  /** Ids that are gone; their totals are final. */
  forget: z.array(count).max(200_000),
  table: z.object({
    entries: count,
    max: count,
    /** Flows without byte counters (older than nf_conntrack_acct=1). */
    withoutCounters: count,
    /** Dumps that were cut short or failed since the epoch. */
    lostDumps: count,
    dumpMilliseconds: z.number().nonnegative(),
  }),
});
export type EdgeFrame = z.infer<typeof edgeFrame>;

export interface AgentToHub {
  rules: (report: RulesReport) => void;
  edges: (frame: EdgeFrame) => void;
}
export interface HubToAgent {
  /** The hub lost the thread: send a frame with `reset`. */
  resync: () => void;
}
