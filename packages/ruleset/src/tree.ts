/** One rule and the bits that lead to it. */
export interface Leaf {
  readonly bits: string;
  readonly rule: string;
}

/** How a tree says "the packets whose key begins with these bits". */
export interface Branching {
  /** Length of every leaf's bits. */
  readonly width: number;
  match(prefix: string): string;
  chain(prefix: string): string;
  /** Rules of leaves that have all bits in common; may add chains. Absent = in a row. */
  readonly same?: (leaves: readonly Leaf[], chains: Map<string, readonly string[]>) => readonly string[];
}

/** A chain holds at most this many rules in a row before it branches: the walk of a first packet stays short. */
const FLAT = 16;
/** A branch with no more rules than this is written into its parent: a chain costs more than the rules it saves. */
const INLINE = 4;
/** At most 16 branches at a step. */
const MAX_STEP = 4;

/**
 * Rules as a tree over the bits of their key: up to 16 branches at each step, so that the first packet of a connection
 * walks a few tens of rules among 10,000 doors instead of half of them. The shape depends only on the set of leaves.
 * Branches are entered with goto: they are disjoint, so nothing behind a branch could match.
 * @param leaves sorted by bits; equal bits in the order in which they shall match
 */
export function bitTree(root: string, leaves: readonly Leaf[], branching: Branching): Map<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>();
  chains.set(root, grow(chains, leaves, branching));
  return chains;
}

function grow(chains: Map<string, readonly string[]>, leaves: readonly Leaf[], tree: Branching): readonly string[] {
  const first = leaves[0];
  const last = leaves.at(-1);
  if (!first || !last || leaves.length <= FLAT) return leaves.map((leaf) => leaf.rule);
  if (first.bits === last.bits) return tree.same?.(leaves, chains) ?? leaves.map((leaf) => leaf.rule);
  // As few chains as make the last row short: chains are what a restore pays for.
  const step = Math.min(MAX_STEP, Math.ceil(Math.log2(leaves.length / FLAT)));
  const bits = Math.min(tree.width, commonBits(first.bits, last.bits) + step);
  const rules: string[] = [];
  for (let from = 0; from < leaves.length; ) {
    const prefix = (leaves[from] as Leaf).bits.slice(0, bits);
    let to = from + 1;
    while (to < leaves.length && (leaves[to] as Leaf).bits.startsWith(prefix)) to++;
    const branch = leaves.slice(from, to);
    if (branch.length <= INLINE) {
      for (const leaf of branch) rules.push(leaf.rule);
    } else {
      const chain = tree.chain(prefix);
      chains.set(chain, grow(chains, branch, tree));
      rules.push(`${tree.match(prefix)} -g ${chain}`);
    }
    from = to;
  }
  return rules;
}

function commonBits(a: string, b: string): number {
  let bits = 0;
  while (bits < a.length && a[bits] === b[bits]) bits++;
  return bits;
}
