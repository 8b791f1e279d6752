import type { Chain, Ruleset, Table } from '../ruleset.ts';
import { holds, remembered, rewritten, type State } from './packet.ts';
import { type ParsedRule, readRule } from './rule-text.ts';

/** A rule that took the packet, and the one before it on the way. */
export interface Step {
  readonly table: Table;
  readonly chain: string;
  /** As behind `-A CHAIN`. */
  readonly rule: string;
  readonly before?: Step;
}

/** A rule that would have taken the packet as far as its words are known; the packet was walked past it. */
export interface Doubt extends Omit<Step, 'before'> {
  readonly why: string;
  readonly before?: Doubt;
}

/** A packet on its way: what is known of it, with what chance it came here, and how many rules it was compared with. */
export interface Walker {
  readonly state: State;
  readonly chance: number;
  readonly rules: number;
  /** The last rule that took it. */
  readonly way?: Step;
  readonly doubts?: Doubt;
}

/** How a hook let go of a packet: a rule decided, or none did. */
export interface End {
  readonly by: 'dnat' | 'masquerade' | 'accept' | 'reject' | 'drop' | 'policy';
  readonly walker: Walker;
}

/** `strict` throws on a rule it does not know, `doubting` goes on as if that rule had not matched, and notes it. */
export type Reading = 'strict' | 'doubting';

/** Runs our jumps of one hook in order; the ends of one that decided nothing go on with the next. */
export function throughHook(ruleset: Ruleset, reading: Reading, table: Table, hook: string, start: Walker): End[] {
  const rules = ruleset.jumps.filter((jump) => jump.table === table && jump.from === hook).map(({ rule }) => rule);
  return new Course(ruleset, reading, table).run(hook, rules, start);
}

/** A place in a chain, and where to go on when the chain ends. */
interface Place {
  readonly chain: string;
  readonly texts: Chain;
  readonly rules: readonly ParsedRule[];
  readonly at: number;
  readonly back?: Place;
}

/** The ways of one packet through one hook. */
class Course {
  readonly #ruleset: Ruleset;
  readonly #reading: Reading;
  readonly #table: Table;
  readonly #ends: End[] = [];
  readonly #open: { readonly walker: Walker; readonly place: Place | undefined }[] = [];

  constructor(ruleset: Ruleset, reading: Reading, table: Table) {
    this.#ruleset = ruleset;
    this.#reading = reading;
    this.#table = table;
  }

  run(hook: string, rules: Chain, start: Walker): End[] {
    this.#open.push({ walker: start, place: { chain: hook, texts: rules, rules: rules.map(readRule), at: 0 } });
    for (let here = this.#open.pop(); here; here = this.#open.pop()) {
      const { walker, place } = here;
      const rule = place?.rules[place.at];
      if (!place) this.#ends.push({ by: 'policy', walker });
      else if (!rule) this.#open.push({ walker, place: place.back });
      else this.#compare(place, rule, { ...walker, rules: walker.rules + 1 });
    }
    return this.#ends;
  }

  #compare(place: Place, rule: ParsedRule, walker: Walker): void {
    const next: Place = { ...place, at: place.at + 1 };
    const unknown = this.#unknown(rule);
    if (unknown !== undefined) {
      if (this.#reading === 'strict') throw new Error(unknown);
      const step = this.#step(place);
      const certain = rule.matches.every((match) => match.kind === 'probability' || holds(match, walker.state));
      const doubts: Doubt = { ...step, why: unknown, ...(walker.doubts && { before: walker.doubts }) };
      this.#open.push({ walker: certain ? { ...walker, doubts } : walker, place: next });
      return;
    }
    const { yes, no } = split(rule, walker);
    if (no) this.#open.push({ walker: no, place: next });
    if (yes) this.#take({ ...yes, way: { ...this.#step(place), ...(yes.way && { before: yes.way }) } }, rule, next);
  }

  #take(yes: Walker, { target }: ParsedRule, next: Place): void {
    const set = (state: State) => this.#open.push({ walker: { ...yes, state }, place: next });
    switch (target.kind) {
      case 'jump':
        this.#enter(target.chain, yes, next);
        break;
      case 'goto':
        // The kernel keeps no way back here: when that chain ends, it goes on where this one was entered from.
        this.#enter(target.chain, yes, next.back);
        break;
      case 'remembered':
        this.#open.push({ walker: yes, place: next });
        break;
      case 'return':
        this.#open.push({ walker: yes, place: next.back });
        break;
      case 'mark':
        set({ ...yes.state, mark: ((yes.state.mark & ~target.mask) ^ target.value) >>> 0 });
        break;
      case 'remember':
        set(remembered(yes.state, target.set));
        break;
      case 'dnat':
        this.#ends.push({ by: 'dnat', walker: { ...yes, state: rewritten(yes.state, target.to) } });
        break;
      case 'unknown':
        throw new Error(target.why);
      default:
        this.#ends.push({ by: target.kind, walker: yes });
    }
  }

  #enter(chain: string, walker: Walker, back: Place | undefined): void {
    const texts = this.#ruleset.chains[this.#table].get(chain) ?? [];
    this.#open.push({ walker, place: { chain, texts, rules: rulesOf(texts), at: 0, ...(back && { back }) } });
  }

  /** Why nobody knows what this rule does; undefined when it is known. */
  #unknown({ target }: ParsedRule): string | undefined {
    if (target.kind === 'unknown') return target.why;
    const leads = target.kind === 'jump' || target.kind === 'goto';
    if (!leads || this.#ruleset.chains[this.#table].has(target.chain)) return undefined;
    return `walk: no target and no chain of table ${this.#table} is called ${target.chain}`;
  }

  #step({ chain, texts, at }: Place): Omit<Step, 'before'> {
    return { table: this.#table, chain, rule: texts[at] as string };
  }
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

function rulesOf(chain: Chain): readonly ParsedRule[] {
  const known = parsed.get(chain);
  if (known) return known;
  const rules = chain.map(readRule);
  parsed.set(chain, rules);
  return rules;
}
