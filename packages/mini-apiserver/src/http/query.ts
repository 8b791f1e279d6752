import { z } from 'zod';
import { badRequest } from '../status.ts';

const flag = z.enum(['true', 'false', '1', '0', '']).transform((text) => text === 'true' || text === '1');
const count = z.coerce.number().int().nonnegative();

/** The query parameters this server reads, bounded. Others (`pretty`, `fieldManager`, …) do not change an answer. */
const schema = z.object({
  watch: flag.default(false),
  labelSelector: z.string().max(16_384).default(''),
  fieldSelector: z.string().max(4096).default(''),
  resourceVersion: z.string().max(20).regex(/^\d*$/, 'must be a number').default(''),
  resourceVersionMatch: z.enum(['', 'Exact', 'NotOlderThan']).default(''),
  limit: count.default(0),
  continue: z.string().max(4096).default(''),
  timeoutSeconds: count.max(86_400).optional(),
  allowWatchBookmarks: flag.default(false),
  sendInitialEvents: flag.optional(),
  dryRun: z.enum(['All']).optional(),
  fieldValidation: z.enum(['Ignore', 'Warn', 'Strict', '']).default('Warn'),
  gracePeriodSeconds: count.optional(),
  propagationPolicy: z.string().max(64).optional(),
  includeObject: z.enum(['None', 'Metadata', 'Object', '']).default('Metadata'),
});
export type Query = z.infer<typeof schema>;

/** @throws ApiError BadRequest naming the parameter */
export function parseQuery(parameters: URLSearchParams): Query {
  const parsed = schema.safeParse(Object.fromEntries(parameters));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badRequest(`invalid query parameter ${issue?.path.join('.')}: ${issue?.message}`, parsed.error);
}
