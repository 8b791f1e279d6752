import { type Chain, comment, toPort, words } from '@kubecity/ruleset';
import type { BlockPeer } from './block.ts';
import type { Gate, Grant, PeerPort } from './gate.ts';
import type { IsolationOptions } from './options.ts';
import { type Direction, EVERYWHERE, type Peer, type PodPeer, type PortSpan } from './policy.ts';
import { REFUSED } from './refused.ts';

/** Who asks for a set; the answer is its name in the kernel. */
export type SetNamer = (wanted: { readonly peer: PodPeer } | PeerPort | BlockPeer) => string;

/** xt_multiport takes fifteen ports; a range counts as two. */
const MULTIPORT = 15;
/** XT_MAX_COMMENT_LEN is 256 with the terminating zero. */
const MAX_COMMENT = 255;

const SIDES = {
  ingress: { flag: '-s', set: 'src' },
  egress: { flag: '-d', set: 'dst' },
} as const;

export interface GateText {
  /** A rule that lets go for each thing that is allowed, and at the end one that refuses the rest. */
  readonly rules: Chain;
  /** For each rule but the last: the policies that it lets go for. */
  readonly by: readonly (readonly string[])[];
}

/** What several policies allow in the same words (name servers, mostly) is one rule that names them all. */
export function gateText(gate: Gate, direction: Direction, options: IsolationOptions, nameOf: SetNamer): GateText {
  const allowed = new Map<string, { readonly said: string[]; readonly policies: string[] }>();
  for (const grant of gate.grants) {
    const by = `${grant.policy} ${direction} ${grant.rule}`;
    for (const matches of grantMatches(grant, direction, options, nameOf)) {
      const known = allowed.get(matches);
      if (!known) {
        allowed.set(matches, { said: [by], policies: [grant.policy] });
        continue;
      }
      if (known.said.at(-1) !== by) known.said.push(by);
      // Those of one policy stand together.
      if (known.policies.at(-1) !== grant.policy) known.policies.push(grant.policy);
    }
  }
  const rules: string[] = [];
  for (const [matches, { said }] of allowed) rules.push(words(matches, label(said.join(', ')), '-j RETURN'));
  rules.push(words(label(`closed by ${gate.policies.join(', ')}`), `-g ${REFUSED}`));
  return { rules, by: [...allowed.values()].map(({ policies }) => policies) };
}

function grantMatches(grant: Grant, direction: Direction, options: IsolationOptions, nameOf: SetNamer): string[] {
  const { peers, spans, named } = grant;
  const ports = spans ? portMatches(spans) : [''];
  const froms = peers
    ? peers.map((peer) => ports.length > 0 && peerMatch(peer, direction, options, nameOf))
    : [ANYBODY];
  const matches: string[] = [];
  for (const from of froms) if (from) for (const port of ports) matches.push(words(from.range, port, from.set));
  for (const one of named) matches.push(`-m set --match-set ${nameOf(one)} dst,dst`);
  return matches;
}

/** How a rule asks for one peer: `range` stands before the ports of a rule, `set` behind them. */
interface PeerMatch {
  readonly range?: string;
  readonly set?: string;
}

const ANYBODY: PeerMatch = {};

/** @returns undefined where the peer has no address of this family */
function peerMatch(
  peer: Peer,
  direction: Direction,
  { family }: IsolationOptions,
  nameOf: SetNamer,
): PeerMatch | undefined {
  const { flag, set } = SIDES[direction];
  if (peer.kind === 'pods') return { set: `-m set --match-set ${nameOf({ peer })} ${set}` };
  if (peer.family !== family) return undefined;
  const [first, ...more] = peer.ranges;
  if (first === undefined) return undefined;
  if (more.length > 0) return { set: `-m set --match-set ${nameOf(peer)} ${set}` };
  return first === EVERYWHERE[family] ? ANYBODY : { range: `${flag} ${first}` };
}

/** One match for each protocol, or more where it has more ports than fit into one. */
function portMatches(spans: readonly PortSpan[]): string[] {
  return (['TCP', 'UDP', 'SCTP'] as const).flatMap((protocol) => {
    const merged = mergedSpans(spans.filter((span) => span.protocol === protocol));
    if (merged.length === 0) return [];
    const word = protocol.toLowerCase();
    if (merged.some(({ first, last }) => first === 0 && last === 65_535)) return [`-p ${word}`];
    const portions = portionsOf(merged);
    return portions.map((portion) =>
      portion.length === 1
        ? toPort(protocol, spanText(portion[0] as PortSpan))
        : `-p ${word} -m multiport --dports ${portion.map(spanText).join(',')}`,
    );
  });
}

/** In order, none overlapping or touching another. */
function mergedSpans(spans: readonly PortSpan[]): PortSpan[] {
  const merged: PortSpan[] = [];
  for (const span of [...spans].sort((a, b) => a.first - b.first || a.last - b.last)) {
    const before = merged.at(-1);
    if (!before || span.first > before.last + 1) merged.push(span);
    else merged[merged.length - 1] = { ...before, last: Math.max(before.last, span.last) };
  }
  return merged;
}

function portionsOf(spans: readonly PortSpan[]): PortSpan[][] {
  const portions: PortSpan[][] = [];
  let room = 0;
  for (const span of spans) {
    const needs = span.first === span.last ? 1 : 2;
    if (room < needs) {
      portions.push([]);
      room = MULTIPORT;
    }
    portions.at(-1)?.push(span);
    room -= needs;
  }
  return portions;
}

function spanText({ first, last }: PortSpan): string {
  return first === last ? String(first) : `${first}:${last}`;
}

function label(text: string): string {
  return comment(text.length <= MAX_COMMENT ? text : `${text.slice(0, MAX_COMMENT - 3)}...`);
}
