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
  /** Connections that were ended for a drain. */
  readonly cut?: number;
  /** Of a ramp: the weight or share that holds at present. */
  readonly value?: number;
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
 * @param silent nodes from which nothing is heard
 */
export function overrideStatus(
  record: CityRecord<'override'>,
  stored: unknown,
  now: string,
  silent: readonly string[] = [],
): OverrideStatus {
  const known = storedConditions.safeParse(stored).data?.conditions ?? [];
  const programmed = programmedVerdict(record);
  const verdicts = [
    acceptedVerdict(record),
    programmed,
    ...(record.drain
      ? [drainedVerdict(record, record.drain, programmed.status === 'True', { silent, now: Date.parse(now) })]
      : []),
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
    ...(record.drain && { cut: record.drain.cut }),
    ...(record.ramp && { value: record.ramp.value }),
  };
}

export const sameStatus = (a: OverrideStatus, stored: unknown) => isDeepEqual(a, stored);

/** Whether the two differ in more than counts and the steps of a ramp: worth a write at once. */
export function conditionsDiffer(status: OverrideStatus, stored: unknown): boolean {
  return !isDeepEqual(withoutCounts(status), withoutCounts(stored));
}

/** Messages count connections too. */
function withoutCounts(status: unknown): object {
  const { conditions, ...rest } = (status ?? {}) as { conditions?: readonly object[] };
  const bare = conditions?.map((condition) => ({ ...condition, message: undefined }));
  return { ...rest, connections: undefined, cut: undefined, value: undefined, conditions: bare };
}

const ACCEPTED_REASONS = {
  applied: 'Accepted',
  invalid: 'Invalid',
  noService: 'ServiceNotFound',
  noBackends: 'NoBackends',
  overruled: 'Overruled',
  lifted: 'BelowFloor',
  expired: 'Expired',
} as const satisfies Record<CityRecord<'override'>['state'], string>;

function acceptedVerdict({ state, message, backends }: CityRecord<'override'>): Verdict {
  const accepted = state === 'applied';
  return {
    type: 'Accepted',
    status: accepted ? 'True' : 'False',
    reason: ACCEPTED_REASONS[state],
    message: accepted
      ? `decides the weight of ${counted(backends.length, 'backend')}${message ? `; ${message}` : ''}`.slice(
          0,
          MOST_MESSAGE,
        )
      : (message ?? '').slice(0, MOST_MESSAGE),
  };
}

function programmedVerdict({ state, nodes }: CityRecord<'override'>): Verdict {
  const verdict = (status: Verdict['status'], reason: string, message: string) =>
    ({ type: 'Programmed', status, reason, message }) as const;
  if (state !== 'applied') {
    const still = state === 'expired' || state === 'lifted' ? nodes.waitingFor : [];
    const until = still.length === 0 ? '' : `; not yet confirmed by ${someOf(still)}`;
    return verdict('False', 'NotAccepted', `no node is to route by it: see condition Accepted${until}`);
  }
  const { observing = [] } = nodes;
  if (nodes.desired === 0 && observing.length > 0) {
    return verdict('False', 'OnlyObserved', 'every node only observes (mode of its agent): nothing is steered');
  }
  if (nodes.desired === 0) return verdict('False', 'NoNodes', 'the cluster has no nodes');
  const besides =
    observing.length === 0
      ? ''
      : `; ${counted(observing.length, 'node')} only observe${observing.length === 1 ? 's' : ''}: nothing is steered there`;
  if (nodes.waitingFor.length > 0) {
    return verdict('False', 'WaitingForNodes', `waiting for ${someOf(nodes.waitingFor)}${besides}`);
  }
  return verdict('True', 'AllNodes', `in the kernel of ${counted(nodes.desired, 'node')}${besides}`);
}

type Drain = NonNullable<CityRecord<'override'>['drain']>;

/** Closing connections carry nothing any more and are not waited for; those whose first packet is not answered yet are. */
function drainedVerdict(
  { state, connections, nodes }: CityRecord<'override'>,
  { phase, deadline, cut }: Drain,
  programmed: boolean,
  { silent, now }: { silent: readonly string[]; now: number },
): Verdict {
  const verdict = (status: Verdict['status'], reason: string, message: string) =>
    ({ type: 'Drained', status, reason, message }) as const;
  const open = connections.moving + connections.idle + connections.waiting;
  const atLeast = connections.coverage === 'atLeast' ? 'at least ' : '';
  const ended = cut === 0 ? '' : `, ${cut} were ended`;
  if (state !== 'applied') return verdict('False', 'NotAccepted', 'it drains nothing: see condition Accepted');
  if (phase === 'drained') return verdict('True', 'NoConnections', `no connection is open${ended}`);
  if (!programmed) {
    const where = nodes.waitingFor.length === 0 ? '' : ` through ${someOf(nodes.waitingFor)}`;
    return verdict('False', 'NotProgrammed', `new connections may still come${where}: see condition Programmed`);
  }
  const who =
    silent.length === 0 ? 'others are silent' : `${someOf(silent)} ${silent.length === 1 ? 'is' : 'are'} silent`;
  const unheard = connections.coverage === 'atLeast' ? `; ${who}` : '';
  const left = `${atLeast}${counted(open, 'connection')} open${ended}${unheard}`;
  if (open === 0) {
    const message = `none open on the nodes that report; ${who}, and what is open there is not known`;
    return verdict('Unknown', 'AgentsSilent', message);
  }
  if (deadline !== undefined && now >= deadline)
    return verdict('False', 'DeadlinePassed', `${left}; the rest is being ended`);
  return verdict('False', phase === 'cutting' ? 'Cutting' : 'ConnectionsOpen', left);
}

function someOf(names: readonly string[]): string {
  const rest = names.length - 5;
  return `${names.slice(0, 5).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
