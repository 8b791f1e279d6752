import type { Ipset, Netfilter } from '@kubecity/netfilter';
import {
  type AgentAnswer,
  type AgentQuestion,
  MOST_ENDS,
  type ExplainedEnd as ToldEnd,
  type PassedRule as ToldRule,
} from '@kubecity/protocol';
import { cleanAddress, type Family, familyOf } from '@kubecity/routing';
import {
  type Explained,
  type ExplainedEnd,
  explain,
  type HookChain,
  hookChains,
  type Packet,
  parseSaveAll,
  rulesetOf,
} from '@kubecity/ruleset';

export type PacketQuestion = Extract<AgentQuestion, { kind: 'explain' }>;

/** What is asked of this machine besides its rules. */
export interface PacketHost {
  readonly localAddresses: (family: Family) => readonly string[];
  /** The address a program here would call from. */
  readonly sourceTowards: (family: Family, address: string, port: number) => Promise<string>;
  /** Through which packets of this address come in; undefined where nobody knows. */
  readonly interfaceOf: (family: Family, address: string) => Promise<string | undefined>;
}

export interface PacketQuestionOptions {
  readonly families: ReadonlyMap<Family, { readonly netfilter: Pick<Netfilter, 'save'> }>;
  readonly ipset: Pick<Ipset, 'holding'>;
  readonly host: PacketHost;
  /** Unix ms. */
  readonly now: () => number;
}

/**
 * What becomes of a connection's first packet, by the rules in this kernel at this moment, not by those we believe to be
 * there. Sets of session affinity are asked for this client, so that a known one finds its backend.
 */
export async function answerPacket(question: PacketQuestion, options: PacketQuestionOptions): Promise<AgentAnswer> {
  const { families, ipset, host, now } = options;
  const destination = cleanAddress(question.destination)?.text;
  if (destination === undefined) return invalid(`destination: not an address: ${question.destination}`);
  const family = familyOf(destination);
  const netfilter = families.get(family)?.netfilter;
  if (!netfilter) return invalid(`destination: this node has no rules for ${family}`);
  const packet = await packetOf(question, family, destination, host);
  if (typeof packet === 'string') return invalid(packet);

  const at = now();
  const text = await netfilter.save();
  const ruleset = rulesetOf(parseSaveAll(text), family);
  const localAddresses = host.localAddresses(family);
  const asked = new Set<string>();
  const client = new Set([packet.source]);
  const sets = new Map<string, ReadonlySet<string>>();
  const look = (): Explained => {
    const get = (name: string) => {
      asked.add(name);
      return sets.get(name);
    };
    return explain(ruleset, packet, { localAddresses, sets: { get } });
  };
  let found = look();
  // Behind the lease are rules that ask for sets of session affinity.
  for (let known = 0; known < asked.size; ) {
    known = asked.size;
    const before = sets.size;
    for (const name of await ipset.holding(asked, packet.source)) sets.set(name, client);
    if (sets.size > before) found = look();
  }
  return told(found, packet, {
    at,
    sets: asked.size,
    hooks: hookChains(text).filter(passes(found, packet)),
  });
}

/** The packet, or in words why there is none. */
async function packetOf(
  { from, source: given, port, protocol }: PacketQuestion,
  family: Family,
  destination: string,
  host: PacketHost,
): Promise<Packet | string> {
  const rest = { destination, port, protocol: protocol.toLowerCase() as Packet['protocol'] };
  if (from === 'node') return { from, source: await host.sourceTowards(family, destination, port), ...rest };
  const source = given === undefined ? undefined : cleanAddress(given)?.text;
  if (source === undefined) return `source: not an address: ${given ?? 'none'}`;
  if (familyOf(source) !== family) return `source: ${source} and ${destination} are of different families`;
  const iif = await host.interfaceOf(family, source);
  return { from: from === 'pod' ? 'pod' : 'external', source, ...(iif !== undefined && { iif }), ...rest };
}

/** Which built-in chains this packet passes, by the rules that took it; where it meets none of ours nobody knows. */
function passes({ ends }: Explained, packet: Packet): (hook: HookChain) => boolean {
  const met = new Set(ends.flatMap(({ way }) => way.map(({ table, chain }) => `${table} ${chain}`)));
  const entry = packet.from === 'node' ? 'nat OUTPUT' : 'nat PREROUTING';
  return ({ table, chain, before, after, policy }) =>
    (before + after > 0 || policy === 'DROP') && (met.has(`${table} ${chain}`) || `${table} ${chain}` === entry);
}

interface Around {
  readonly at: number;
  readonly sets: number;
  readonly hooks: readonly HookChain[];
}

function told({ ends, door, unknown }: Explained, packet: Packet, { at, sets, hooks }: Around): AgentAnswer {
  const book = new RuleBook();
  const shown = ends.slice(0, MOST_ENDS);
  const rest = ends.slice(MOST_ENDS);
  return {
    kind: 'explain',
    at,
    source: packet.source,
    ...(packet.iif !== undefined && { interface: packet.iif }),
    ...(door !== undefined && { servicePort: `${door}/${packet.protocol.toUpperCase()}` }),
    ends: shown.map((end) => toldEnd(end, book)),
    rules: book.rules,
    rest: { ends: rest.length, chance: rest.reduce((sum, { chance }) => sum + chance, 0) },
    unknown: unknown.slice(0, 100).map(({ rule, why, ...place }) => ({
      ...place,
      rule: rule.slice(0, 4096),
      why: why.slice(0, 1024),
    })),
    others: hooks.slice(0, 20),
    sets,
  };
}

function toldEnd({ kind, to, chance, rewriting, refusal, ...end }: ExplainedEnd, book: RuleBook): ToldEnd {
  return {
    kind,
    ...(to !== undefined && { to }),
    chance,
    ...(rewriting && { rewriting }),
    ...(refusal && { refusal }),
    held: end.heldBy !== undefined,
    passed: end.rulesPassed,
    compared: end.compared,
    way: end.way.slice(0, 500).map((rule) => book.placeOf(rule)),
  };
}

/** Each rule is told once, however many ends it leads to. */
class RuleBook {
  readonly rules: ToldRule[] = [];
  readonly #places = new Map<string, number>();

  placeOf({ table, chain, rule }: ToldRule): number {
    const key = `${table} ${chain} ${rule}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.rules.length);
    this.rules.push({ table, chain, rule: rule.slice(0, 4096) });
    return this.rules.length - 1;
  }
}

const invalid = (message: string): AgentAnswer => ({
  kind: 'refused',
  code: 'invalid-request',
  message: message.slice(0, 1024),
});
