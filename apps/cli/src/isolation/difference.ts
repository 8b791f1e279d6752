import {
  type IsolationTracker,
  type JudgedCluster,
  judgePast,
  type KubeNetworkPolicy,
  type OwnNodeOf,
  type PastAttempt,
  type PastJudgement,
  rememberingGates,
} from '@kubecity/isolation';

/** Traffic that was seen between two names. */
export interface SeenTraffic {
  readonly client: string;
  readonly to: string;
  readonly attempt: PastAttempt;
  /** Connections opened in that time, at least; 0 of those that only failed, or were open all the time. */
  readonly opened: number;
  /** Attempts that were refused or, over TCP, never answered, at least. */
  readonly failed: number;
  readonly open: number;
  /** Unix ms of when it was seen last. */
  readonly at: number;
}

export const CHANGES = ['cut', 'unknown', 'opened', 'none'] as const;
export type Change = (typeof CHANGES)[number];

/** All traffic between the same two names with the same answer. */
export interface Difference {
  readonly change: Change;
  readonly client: string;
  readonly to: string;
  readonly before: PastJudgement['outcome'];
  readonly after: PastJudgement['outcome'];
  /** `ingress of payments/closed`: what makes the difference. */
  readonly by: readonly string[];
  edges: number;
  opened: number;
  failed: number;
  open: number;
  lastAt: number;
}

/** What becomes of policies: one that is written, or one that is gone (`namespace/name`). */
export interface PolicyChanges {
  readonly apply: readonly KubeNetworkPolicy[];
  readonly remove: readonly string[];
}

/**
 * Judges all traffic before and after; the tracker is left as it is afterwards. The worst comes first.
 * @param ownNode what nodes do with what their pods open to them
 */
export function differencesOf(
  tracker: IsolationTracker,
  traffic: readonly SeenTraffic[],
  { apply, remove }: PolicyChanges,
  ownNode: OwnNodeOf,
): Difference[] {
  const old = rememberingGates(tracker);
  const before = traffic.map(({ attempt }) => judgePast(old, attempt, ownNode));
  for (const policy of apply) tracker.setPolicy(policy);
  for (const id of remove) {
    const [namespace, name = ''] = id.split('/');
    tracker.deletePolicy({ metadata: { namespace, name } });
  }
  const touched = new Set([
    ...apply.map(({ metadata }) => metadata.namespace ?? 'default'),
    ...remove.map((id) => id.split('/')[0] ?? ''),
  ]);
  const fresh = rememberingGates(tracker);
  const groups = new Map<string, Difference>();
  for (const [i, { client, to, attempt, ...seen }] of traffic.entries()) {
    const was = before[i] as PastJudgement;
    const is = mayChange(fresh, attempt, touched) ? judgePast(fresh, attempt, ownNode) : was;
    const change = onlyFails(seen) && is.outcome === 'refused' ? 'none' : changeOf(was, is);
    const by = change === 'none' && is.outcome !== 'refused' ? [] : decidingOf(was, is);
    const key = JSON.stringify([client, to, change, was.outcome, is.outcome, by]);
    const group = groups.get(key) ?? {
      ...{ change, client, to, before: was.outcome, after: is.outcome, by },
      ...{ edges: 0, opened: 0, failed: 0, open: 0, lastAt: 0 },
    };
    group.edges += 1;
    group.opened += seen.opened;
    group.failed += seen.failed;
    group.open += seen.open;
    group.lastAt = Math.max(group.lastAt, seen.at);
    groups.set(key, group);
  }
  return [...groups.values()].sort(
    (a, b) =>
      CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change) || b.opened - a.opened || (a.client < b.client ? -1 : 1),
  );
}

/** Nothing that works can be cut there. */
const onlyFails = ({ opened, open, failed }: Pick<SeenTraffic, 'opened' | 'open' | 'failed'>): boolean =>
  opened === 0 && open === 0 && failed > 0;

/** A policy is about pods of its own namespace. */
function mayChange(cluster: JudgedCluster, { from, to }: PastAttempt, namespaces: ReadonlySet<string>): boolean {
  return [from, to].some((end) => {
    if (end.kind === 'range') return false;
    const home = end.kind === 'gone' ? end.namespace : cluster.podsAt(end.address)[0]?.namespace;
    return home === undefined ? end.kind === 'gone' : namespaces.has(home);
  });
}

/** What is not known is no difference where it was not known for the same reasons before. */
function changeOf(before: PastJudgement, after: PastJudgement): Change {
  if (before.outcome === after.outcome) {
    const isSame = after.outcome !== 'unknown' || JSON.stringify(before) === JSON.stringify(after);
    return isSame ? 'none' : 'unknown';
  }
  if (before.outcome === 'unknown' || after.outcome === 'unknown') return 'unknown';
  return after.outcome === 'refused' ? 'cut' : 'opened';
}

/** The directions that make the difference, each with the policies that decide it afterwards. */
function decidingOf(before: PastJudgement, after: PastJudgement): string[] {
  return DIRECTIONS.flatMap((direction) => {
    const { verdict, policies, by } = after[direction];
    const of = (names: readonly string[]) => [`${direction} of ${[...new Set(names)].join(', ')}`];
    if (after.outcome === 'refused') return verdict === 'refused' ? of(policies) : [];
    if (after.outcome === 'unknown') {
      if (verdict !== 'unknown') return [];
      return policies.length > 0 ? of(policies) : [`${direction} of policies that may select it`];
    }
    const wasOpen = before[direction].verdict !== 'refused' && before[direction].verdict !== 'unknown';
    if (wasOpen) return [];
    return by.length > 0 ? of(by.map(({ policy }) => policy)) : [`no policy isolates it for ${direction}`];
  });
}

const DIRECTIONS = ['egress', 'ingress'] as const;
