import { type Attempt, type Judgement, type Opinion, REFUSED } from '@kubecity/isolation';
import type { InSet, Ipset, Netfilter } from '@kubecity/netfilter';
import {
  type AgentAnswer,
  type AgentQuestion,
  MOST_ENDS,
  type ExplainedEnd as ToldEnd,
  type PassedRule as ToldRule,
} from '@kubecity/protocol';
import { cleanAddress, type Family, familyOf } from '@kubecity/routing';
import {
  AFFINITY_PREFIX,
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
  /** What NetworkPolicies say to a connection; undefined while this node does not enforce them. */
  readonly judge?: (attempt: Attempt) => Judgement | undefined;
  /** Unix ms. */
  readonly now: () => number;
}

type ToldIsolation = NonNullable<ToldEnd['isolation']>;

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
  const sets = new AskedSets(packet.source);
  const look = (): Explained => explain(ruleset, packet, { localAddresses, sets });
  let found = look();
  // Behind the lease are rules that ask for sets of session affinity, and behind those of policies.
  while (await sets.answer(ipset)) found = look();
  return told(found, packet, {
    at,
    sets: sets.ofAffinity(family),
    hooks: hookChains(text).filter(passes(found, packet)),
    judge: (to) => options.judge?.({ from: packet.source, protocol: question.protocol, ...to }),
  });
}

/** Sets of the kernel, of which is read what the rules on the packet's way ask. */
class AskedSets {
  readonly #client: string;
  readonly #asked = new Map<string, InSet>();
  #answered = 0;
  #held: ReadonlySet<string> = new Set();

  constructor(client: string) {
    this.#client = client;
  }

  /** The lease and policies have sets of their own, which hold no client at a backend. */
  ofAffinity(family: Family): number {
    const names = new Set([...this.#asked.values()].map(([name]) => name));
    return [...names].filter((name) => name.startsWith(AFFINITY_PREFIX[family])).length;
  }

  get(name: string) {
    const has = (member: string) => {
      this.#asked.set(`${name} ${member}`, [name, member]);
      return this.#held.has(`${name} ${member}`);
    };
    // The lease is asked for as a whole; it holds every client while it lasts.
    const client = this.#client;
    return {
      has,
      get size() {
        return has(client) ? 1 : 0;
      },
    };
  }

  /** Asks the kernel what rules have asked; whether there was anything new. */
  async answer(ipset: Pick<Ipset, 'holding'>): Promise<boolean> {
    if (this.#asked.size === this.#answered) return false;
    this.#answered = this.#asked.size;
    const before = this.#held.size;
    this.#held = await ipset.holding(this.#asked.values());
    return this.#held.size > before;
  }
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
  /** Behind DNAT. */
  readonly judge: (to: Pick<Attempt, 'to' | 'port'>) => Judgement | undefined;
}

function told({ ends, door, unknown }: Explained, packet: Packet, { at, sets, hooks, judge }: Around): AgentAnswer {
  const book = new RuleBook();
  const shown = ends.slice(0, MOST_ENDS);
  const rest = ends.slice(MOST_ENDS);
  return {
    kind: 'explain',
    at,
    source: packet.source,
    ...(packet.iif !== undefined && { interface: packet.iif }),
    ...(door !== undefined && { servicePort: `${door}/${packet.protocol.toUpperCase()}` }),
    ends: shown.map((end) => toldEnd(end, book, isolationOf(end, packet, judge))),
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

/** A packet that a Service refuses goes nowhere that policies could judge. */
function isolationOf(end: ExplainedEnd, packet: Packet, judge: Around['judge']): ToldIsolation | undefined {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(end.to ?? '') ?? [];
  const to = v6 ?? v4;
  const isAsked = end.kind === 'none' || end.kind === 'accept' || end.way.at(-1)?.chain === REFUSED;
  if (to === undefined && !isAsked) return undefined;
  const judgement = judge(
    to === undefined ? { to: packet.destination, port: packet.port } : { to, port: Number(port) },
  );
  return judgement && { ...judgement, egress: toldOpinion(judgement.egress), ingress: toldOpinion(judgement.ingress) };
}

const toldOpinion = ({ policies, by, ...opinion }: Opinion): ToldIsolation['egress'] => ({
  ...opinion,
  policies: policies.slice(0, 1_000),
  by: by.slice(0, 1_000).map(({ policy, rule }) => ({ policy, rule })),
});

function toldEnd(
  { kind, to, chance, rewriting, refusal, ...end }: ExplainedEnd,
  book: RuleBook,
  isolation: ToldIsolation | undefined,
): ToldEnd {
  return {
    kind,
    ...(to !== undefined && { to }),
    chance,
    ...(rewriting && { rewriting }),
    ...(refusal && { refusal }),
    held: end.heldBy !== undefined,
    ...(isolation && { isolation }),
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
