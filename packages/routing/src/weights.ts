import type { Candidate } from './endpoints.ts';
import { type Finding, findingsOf, type Judged } from './findings.ts';
import { type Floor, leastOf } from './floor.ts';
import { NEUTRAL_WEIGHT } from './override.ts';
import { holdersOf, strongestFirst, type Wish, youngestFirst } from './precedence.ts';
import type { PodOf } from './selection.ts';
import type { ServiceDoors } from './service.ts';
import { divide, isShare } from './share.ts';
import type { Endpoint } from './slice.ts';
import type { Backend } from './table.ts';

/** Everybody behind one service port, and who of them may get new connections anywhere in the cluster. */
export interface PortCandidates {
  readonly doors: ServiceDoors;
  readonly candidates: readonly Candidate[];
  readonly usable: (endpoint: Endpoint) => boolean;
}

/** What operators decided for one candidate. */
export type Decision = Pick<Backend, 'weight' | 'overrideUid' | 'draining' | 'keepsSticky'>;

export interface Weighed {
  /** One list per service port, beside its candidates. */
  readonly decisions: readonly (readonly Decision[])[];
  readonly findings: readonly Finding[];
}

const NEUTRAL: Decision = { weight: NEUTRAL_WEIGHT, overrideUid: undefined, draining: false, keepsSticky: false };

/**
 * Puts the operators' wishes on the candidates of one Service, both families together. While a service port has fewer
 * usable backends with a weight than its floor, the youngest override to blame that does not say `allowEmpty` is lifted for
 * the whole Service. Neither hints nor locality count here, so every node decides alike.
 */
export function weigh(ports: readonly PortCandidates[], wishes: readonly Wish[], floor: Floor, podOf: PodOf): Weighed {
  if (wishes.length === 0)
    return { decisions: ports.map(({ candidates }) => candidates.map(() => NEUTRAL)), findings: [] };
  const active = [...wishes].sort(strongestFirst);
  const lifted = new Map<Wish, string>();
  for (;;) {
    const judged = ports.map((port) => judge(port, active, podOf));
    const culprit = youngestToBlame(judged, floor);
    if (!culprit) return { decisions: judged.map(decide), findings: findingsOf(judged, wishes, lifted, podOf) };
    active.splice(active.indexOf(culprit.wish), 1);
    lifted.set(culprit.wish, culprit.why);
  }
}

function judge({ doors, candidates, usable: isUsable }: PortCandidates, active: readonly Wish[], podOf: PodOf): Judged {
  const holders = holdersOf(doors, candidates, active, podOf);
  const usable = candidates.map(({ endpoint }) => isUsable(endpoint));
  return { doors, candidates, holders, usable, ...divide(holders, usable) };
}

/** Within a port all that one override holds have the same weight, and share one decision. */
function decide({ holders, weights, granted }: Judged): Decision[] {
  // who is in no group has nothing where groups take everything
  const [taker] = [...granted].find(([, percent]) => percent > 0) ?? [];
  const made = new Map<Wish | undefined, Decision>();
  return holders.map((holder, i) => {
    let decision = made.get(holder);
    if (!decision) {
      const weight = weights[i] as number;
      decision = holder ? decisionOf(holder, weight) : unheld(weight, taker);
      made.set(holder, decision);
    }
    return decision;
  });
}

function decisionOf({ override: { uid, spec } }: Wish, weight: number): Decision {
  return { weight, overrideUid: uid, draining: spec.drain !== undefined, keepsSticky: spec.drain?.sticky === 'keep' };
}

function unheld(weight: number, taker: Wish | undefined): Decision {
  return weight === NEUTRAL_WEIGHT ? NEUTRAL : { ...NEUTRAL, weight, overrideUid: taker?.override.uid };
}

function youngestToBlame(ports: readonly Judged[], floor: Floor): { wish: Wish; why: string } | undefined {
  const toBlame = new Map<Wish, string>();
  for (const port of ports) {
    const { doors, usable, weights } = port;
    const of = usable.filter(Boolean).length;
    const active = weights.filter((weight, i) => usable[i] && weight > 0).length;
    const least = leastOf(floor, of);
    if (active >= least) continue;
    const left = active === 0 ? 'no backend' : `${active} of ${of} backends`;
    const why = `would leave Service ${doors.namespace}/${doors.name} with ${left}, below its floor of ${least}`;
    for (const wish of blamed(port)) if (!toBlame.has(wish)) toBlame.set(wish, why);
  }
  const [youngest] = [...toBlame]
    .filter(([{ override }]) => !override.spec.allowEmpty)
    .sort(([a], [b]) => youngestFirst(a.override, b.override));
  return youngest && { wish: youngest[0], why: youngest[1] };
}

/** Who takes the weight of usable backends: the one who says 0 of them, or those whose shares leave them nothing. */
function blamed({ holders, usable, weights, granted }: Judged): Set<Wish> {
  const found = new Set<Wish>();
  for (const [i, holder] of holders.entries()) {
    if (!usable[i] || weights[i] !== 0) continue;
    if (holder && (holder.value === 0 || isShare(holder))) found.add(holder);
    if (holder?.value === 0) continue;
    for (const [group, percent] of granted) if (percent > 0) found.add(group);
  }
  return found;
}
