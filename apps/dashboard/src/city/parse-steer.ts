import { REFUSALS, type SteerAnswer, shareTable } from '@kubecity/protocol';
import { z } from 'zod';

const text = z.string().max(16_384);
const lines = z.array(z.string().max(4096)).max(10_000);

const preview = z.object({
  writes: z
    .array(
      z.object({
        verb: z.enum(['create', 'replace', 'delete']),
        kind: z.enum(['RoutingOverride', 'ClusterRoutingOverride']),
        namespace: text.optional(),
        name: text,
        before: z.unknown().optional(),
        after: z.unknown().optional(),
      }),
    )
    .max(100),
  tables: z.array(shareTable).max(10_000),
  truncated: z.boolean(),
  nodes: z
    .array(
      z.object({
        node: text,
        chains: z
          .array(
            z.object({
              family: z.enum(['IPv4', 'IPv6']),
              table: z.enum(['filter', 'nat']),
              chain: text,
              before: lines,
              after: lines,
            }),
          )
          .max(10_000)
          .optional(),
        error: text.optional(),
      }),
    )
    .max(10_000),
});

const answer = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    override: text.optional(),
    change: text.optional(),
    message: text,
    remarks: z.array(text).max(1000),
    preview: preview.optional(),
    seen: text,
  }),
  z.object({
    ok: z.literal(false),
    code: z.enum(REFUSALS),
    message: text,
    preview: preview.optional(),
    seen: text.optional(),
  }),
]);

/** Reads the hub's answer to a wish; what is not one is a refusal that says so. */
export function parseSteerAnswer(message: unknown): SteerAnswer {
  const parsed = answer.safeParse(message);
  if (parsed.success) return parsed.data;
  return { ok: false, code: 'invalid-message', message: z.prettifyError(parsed.error) };
}
