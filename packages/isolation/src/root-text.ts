import { type Chain, hairpin, type Jump, MID_STREAM, toPort } from '@kubecity/ruleset';
import type { IsolationOptions } from './options.ts';
import type { Direction } from './policy.ts';
import { REFUSED } from './refused.ts';

const ROOT = 'CITY-ISOLATION';
/** For what pods send to their own node. */
const INWARD = 'CITY-ISOLATION-NODE';

/**
 * Neighbour discovery, which the kernel does not track (nf_conntrack_proto_icmpv6.c): of what the rules see of it, a pod's search for
 * its node, and on a bridge for other pods. Without it nothing that is allowed would find its way.
 */
const NEIGHBOURS = '-p ipv6-icmp -m conntrack --ctstate UNTRACKED -j RETURN';

export interface RootParts {
  readonly options: IsolationOptions;
  /** Of this node's pods, of this family. */
  readonly ranges: readonly string[];
  /** Set of the addresses that pods of this node are known to have. */
  readonly knownSet: string;
  /** Set of the connections that were ended. */
  readonly endedSet: string;
  /** Into each tree. */
  readonly ways: Readonly<Record<Direction, Chain>>;
}

/** What stands before the trees: what is open whatever policies say, and what is closed whatever they say. */
export function rootChains({ options, ranges, knownSet, endedSet, ways }: RootParts): Map<string, Chain> {
  const open = '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN';
  const neighbours = options.family === 'IPv6' ? [NEIGHBOURS] : [];
  const tunnels = tunnelRules(options, ranges);
  const unknown = (flag: '-s' | '-d', side: 'src' | 'dst') =>
    ranges.map((range) => `${flag} ${range} -m set ! --match-set ${knownSet} ${side} -g ${REFUSED}`);
  const root = [
    open,
    ...neighbours,
    // A pod that a Service sends to itself; without a Service its packets do not leave it.
    `${hairpin(options.family)} -j RETURN`,
    // An answer on a connection that was ended would begin one the other way round.
    `${MID_STREAM} -m set --match-set ${endedSet} src,src,dst -g ${REFUSED}`,
    ...tunnels,
    ...unknown('-s', 'src'),
    ...unknown('-d', 'dst'),
    ...ways.egress,
    ...ways.ingress,
  ];
  const chains = new Map<string, Chain>([[ROOT, root]]);
  const filtered = options.ownNode === 'filter' ? [...neighbours, ...unknown('-s', 'src'), ...ways.egress] : [];
  return looksInward(options, ranges) ? chains.set(INWARD, [open, ...tunnels, ...filtered]) : chains;
}

/** They must stand before any rule that accepts. */
export function rootJumps(options: IsolationOptions, ranges: readonly string[]): Jump[] {
  const jump = (from: string, chain: string): Jump => ({ table: 'filter', from, rule: `-j ${chain}` });
  return [jump('FORWARD', ROOT), ...(looksInward(options, ranges) ? [jump('INPUT', INWARD)] : [])];
}

function tunnelRules({ encapsulationPort: port }: IsolationOptions, ranges: readonly string[]): string[] {
  return port === undefined ? [] : ranges.map((range) => `-s ${range} ${toPort('UDP', port)} -g ${REFUSED}`);
}

const looksInward = (options: IsolationOptions, ranges: readonly string[]): boolean =>
  options.ownNode === 'filter' || tunnelRules(options, ranges).length > 0;
