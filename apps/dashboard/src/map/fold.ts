import { closedOf } from '../city/gates.ts';
import { remembered } from '../city/remembered.ts';
import type { Sign, Stand } from '../city/services.ts';
import type { Survey } from '../city/survey.ts';

/** What a place stands for while its parts are too small to be drawn, or too far from what is looked at. */
export interface Fold {
  readonly nodes: number;
  readonly services: number;
  /** Each pod once, where it lives. */
  readonly pods: number;
  /** Backends by what is told about them. */
  readonly draining: number;
  readonly weighted: number;
  readonly unready: number;
  readonly unknown: number;
  /** Pods that policies close in a direction, each once. */
  readonly closed: number;
  /** Services with problems, nodes that are not as they should be. */
  readonly problems: number;
}

export const NOTHING_FOLDED: Fold = {
  nodes: 0,
  services: 0,
  pods: 0,
  draining: 0,
  weighted: 0,
  unready: 0,
  unknown: 0,
  closed: 0,
  problems: 0,
};

export function foldOf(parts: Iterable<Partial<Fold>>): Fold {
  const sum: { -readonly [K in keyof Fold]: number } = { ...NOTHING_FOLDED };
  for (const part of parts) for (const key of KEYS) sum[key] += part[key] ?? 0;
  return sum;
}

const KEYS = Object.keys(NOTHING_FOLDED) as readonly (keyof Fold)[];

/** What the houses of a Service would tell, one by one. */
export function foldOfHouses(survey: Survey, service: string): Fold {
  const { stands, homes, city } = survey;
  const known = foldsOf(stands, homes, city.pod, city.node);
  let fold = known.get(service);
  if (!fold) {
    fold = newFoldOfHouses(survey, service);
    known.set(service, fold);
  }
  return fold;
}

/** Of this ground, where only the traffic changes. */
const foldsOf = remembered((..._ground: readonly unknown[]) => new Map<string, Fold>());

function newFoldOfHouses(survey: Survey, service: string): Fold {
  const stands = survey.stands.get(service) ?? [];
  let [pods, closed] = [0, 0];
  for (const { podUid } of stands) {
    const pod = survey.city.pod.get(podUid ?? '');
    if (!pod || survey.homes.get(pod.uid) !== service) continue;
    pods += 1;
    if (closedOf(pod)) closed += 1;
  }
  return { ...NOTHING_FOLDED, pods, closed, ...signsOf(stands.map((stand) => signAt(survey, stand))) };
}

/** Of a node without an agent nothing is known. */
export const signAt = (survey: Survey, stand: Stand): Sign =>
  stateOf(survey, stand.node) === 'absent' ? 'unknown' : stand.sign;

/** What is known of a node through its agent; a pod without a node is not silent. */
export const stateOf = (survey: Survey, node: string | undefined): 'live' | 'stale' | 'absent' =>
  node === undefined ? 'live' : (survey.city.node.get(node)?.agent.state ?? 'live');

/** How many of each. */
export function signsOf(signs: Iterable<Sign>): Pick<Fold, 'draining' | 'weighted' | 'unready' | 'unknown'> {
  const counts = { draining: 0, weighted: 0, unready: 0, unknown: 0 };
  for (const sign of signs) if (sign !== 'plain') counts[sign] += 1;
  return counts;
}
