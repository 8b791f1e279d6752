import type { Chain, Ruleset, Table } from './ruleset.ts';
import { holds, type Packet, remembered, rewritten, type State, stateOf, type World } from './walk/packet.ts';
import { type ParsedRule, parseRule } from './walk/rule-text.ts';

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
  const entry = packet.from === 'node' ? 'OUTPUT' : 'PREROUTING';
  return throughHook(ruleset, 'nat', entry, start).flatMap(({ by, walker }) => {
    if (!['dnat', 'accept', 'policy'].includes(by)) throw new Error(`walk: ${by} in ${entry} of table nat`);
    return filterHooks(packet, walker.state)
      .reduce(
        (ends, hook) => ends.flatMap((end) => (isOpen(end) ? throughHook(ruleset, 'filter', hook, end.walker) : [end])),
        [{ by: 'policy', walker }] as End[],
      )
      .map((end) => verdictOf(ruleset, packet, end, walker.rules));
  });
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

/** A packet on its way: what is known of it, with what chance it came here, and how many rules it was compared with. */
interface Walker {
  readonly state: State;
  readonly chance: number;
  readonly rules: number;
}

/** How a hook let go of a packet: a rule decided, or none did. */
interface End {
  readonly by: 'dnat' | 'masquerade' | 'accept' | 'reject' | 'drop' | 'policy';
  readonly walker: Walker;
}

function filterHooks({ from }: Packet, { local, destination }: State): readonly string[] {
  const inward = local(destination);
  if (from === 'node') return inward ? ['OUTPUT', 'INPUT'] : ['OUTPUT'];
  return [inward ? 'INPUT' : 'FORWARD'];
}

function isOpen({ by }: End): boolean {
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
  const ends = throughHook(ruleset, 'nat', 'POSTROUTING', walker);
  if (ends.length !== 1) throw new Error('walk: POSTROUTING leaves something to chance');
  return ends[0]?.by === 'masquerade';
}

/** Runs our jumps of one hook in order; the ends of one that decided nothing go on with the next. */
function throughHook(ruleset: Ruleset, table: Table, hook: string, start: Walker): End[] {
  const jumps = ruleset.jumps.filter((jump) => jump.table === table && jump.from === hook).map(({ rule }) => rule);
  return run((chain) => rulesOf(ruleset, table, chain), parseAll(jumps), start);
}

/** A place in a chain, and where to go on when the chain ends. */
interface Place {
  readonly rules: readonly ParsedRule[];
  readonly at: number;
  readonly back?: Place;
}

function run(chainOf: (name: string) => readonly ParsedRule[], rules: readonly ParsedRule[], start: Walker): End[] {
  const ends: End[] = [];
  const open: { walker: Walker; place: Place | undefined }[] = [{ walker: start, place: { rules, at: 0 } }];
  for (let here = open.pop(); here; here = open.pop()) {
    const { walker, place } = here;
    if (!place) {
      ends.push({ by: 'policy', walker });
      continue;
    }
    const rule = place.rules[place.at];
    if (!rule) {
      open.push({ walker, place: place.back });
      continue;
    }
    const next: Place = { ...place, at: place.at + 1 };
    const { yes, no } = split(rule, { ...walker, rules: walker.rules + 1 });
    if (no) open.push({ walker: no, place: next });
    if (!yes) continue;
    const { target } = rule;
    const set = (state: State) => open.push({ walker: { ...yes, state }, place: next });
    switch (target.kind) {
      case 'jump':
        open.push({ walker: yes, place: { rules: chainOf(target.chain), at: 0, back: next } });
        break;
      case 'goto':
        // The kernel keeps no way back here: when that chain ends, it goes on where this one was entered from.
        open.push({
          walker: yes,
          place: { rules: chainOf(target.chain), at: 0, ...(place.back && { back: place.back }) },
        });
        break;
      case 'return':
        open.push({ walker: yes, place: place.back });
        break;
      case 'mark':
        set({ ...yes.state, mark: ((yes.state.mark & ~target.mask) ^ target.value) >>> 0 });
        break;
      case 'remember':
        set(remembered(yes.state, target.set));
        break;
      case 'dnat':
        ends.push({ by: 'dnat', walker: { ...yes, state: rewritten(yes.state, target.to) } });
        break;
      default:
        ends.push({ by: target.kind, walker: yes });
    }
  }
  return ends;
}

function split(rule: ParsedRule, walker: Walker): { yes?: Walker; no?: Walker } {
  let chance = 1;
  for (const match of rule.matches) {
    if (match.kind === 'probability') chance *= match.chance;
    else if (!holds(match, walker.state)) return { no: walker };
  }
  return {
    ...(chance > 0 && { yes: { ...walker, chance: walker.chance * chance } }),
    ...(chance < 1 && { no: { ...walker, chance: walker.chance * (1 - chance) } }),
  };
}

/** Chains are parsed when a packet first enters them: one packet meets a few tens of a large ruleset's thousands. */
const parsed = new WeakMap<Chain, readonly ParsedRule[]>();

function rulesOf(ruleset: Ruleset, table: Table, name: string): readonly ParsedRule[] {
  const chain = ruleset.chains[table].get(name);
  if (!chain) throw new Error(`walk: no target and no chain of table ${table} is called ${name}`);
  const known = parsed.get(chain);
  if (known) return known;
  const rules = parseAll(chain);
  parsed.set(chain, rules);
  return rules;
}

function parseAll(chain: Chain): readonly ParsedRule[] {
  return chain.map(parseRule);
}
