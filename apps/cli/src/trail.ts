import { z } from 'zod';
import type { Dashboard } from './dashboard.ts';
import { Failure } from './failure.ts';

/** What of an entry this program looks at; everything else is told as it comes. */
const trailEntry = z.looseObject({
  id: z.string(),
  /** Unix ms. */
  at: z.number(),
  who: z.string(),
  how: z.string(),
  what: z.string(),
  namespace: z.string().optional(),
  name: z.string(),
  of: z.string().optional(),
  reason: z.string().optional(),
  outcome: z.string().optional(),
});
export type TrailEntry = z.infer<typeof trailEntry>;
const trail = z.object({ entries: z.array(trailEntry), truncated: z.boolean() });

/** A dashboard's audit trail, the newest first. @throws Failure */
export async function readTrail(dashboard: Dashboard, span: { readonly since?: number; readonly until?: number } = {}) {
  const text = await dashboard.audit({ ...span, format: 'json' });
  const parsed = trail.safeParse(text.startsWith('{') ? JSON.parse(text) : undefined);
  if (parsed.success) return parsed.data;
  throw new Failure('failure', 'The dashboard’s audit trail is not as this program knows it.', parsed.error);
}
