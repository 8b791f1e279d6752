import { PLACES } from './dispatch.ts';
import type { Ruleset, Table } from './ruleset.ts';
import { type Doubt, type End, type Step, throughHook, type Walker } from './walk/course.ts';
import { type Packet, stateOf, type World, wasIn } from './walk/packet.ts';
import { parsedComment, readRule } from './walk/rule-text.ts';
import { entryHook, filterHooks, isOpen, type Verdict } from './walk.ts';

/** One rule as the kernel holds it, and where. */
export interface PassedRule {
  readonly table: Table;
  readonly chain: string;
  /** As behind `-A CHAIN`. */
  readonly rule: string;
}

/** A rule nobody here can read: the packet was walked past it as if it had not matched. */
export interface UnknownRule extends PassedRule {
  readonly why: string;
}

/**
 * Why the source is rewritten:
 * - `itself`: a pod is sent to itself, and would not know the answer
 * - `gateway`: a client that is no pod came to a cluster IP, so the answer must come back through this node
 * - `door`: policy Cluster of an external address or node port
 * - `node`: a program of this node used an external address with policy Local
 * - `other`: a rule that is not ours set the mark
 */
export type Rewriting = 'itself' | 'gateway' | 'door' | 'node' | 'other';

/**
 * Why it is refused or dropped:
 * - `no-endpoints`: no backend anywhere may take new connections
 * - `not-here`: none on this node, and the policy is Local
 * - `source-range`: the client is in none of the load balancer's source ranges
 * - `loopback`: sent to 127.0.0.0/8 from another machine
 * - `other`: a rule that is not ours
 */
export type Refusal = 'no-endpoints' | 'not-here' | 'source-range' | 'loopback' | 'other';

export interface ExplainedEnd extends Verdict {
  /** Also where NetworkPolicies refuse what was rewritten. */
  readonly to?: string;
  /** The rules that took the packet, in order. */
  readonly way: readonly PassedRule[];
  /** Rules of all tables that it was compared with. */
  readonly compared: number;
  readonly rewriting?: Rewriting;
  readonly refusal?: Refusal;
  /** The set of session affinity that held this client before. */
  readonly heldBy?: string;
}

export interface Explained {
  /** `namespace/name:portName` of the Service whose door the packet met. */
  readonly door?: string;
  /** One for each end that differs in what becomes of the packet, the likeliest first; chances sum up to 1. */
  readonly ends: readonly ExplainedEnd[];
  readonly unknown: readonly UnknownRule[];
}

/**
 * What becomes of a packet and by which rules: `walk` over rules as they are found, which may hold others' too. A rule that
 * is not known takes nothing of the answer but its certainty. Never throws on rules; throws when an address is none.
 */
export function explain(ruleset: Ruleset, packet: Packet, world: World): Explained {
  const start: Walker = { state: stateOf(packet, world), chance: 1, rules: 0 };
  const ends = through(ruleset, 'nat', entryHook(packet), start).flatMap((nat) => {
    let open: End[] = [isOpen(nat) || nat.by === 'dnat' ? { by: 'policy', walker: nat.walker } : nat];
    for (const hook of filterHooks(packet, nat.walker.state)) {
      open = open.flatMap((end) => (isOpen(end) ? through(ruleset, 'filter', hook, end.walker) : [end]));
    }
    return open.flatMap((end) => outward(ruleset, packet, end)).map((last) => endOf(last, nat.walker.rules));
  });
  const merged = mergedEnds(ends.map(({ end }) => end));
  const door = merged.flatMap(({ way }) => way.flatMap(({ rule }) => doorOf(rule) ?? []))[0];
  return { ...(door !== undefined && { door }), ends: merged, unknown: unknownOf(ends.map(({ doubts }) => doubts)) };
}

const through = (ruleset: Ruleset, table: Table, hook: string, walker: Walker) =>
  throughHook(ruleset, 'doubting', table, hook, walker);

interface Last {
  readonly by: End['by'];
  readonly walker: Walker;
  readonly masquerade: boolean;
}

/** A packet that came from outside for the node itself never leaves it, so POSTROUTING does not see it. */
function outward(ruleset: Ruleset, packet: Packet, { by, walker }: End): Last[] {
  const inward = packet.from !== 'node' && walker.state.local(walker.state.destination);
  if (by === 'reject' || by === 'drop' || inward) return [{ by, walker, masquerade: false }];
  return through(ruleset, 'nat', 'POSTROUTING', walker).map((end) => ({
    by,
    walker: end.walker,
    masquerade: end.by === 'masquerade',
  }));
}

