import { randomBytes } from 'node:crypto';
import { CHANGE_ANNOTATION, type KubeRoutingOverride, kindOf } from '@kubecity/routing';
import { z } from 'zod';
import type { KubeClient } from './client.ts';
import { microTime } from './events.ts';
import { resources } from './resource.ts';

/** The API server's own bound for annotations is 256 kB; a change beyond this is told without its specs. */
const MOST_BYTES = 30_000;

/** One change of one override, in full: what is needed to take it back. */
const overrideChange = z.object({
  id: z.string().min(1).max(253),
  /** Unix ms. */
  at: z.int().nonnegative(),
  who: z.string().max(1024),
  how: z.enum(['dashboard', 'cli']),
  what: z.enum(['create', 'replace', 'delete', 'undo']),
  kind: z.enum(['RoutingOverride', 'ClusterRoutingOverride']),
  namespace: z.string().max(253).optional(),
  name: z.string().max(253),
  uid: z.string().max(253).optional(),
  reason: z.string().max(1024).optional(),
  /** Specs; absent where there is none, or both where they are too large to be kept. */
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  /** Of `undo`: the change that it takes back. */
  of: z.string().max(253).optional(),
});
export type OverrideChange = z.infer<typeof overrideChange>;

/** Sorts by time, and ends in the way it came: `20261122T120000000Z-5f0c2a9e-cli`. */
export function newChangeId(now: number, how: OverrideChange['how'] = 'cli'): string {
  const time = new Date(now).toISOString().replaceAll(/[-:.]/g, '');
  return `${time}-${randomBytes(4).toString('hex')}-${how}`;
}

const REASONS = { create: 'Steered', replace: 'Steered', delete: 'Released', undo: 'Undone' } as const;

/** Tells a change where `kubectl describe` finds it, and where it can be taken back from without any dashboard. */
export async function recordChange(client: Pick<KubeClient, 'create'>, change: OverrideChange): Promise<void> {
  const { id, at, who, what, kind, namespace, name, uid } = change;
  await client.create(resources.events, {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      namespace: homeOf(change),
      name: `${name.slice(0, 200)}.${id.toLowerCase()}`,
      annotations: { [CHANGE_ANNOTATION]: textOf(change) },
    },
    eventTime: microTime(at),
    reportingController: 'kubecity.dev/steering',
    reportingInstance: change.how,
    type: 'Normal',
    reason: REASONS[what],
    action: what === 'undo' ? 'Undo' : `${what.charAt(0).toUpperCase()}${what.slice(1)}`,
    regarding: { apiVersion: 'kubecity.dev/v1alpha1', kind, namespace, name, uid },
    note: noteOf(change, who),
  });
}

/** Where the event of a change is: events have a namespace, also those of objects that have none. */
const homeOf = ({ namespace }: OverrideChange): string => namespace ?? 'default';

function textOf(change: OverrideChange): string {
  const text = JSON.stringify(change);
  return Buffer.byteLength(text) <= MOST_BYTES
    ? text
    : JSON.stringify({ ...change, before: undefined, after: undefined });
}

function noteOf({ what, reason, of }: OverrideChange, who: string): string {
  const did = { create: 'made it', replace: 'changed it', delete: 'deleted it', undo: `took back change ${of}` };
  return `${who} ${did[what]}${reason ? `: ${reason}` : ''}`.slice(0, 1024);
}

interface KubeEvent {
  readonly metadata?: { readonly namespace?: string; readonly annotations?: Readonly<Record<string, string>> };
}

/** The change that an event tells; undefined of all other events, and of one that speaks of another namespace than its own. */
export function changeOfEvent({ metadata }: KubeEvent): OverrideChange | undefined {
  const text = metadata?.annotations?.[CHANGE_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    const change = overrideChange.safeParse(JSON.parse(text)).data;
    // who may write events in one namespace has no word in the others: an undo would write what the event says
    return change && homeOf(change) === metadata?.namespace ? change : undefined;
  } catch {
    return undefined; // anybody may write an event; one that is no JSON tells nothing
  }
}

/** Changes that the API still knows (it forgets events after an hour), the newest first. Without a namespace: of all. */
export async function listChanges(client: Pick<KubeClient, 'list'>, namespace?: string): Promise<OverrideChange[]> {
  const { items } = await client.list<KubeEvent>(resources.events, { namespace });
  return items.flatMap((event) => changeOfEvent(event) ?? []).sort((a, b) => (a.id < b.id ? 1 : -1));
}

/** Seen only after the fact, or too large to be kept: what was before it cannot be brought back. */
export function isHalfKnown({
  what,
  before,
  after,
}: Pick<OverrideChange, 'before' | 'after'> & { what: string }): boolean {
  if (what === 'create') return after === undefined;
  if (what === 'undo') return before === undefined && after === undefined;
  return before === undefined || (what === 'replace' && after === undefined);
}

/** The resource that an override, or its address, belongs to. */
export function overrideResource(metadata: KubeRoutingOverride['metadata']) {
  return kindOf(metadata) === 'RoutingOverride' ? resources.routingOverrides : resources.clusterRoutingOverrides;
}
