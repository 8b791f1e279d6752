import type { CityRecord } from '@kubecity/protocol';
import { isDeepEqual } from '@kubecity/routing';
import { z } from 'zod';

export interface Condition {
  readonly type: 'Accepted' | 'Programmed' | 'Drained';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration: number;
  /** RFC 3339: when `status` last changed. */
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

export interface OverrideStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly nodes: { readonly desired: number; readonly acknowledged: number; readonly waitingFor: readonly string[] };
  readonly connections: CityRecord<'override'>['connections'];
}

type Verdict = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** As many as the CRD takes. */
const MOST_NAMES = 100;
const MOST_MESSAGE = 32_000;

const storedConditions = z.object({
  conditions: z.array(z.object({ type: z.string(), status: z.string(), lastTransitionTime: z.string() })),
});

/**
 * The status of one override. A condition that says the same as the stored one keeps its time.
 * @param stored `status` as the API has it: anything
 * @param now RFC 3339
 */
export function overrideStatus(record: CityRecord<'override'>, stored: unknown, now: string): OverrideStatus {
  const known = storedConditions.safeParse(stored).data?.conditions ?? [];
  const programmed = programmedVerdict(record);
  const verdicts = [
    acceptedVerdict(record),
    programmed,
    ...(record.kind === 'drain' ? [drainedVerdict(record, programmed.status === 'True')] : []),
  ];
  return {
    observedGeneration: record.generation,
    conditions: verdicts.map((verdict) => {
      const before = known.find(({ type }) => type === verdict.type);
      const lastTransitionTime = before?.status === verdict.status ? before.lastTransitionTime : now;
      return { ...verdict, observedGeneration: record.generation, lastTransitionTime };
    }),
    nodes: {
      desired: record.nodes.desired,
      acknowledged: record.nodes.acknowledged.length,
      waitingFor: record.nodes.waitingFor.slice(0, MOST_NAMES),
    },
    connections: record.connections,
  };
}

export const sameStatus = (a: OverrideStatus, stored: unknown) => isDeepEqual(a, stored);

/** Whether the two differ in more than the number of connections: worth a write at once. */
export function conditionsDiffer(status: OverrideStatus, stored: unknown): boolean {
  return !isDeepEqual(withoutCounts(status), withoutCounts(stored));
}

/** Messages count connections too. */
function withoutCounts(status: unknown): object {
  const { conditions, ...rest } = (status ?? {}) as { conditions?: readonly object[] };
  const bare = conditions?.map((condition) => ({ ...condition, message: undefined }));
  return { ...rest, connections: undefined, conditions: bare };
}

const ACCEPTED_REASONS = {
  applied: 'Accepted',
  invalid: 'Invalid',
  noService: 'ServiceNotFound',
  noBackends: 'NoBackends',
  overruled: 'Overruled',
  lifted: 'WouldEmptyService',
} as const;

function acceptedVerdict({ state, message, backends }: CityRecord<'override'>): Verdict {
  const accepted = state === 'applied';
  return {
    type: 'Accepted',
    status: accepted ? 'True' : 'False',
    reason: ACCEPTED_REASONS[state],
    message: accepted
      ? `decides the weight of ${counted(backends.length, 'backend')}`
      : (message ?? '').slice(0, MOST_MESSAGE),
  };
}

function programmedVerdict({ state, nodes }: CityRecord<'override'>): Verdict {
  const verdict = (status: Verdict['status'], reason: string, message: string) =>
    ({ type: 'Programmed', status, reason, message }) as const;
  if (state !== 'applied') return verdict('False', 'NotAccepted', 'no node routes by it: see condition Accepted');
  if (nodes.desired === 0) return verdict('False', 'NoNodes', 'the cluster has no nodes');
  if (nodes.waitingFor.length > 0) {
    const [some, rest] = [nodes.waitingFor.slice(0, 5).join(', '), nodes.waitingFor.length - 5];
    return verdict('False', 'WaitingForNodes', `waiting for ${some}${rest > 0 ? ` and ${rest} more` : ''}`);
  }
  return verdict('True', 'AllNodes', `in the kernel of ${counted(nodes.desired, 'node')}`);
}

/** Closing connections carry nothing any more and are not waited for; those whose first packet is not answered yet are. */
function drainedVerdict({ connections }: CityRecord<'override'>, programmed: boolean): Verdict {
  const verdict = (status: Verdict['status'], reason: string, message: string) =>
    ({ type: 'Drained', status, reason, message }) as const;
  const open = connections.moving + connections.idle + connections.waiting;
  const atLeast = connections.coverage === 'atLeast';
  if (!programmed) return verdict('False', 'NotProgrammed', 'new connections may still come: see condition Programmed');
  if (open > 0)
    return verdict('False', 'ConnectionsOpen', `${atLeast ? 'at least ' : ''}${counted(open, 'connection')} open`);
  if (atLeast) return verdict('Unknown', 'AgentsSilent', 'none open on the nodes that report; others are silent');
  return verdict('True', 'NoConnections', 'no connection is open');
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