function endOf({ by, walker, masquerade }: Last, rulesPassed: number): { end: ExplainedEnd; doubts?: Doubt } {
  const { state, chance, rules, doubts } = walker;
  const way = wayOf(walker.way);
  const refused = by === 'reject' || by === 'drop';
  const heldBy = way.findLast(({ rule }) => rule.includes('-j DNAT'));
  const set = heldBy && setOf(heldBy.rule);
  const end: ExplainedEnd = {
    kind: refused ? by : state.to !== undefined ? 'dnat' : by === 'accept' ? 'accept' : 'none',
    ...(state.to !== undefined && (!refused || isGate(way.at(-1))) && { to: state.to }),
    masquerade,
    chance,
    rulesPassed,
    way,
    compared: rules,
    ...(masquerade && { rewriting: rewritingOf(way) }),
    ...(refused && { refusal: refusalOf(way, by) }),
    ...(set !== undefined && wasIn(state, set) && { heldBy: set }),
  };
  return { end, ...(doubts && { doubts }) };
}

/** NetworkPolicies judge behind DNAT, so what they refuse is told by where it would have gone. */
const isGate = (last: PassedRule | undefined): boolean => last?.chain.startsWith('CITY-J') ?? false;

function wayOf(last: Step | undefined): PassedRule[] {
  const way: PassedRule[] = [];
  for (let step = last; step; step = step.before) way.push({ table: step.table, chain: step.chain, rule: step.rule });
  return way.reverse();
}

function unknownOf(all: readonly (Doubt | undefined)[]): UnknownRule[] {
  const found = new Map<string, UnknownRule>();
  const seen = new Set<Doubt>();
  for (const last of all) {
    for (let doubt = last; doubt && !seen.has(doubt); doubt = doubt.before) {
      seen.add(doubt);
      const { table, chain, rule, why } = doubt;
      found.set(`${table} ${chain} ${rule}`, { table, chain, rule, why });
    }
  }
  return [...found.values()];
}

/** Ends that are the same for the client are one, with the way that is taken most. */
function mergedEnds(ends: readonly ExplainedEnd[]): ExplainedEnd[] {
  const merged = new Map<string, ExplainedEnd>();
  for (const end of [...ends].sort((a, b) => b.chance - a.chance)) {
    const key = `${end.kind} ${end.to} ${end.rewriting} ${end.refusal} ${end.heldBy}`;
    const known = merged.get(key);
    merged.set(key, known ? { ...known, chance: known.chance + end.chance } : end);
  }
  return [...merged.values()].sort((a, b) => b.chance - a.chance);
}

function rewritingOf(way: readonly PassedRule[]): Rewriting {
  const last = way.at(-1)?.rule ?? '';
  if (readRule(last).matches.some(({ kind }) => kind === 'hairpin')) return 'itself';
  const marks = way.findLast(({ rule }) => {
    const { target } = readRule(rule);
    return target.kind === 'mark' && target.value !== 0;
  });
  if (marks?.chain === 'CITY-SERVICES') return 'gateway';
  if (!marks?.chain.startsWith('CITY-E-')) return 'other';
  return readRule(marks.rule).matches.some(({ kind }) => kind === 'local') ? 'node' : 'door';
}

/** A door of ours names its Service; a rule without a name that another hand put between them is none. */
function refusalOf(way: readonly PassedRule[], by: 'reject' | 'drop'): Refusal {
  const last = way.at(-1);
  if (last?.chain === 'CITY-MARTIAN') return 'loopback';
  if (last === undefined || doorOf(last.rule) === undefined) return 'other';
  const hook = way.findLast(({ chain }) => chain === 'INPUT' || chain === 'FORWARD' || chain === 'OUTPUT');
  if (hook?.rule.endsWith(`-j ${PLACES.guard.root}`)) return 'source-range';
  return by === 'reject' ? 'no-endpoints' : 'not-here';
}

/** `shop/cart:http` of the comment on a door of ours. */
const doorOf = (rule: string): string | undefined => parsedComment(rule)?.match(/^[^/\s]+\/[^/:\s]+:[^/\s]*$/)?.[0];

function setOf(rule: string): string | undefined {
  for (const match of readRule(rule).matches) if (match.kind === 'set' && !match.not) return match.name;
  return undefined;
}
