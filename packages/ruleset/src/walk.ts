import { ipv4Number, networkOf, parseIPv4Range } from '@kubecity/routing';
import type { Match, Proto, Rule, Table } from './rule.ts';
import type { Ruleset } from './ruleset.ts';

/** The first packet of a connection. `hook` says where it enters: from a pod or the wire, or from the node itself. */
export interface Packet {
  readonly hook: 'PREROUTING' | 'OUTPUT';
  readonly source: string;
  readonly destination: string;
  readonly protocol: Proto;
  readonly port: number;
}

/** Where it may end, with the chance of each end; the chances sum up to 1. */
export interface Verdict {
  readonly kind: 'dnat' | 'reject' | 'drop' | 'none';
  /** `address:port`, only for dnat. */
  readonly to?: string;
  readonly masquerade: boolean;
  readonly chance: number;
}

interface Walker {
  readonly packet: Packet;
  readonly mark: boolean;
  readonly chance: number;
}

/**
 * Walks a packet through a ruleset as the kernel would, following both sides of every random choice. Knows exactly the
 * expressions that the compiler emits; the test oracle for "this packet from this client reaches these backends".
 */
export function walk(ruleset: Ruleset, packet: Packet): Verdict[] {
  const ends: Verdict[] = [];
  const start = jumpTarget(ruleset, 'nat', packet.hook);
  const { through, done } = start
    ? run(ruleset, 'nat', start, { packet, mark: false, chance: 1 })
    : { through: [{ packet, mark: false, chance: 1 }], done: [] };
  for (const end of done) {
    const to = end.to ?? '';
    const hairpin = to.slice(0, to.lastIndexOf(':')) === packet.source;
    ends.push({ kind: 'dnat', to, masquerade: end.mark || hairpin, chance: end.chance });
  }
  for (const walker of through) ends.push(...filter(ruleset, walker));
  return ends;
}

interface End extends Walker {
  readonly kind: 'dnat' | 'reject' | 'drop';
  readonly to?: string;
}

function filter(ruleset: Ruleset, walker: Walker): Verdict[] {
  const chain = jumpTarget(ruleset, 'filter', walker.packet.hook === 'OUTPUT' ? 'OUTPUT' : 'FORWARD');
  if (!chain) return [{ kind: 'none', masquerade: false, chance: walker.chance }];
  const { through, done } = run(ruleset, 'filter', chain, walker);
  return [
    ...done.map(({ kind, chance }) => ({ kind, masquerade: false, chance })),
    ...through.map(({ chance }) => ({ kind: 'none' as const, masquerade: false, chance })),
  ];
}

/** Runs one chain: `through` fell off its end (or returned), `done` met a final target. */
function run(ruleset: Ruleset, table: Table, chain: string, start: Walker): { through: Walker[]; done: End[] } {
  const rules = ruleset.chains[table].get(chain)?.rules;
  if (!rules) throw new Error(`walk: chain ${table}/${chain} does not exist`);
  const done: End[] = [];
  const through: Walker[] = [];
  let here: Walker[] = [start];
  for (const rule of rules) {
    const next: Walker[] = [];
    for (const walker of here) {
      const { yes, no } = split(rule, walker);
      if (no) next.push(no);
      if (!yes) continue;
      const { target } = rule;
      switch (target.kind) {
        case 'jump':
        case 'goto': {
          const inner = run(ruleset, table, target.chain, yes);
          done.push(...inner.done);
          (target.kind === 'goto' ? through : next).push(...inner.through);
          break;
        }
        case 'setMark':
          next.push({ ...yes, mark: true });
          break;
        case 'dnat':
          done.push({ ...yes, kind: 'dnat', to: target.to });
          break;
        case 'reject':
        case 'drop':
          done.push({ ...yes, kind: target.kind });
          break;
        case 'return':
          through.push(yes);
          break;
        default:
          throw new Error(`walk: target ${target.kind} is not expected in ${chain}`);
      }
    }
    here = next;
  }
  return { through: [...through, ...here], done };
}

function split(rule: Rule, walker: Walker): { yes?: Walker; no?: Walker } {
  let chance = 1;
  for (const match of rule.matches) {
    if (match.kind === 'probability') chance *= match.of2to31 / 2 ** 31;
    else if (!holds(match, walker.packet)) return { no: walker };
  }
  if (chance === 1) return { yes: walker };
  return {
    yes: { ...walker, chance: walker.chance * chance },
    no: { ...walker, chance: walker.chance * (1 - chance) },
  };
}

function holds(match: Match, packet: Packet): boolean {
  switch (match.kind) {
    case 'source':
      return within(packet.source, match.cidr) !== match.not;
    case 'destination':
      return within(packet.destination, match.cidr);
    case 'protocol':
      return match.protocol === packet.protocol;
    case 'destinationPort':
      return match.port === packet.port;
    case 'comment':
      return true;
    default:
      throw new Error(`walk: match ${match.kind} is not expected here`);
  }
}

function within(address: string, cidr: string): boolean {
  const range = parseIPv4Range(cidr);
  if (!range) throw new Error(`walk: not a range: ${cidr}`);
  return networkOf(ipv4Number(address), range.bits) === range.base;
}

function jumpTarget(ruleset: Ruleset, table: Table, from: string): string | undefined {
  const jump = ruleset.jumps.find((j) => j.table === table && j.from === from);
  return jump?.rule.split(' ').at(-1);
}
