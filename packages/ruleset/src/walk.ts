import type { Ruleset } from './ruleset.ts';
import { type End, throughHook, type Walker } from './walk/course.ts';
import { type Packet, type State, stateOf, type World } from './walk/packet.ts';

export type { Packet, World } from './walk/packet.ts';

/** Where a packet may end. */
export interface Verdict {
  /**
   * - `dnat`: rewritten to a backend and let through
   * - `accept`: let into the node by a rule of ours, not rewritten
   * - `reject`, `drop`: refused with an ICMP error, or silently
   * - `none`: no rule of ours decides
   */
  readonly kind: 'dnat' | 'accept' | 'reject' | 'drop' | 'none';
  /** `address:port`, only for dnat. */
  readonly to?: string;
  /** The source is rewritten too. */
  readonly masquerade: boolean;
  /** All chances of one packet sum up to 1. */
  readonly chance: number;
  /** Rules of table nat that the packet was compared with until its destination was decided. */
  readonly rulesPassed: number;
}

const NOWHERE: World = { localAddresses: [], sets: new Map() };

/**
 * Walks a packet through a ruleset as the kernel would, following both sides of every random choice. It reads the text
 * that the kernel gets and knows exactly the words our compiler emits: any other match or target throws.
 */
export function walk(ruleset: Ruleset, packet: Packet, world: World = NOWHERE): Verdict[] {
  const start: Walker = { state: stateOf(packet, world), chance: 1, rules: 0 };
  const entry = entryHook(packet);
  return throughHook(ruleset, 'strict', 'nat', entry, start).flatMap(({ by, walker }) => {
    if (!['dnat', 'accept', 'policy'].includes(by)) throw new Error(`walk: ${by} in ${entry} of table nat`);
    return filterHooks(packet, walker.state)
      .reduce(
        (ends, hook) =>
          ends.flatMap((end) => (isOpen(end) ? throughHook(ruleset, 'strict', 'filter', hook, end.walker) : [end])),
        [{ by: 'policy', walker }] as End[],
      )
      .map((end) => verdictOf(ruleset, packet, end, walker.rules));
  });
}

/** Rules of table filter that a packet is compared with whose destination stays as it is; of several ways the longest. */
export function filterRulesPassed(ruleset: Ruleset, packet: Packet, world: World = NOWHERE): number {
  let ends: End[] = [{ by: 'policy', walker: { state: stateOf(packet, world), chance: 1, rules: 0 } }];
  for (const hook of filterHooks(packet, stateOf(packet, world))) {
    ends = ends.flatMap((end) => (isOpen(end) ? throughHook(ruleset, 'strict', 'filter', hook, end.walker) : [end]));
  }
  return Math.max(...ends.map(({ walker }) => walker.rules));
}

/** The middle of the rules that packets pass, each end counted with its chance. */
export function medianRules(ends: readonly Verdict[]): number {
  const sorted = [...ends].sort((a, b) => a.rulesPassed - b.rulesPassed);
  let below = 0;
  for (const { rulesPassed, chance } of sorted) {
    below += chance;
    // Chances are sums of fractions: half of them may come out as 0.4999….
    if (below >= 0.5 - 1e-9) return rulesPassed;
  }
  throw new Error('walk: the chances of these ends do not reach one half');
}

/** Where table nat first sees it. */
export function entryHook({ from }: Packet): 'OUTPUT' | 'PREROUTING' {
  return from === 'node' ? 'OUTPUT' : 'PREROUTING';
}

export function filterHooks({ from }: Packet, { local, destination }: State): readonly string[] {
  const inward = local(destination);
  if (from === 'node') return inward ? ['OUTPUT', 'INPUT'] : ['OUTPUT'];
  return [inward ? 'INPUT' : 'FORWARD'];
}

export function isOpen({ by }: End): boolean {
  return by === 'policy' || by === 'accept';
}

function verdictOf(ruleset: Ruleset, packet: Packet, { by, walker }: End, rulesPassed: number): Verdict {
  const { state, chance } = walker;
  const end = { masquerade: false, chance, rulesPassed };
  if (by === 'reject' || by === 'drop') return { ...end, kind: by };
  const masquerade = isMasqueraded(ruleset, packet, walker);
  if (state.to !== undefined) return { ...end, kind: 'dnat', to: state.to, masquerade };
  return { ...end, kind: by === 'accept' ? 'accept' : 'none', masquerade };
}

/** A packet that came from outside for the node itself never leaves it, so POSTROUTING does not see it. */
function isMasqueraded(ruleset: Ruleset, packet: Packet, walker: Walker): boolean {
  if (packet.from !== 'node' && walker.state.local(walker.state.destination)) return false;
  const ends = throughHook(ruleset, 'strict', 'nat', 'POSTROUTING', walker);
  if (ends.length !== 1) throw new Error('walk: POSTROUTING leaves something to chance');
  return ends[0]?.by === 'masquerade';
}
