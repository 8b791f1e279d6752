import { z } from 'zod';
import type { AgentAnswer, FlowDetail } from './agent.ts';
import type { AuditEntry } from './audit.ts';
import type { CityEdgeRow, EdgeName } from './city.ts';
import type { Refusal } from './version.ts';

const count = z.number().int().nonnegative();

/** Browser → hub, event `ask`, answered by its acknowledgement with a `MapAnswer`. */
export const mapQuestion = z.discriminatedUnion('kind', [
  /** Rules of one Service, read from the kernels now: of one node, or of all. */
  z.object({ kind: z.literal('rules'), service: z.string().max(253), node: z.string().max(253).optional() }),
  /** Single connections of a service port or one backend, from all nodes that count some. */
  z.object({ kind: z.literal('flows'), servicePort: z.string().max(600), backend: z.string().max(253).optional() }),
  /** The whole city, or one service port, between two times (Unix ms), as finely as the hub still knows. */
  z.object({ kind: z.literal('history'), from: count, to: count, servicePort: z.string().max(600).optional() }),
  /** The edges as they were at that time: what the map shows when it is rewound. */
  z.object({ kind: z.literal('moment'), at: count }),
  /** Who spoke with whom between two times (Unix ms), as far as edges were kept one by one. */
  z.object({ kind: z.literal('seen'), from: count, to: count }),
  /** Who changed what, the newest first, at most `limit`; times in Unix ms. */
  z.object({
    kind: z.literal('audit'),
    since: count.optional(),
    until: count.optional(),
    limit: z.number().int().min(1).max(10_000),
  }),
  /** What each node's agent finds amiss with its node; of one node, or of all. */
  z.object({ kind: z.literal('diagnose'), node: z.string().max(253).optional() }),
  /** What becomes of a connection's first packet, by the rules in the kernel of the node where it meets them. */
  z.object({
    kind: z.literal('explain'),
    source: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('pod'), uid: z.string().max(253) }),
      z.object({ kind: z.literal('node'), node: z.string().max(253) }),
      /** `node`: the one it comes in through. */
      z.object({ kind: z.literal('outside'), address: z.string().max(64), node: z.string().max(253) }),
    ]),
    destination: z.object({
      address: z.string().max(64),
      port: z.number().int().min(1).max(65_535),
      protocol: z.enum(['TCP', 'UDP', 'SCTP']),
    }),
  }),
]);
export type MapQuestion = z.infer<typeof mapQuestion>;

/** Sums over one step: connections, bytes, packets; `open` is the mean of what was open. */
export interface HistoryPoint {
  readonly at: number;
  readonly opened: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly bytesToBackend: number;
  readonly bytesToClient: number;
  readonly packets: number;
  readonly open: number;
}

export const MOST_SEEN = 50_000;

/**
 * Places of its ends, connections opened in that time (at least), what of it was open when it was seen last, Unix ms of that; then
 * how many of those that were opened were refused, and were never answered. Dashboards before these two say nothing of them.
 */
export type SeenEdge = readonly [
  client: number,
  backend: number,
  opened: number,
  open: number,
  at: number,
  refused?: number,
  unanswered?: number,
];

export type MapAnswer =
  | { readonly kind: 'rules'; readonly nodes: readonly { readonly node: string; readonly answer: AgentAnswer }[] }
  | {
      readonly kind: 'flows';
      readonly total: number;
      readonly flows: readonly (FlowDetail & { readonly node: string })[];
      /** Nodes that did not answer. */
      readonly silent: readonly string[];
    }
  /** A step without a point: no agent had news in it. */
  | { readonly kind: 'history'; readonly stepMilliseconds: number; readonly points: readonly HistoryPoint[] }
  | {
      readonly kind: 'moment';
      /** Of what is shown: the nearest that is known, at or before the time asked for. */
      readonly at: number;
      readonly stepMilliseconds: number;
      readonly edges: readonly (readonly [EdgeName, CityEdgeRow])[];
      /** Edges of that moment that were not kept one by one. */
      readonly folded: number;
    }
  | {
      readonly kind: 'seen';
      /** Unix ms of the first and the last moment that are known: what the counts are of. */
      readonly from: number;
      readonly to: number;
      /** Both ends of the edges, each once. */
      readonly clients: readonly EdgeName['client'][];
      readonly backends: readonly Omit<EdgeName, 'client'>[];
      /** The busiest first, at most `MOST_SEEN`. */
      readonly edges: readonly SeenEdge[];
      /** Edges that are not among them, at least. */
      readonly folded: number;
      /** Connections opened in that time, of all edges. */
      readonly opened: number;
    }
  | { readonly kind: 'explain'; readonly node: string; readonly answer: AgentAnswer }
  /** `version`: of the dashboard. */
  | {
      readonly kind: 'diagnose';
      readonly version: string;
      readonly nodes: readonly { readonly node: string; readonly answer: AgentAnswer }[];
    }
  /** `truncated`: there are older ones between `since` and `until`. */
  | { readonly kind: 'audit'; readonly entries: readonly AuditEntry[]; readonly truncated: boolean }
  | { readonly kind: 'refused'; readonly code: Refusal; readonly message: string };
