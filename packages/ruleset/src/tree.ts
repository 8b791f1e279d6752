import { ipv4Number, ipv4Text, networkOf } from '@kubecity/routing';
import { branchChain } from './names.ts';
import type { Rule } from './rule.ts';

/** Dispatch rules of one cluster IP. */
export interface Door {
  readonly address: string;
  readonly rules: readonly Rule[];
}

/** A chain holds at most this many rules in a row before it branches: the walk of a first packet stays short. */
const FLAT = 16;
/** A branch with no more rules than this is written into its parent: a chain costs more than the rules it saves. */
const INLINE = 4;
/** At most 16 branches at a step. */
const MAX_STEP = 4;

/**
 * Cluster IPs as a tree over their bits: up to 16 branches at each step, so that the first packet of a connection walks a few
 * tens of rules among 10,000 Services instead of half of them. The shape depends only on the set of addresses. Branches
 * are entered with goto: they are disjoint, so nothing behind a branch could match.
 */
export function addressTree(root: string, doors: readonly Door[]): Map<string, Rule[]> {
  const chains = new Map<string, Rule[]>();
  const sorted = doors
    .map((door) => ({ ...door, number: ipv4Number(door.address) }))
    .sort((a, b) => a.number - b.number);
  chains.set(root, grow(chains, sorted));
  return chains;
}

type Placed = Door & { readonly number: number };

function grow(chains: Map<string, Rule[]>, doors: readonly Placed[]): Rule[] {
  const flat = doors.flatMap((door) => door.rules);
  if (flat.length <= FLAT || new Set(doors.map((door) => door.number)).size === 1) return flat;
  // The square root of the rules as branches: the walk over the branches and the walk behind one are then alike long.
  const step = Math.min(MAX_STEP, Math.ceil(Math.log2(flat.length) / 2));
  const bits = Math.min(32, commonBits(doors) + step);
  const rules: Rule[] = [];
  for (const [base, branch] of groupBy(doors, (door) => networkOf(door.number, bits))) {
    const size = branch.reduce((sum, door) => sum + door.rules.length, 0);
    if (size <= INLINE || bits === 32) {
      rules.push(...branch.flatMap((door) => door.rules));
      continue;
    }
    const chain = branchChain(base, bits);
    chains.set(chain, grow(chains, branch));
    rules.push({
      matches: [{ kind: 'destination', cidr: `${ipv4Text(base)}/${bits}` }],
      target: { kind: 'goto', chain },
    });
  }
  return rules;
}

/** Leading bits that all addresses share; the list is sorted, so the two ends decide. */
function commonBits(doors: readonly Placed[]): number {
  const first = doors[0]?.number ?? 0;
  const last = doors[doors.length - 1]?.number ?? 0;
  let bits = 32;
  while (networkOf(first, bits) !== networkOf(last, bits)) bits--;
  return bits;
}

function groupBy<T>(items: readonly T[], key: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
