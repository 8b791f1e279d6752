import { NEUTRAL_WEIGHT } from './override.ts';
import { effectOf, type Wish, youngestFirst } from './precedence.ts';
import { rounded } from './ramp.ts';

/** How new connections of one service port are divided. */
export interface Division {
  /** Beside the candidates. */
  readonly weights: readonly number[];
  /** Percent that each wished share gets, youngest first: less than it wishes where younger ones leave less. */
  readonly granted: ReadonlyMap<Wish, number>;
}

/**
 * Weights of one service port. Who is in no group keeps the weight that was given, else the neutral one; the usable
 * backends of a group get its percentage together, all alike, whoever comes and goes. If the groups wish for more than
 * everything, the youngest are served first. If there is nobody else to take the rest, the groups divide it in proportion.
 * @param holders who decides about each candidate
 * @param usable whether each candidate can take new connections at all
 */
export function divide(holders: readonly (Wish | undefined)[], usable: readonly boolean[]): Division {
  const members = new Map<Wish, number>();
  let rest = 0;
  for (const [i, holder] of holders.entries()) {
    if (holder && isShare(holder)) members.set(holder, (members.get(holder) ?? 0) + Number(usable[i]));
    else if (usable[i]) rest += weightOf(holder);
  }
  if (members.size === 0) return { weights: holders.map(weightOf), granted: new Map() };

  const { granted, left } = grant(members);
  const given = 100 - left;
  const restTakes = rest > 0 ? left : 0;
  const all = [...members.values()].reduce((sum, count) => sum + count, 0);
  const each = (group: Wish) => {
    const count = members.get(group) ?? 0;
    // Nobody of the group is usable: what a node does that has only such backends is not about shares.
    if (count === 0) return group.value > 0 ? NEUTRAL_WEIGHT : 0;
    const percent = granted.get(group) ?? 0;
    if (restTakes > 0) return rounded((rest * percent) / restTakes / count);
    return given > 0 ? rounded((NEUTRAL_WEIGHT * all * percent) / given / count) : 0;
  };
  const weights = holders.map((holder) => {
    if (holder && isShare(holder)) return each(holder);
    return rest > 0 && restTakes === 0 ? 0 : weightOf(holder);
  });
  return { weights, granted };
}

function grant(members: ReadonlyMap<Wish, number>): { granted: Map<Wish, number>; left: number } {
  const granted = new Map<Wish, number>();
  let left = 100;
  const groups = [...members].filter(([, count]) => count > 0).map(([group]) => group);
  for (const group of groups.sort((a, b) => youngestFirst(a.override, b.override))) {
    const percent = Math.min(group.value, left);
    granted.set(group, percent);
    // Shares on a ramp are fractions: their sum must not miss 100 by the last bit.
    left = Math.round((left - percent) * 1e6) / 1e6;
  }
  return { granted, left };
}

export function isShare({ override }: Wish): boolean {
  return effectOf(override.spec) === 'share';
}

function weightOf(holder: Wish | undefined): number {
  return holder?.value ?? NEUTRAL_WEIGHT;
}
