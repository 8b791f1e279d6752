import { agentAnswer, cityEdgeRow, edgeName, flowDetail, type MapAnswer, REFUSALS } from '@kubecity/protocol';
import { z } from 'zod';

const count = z.number().nonnegative();

const point = z.object({
  at: z.number(),
  opened: count,
  refused: count,
  unanswered: count,
  bytesToBackend: count,
  bytesToClient: count,
  packets: count,
  open: count,
});

const text = z.string().max(16_384);

const auditEntry = z.object({
  id: text,
  at: z.number(),
  who: text,
  how: z.enum(['dashboard', 'cli', 'kubectl', 'agent']),
  what: z.enum(['create', 'replace', 'delete', 'undo', 'refused', 'lifted', 'expired', 'drained', 'cut']),
  kind: z.enum(['RoutingOverride', 'ClusterRoutingOverride']),
  namespace: text.optional(),
  name: text,
  uid: text.optional(),
  generation: z.number().optional(),
  service: text.optional(),
  reason: text.optional(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  of: text.optional(),
  outcome: text.optional(),
});

const answer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('rules'), nodes: z.array(z.object({ node: z.string(), answer: agentAnswer })) }),
  z.object({
    kind: z.literal('flows'),
    total: count,
    flows: z.array(flowDetail.extend({ node: z.string() })),
    silent: z.array(z.string()),
  }),
  z.object({ kind: z.literal('history'), stepMilliseconds: z.number().positive(), points: z.array(point) }),
  z.object({
    kind: z.literal('moment'),
    at: z.number(),
    stepMilliseconds: z.number().positive(),
    edges: z.array(z.tuple([edgeName, cityEdgeRow])),
    folded: count,
  }),
  z.object({ kind: z.literal('explain'), node: z.string(), answer: agentAnswer }),
  z.object({ kind: z.literal('audit'), entries: z.array(auditEntry).max(10_000), truncated: z.boolean() }),
  z.object({ kind: z.literal('refused'), code: z.enum(REFUSALS), message: z.string() }),
]);

/** Reads the hub's answer; what is not one is an answer of its own, with the reason. */
export function parseAnswer(message: unknown): MapAnswer {
  const parsed = answer.safeParse(message);
  if (parsed.success) return parsed.data;
  return { kind: 'refused', code: 'invalid-message', message: z.prettifyError(parsed.error) };
}
