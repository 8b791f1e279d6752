import { bitsOf, type Family, familyOf } from '@kubecity/routing';
import { addressChain, baseOf, bitTree, type Chain, host, type Leaf, words } from '@kubecity/ruleset';

export interface GateTreeOptions {
  readonly family: Family;
  /** Its chain. */
  readonly root: string;
  /** Kind of the chains of its branches. */
  readonly branch: string;
  /** Which address of a packet is looked at. */
  readonly flag: '-s' | '-d';
}

/** From the addresses of pods to the chains that they are led to. What one pod changes costs one pod's work, and the comparing. */
export class GateTree {
  readonly #options: GateTreeOptions;
  readonly #width: number;
  /** By pod. */
  readonly #leaves = new Map<string, readonly Leaf[]>();
  #stale = true;

  constructor(options: GateTreeOptions) {
    this.#options = options;
    this.#width = options.family === 'IPv4' ? 32 : 128;
  }

  /** @param chain undefined when the pod is open */
  put(pod: string, addresses: readonly string[], chain: string | undefined): void {
    const { family, flag } = this.#options;
    const before = this.#leaves.get(pod);
    const mine = chain === undefined ? [] : addresses.filter((address) => familyOf(address) === family);
    const leaves = mine.map((address) => ({ bits: bitsOf(address), rule: `${flag} ${host(address)} -g ${chain}` }));
    if (leaves.length === (before?.length ?? 0) && leaves.every(({ rule }, i) => rule === before?.[i]?.rule)) return;
    if (leaves.length > 0) this.#leaves.set(pod, leaves);
    else this.#leaves.delete(pod);
    this.#stale = true;
  }

  /**
   * All of its chains, and the rule that leads into it only what has an address like those in it (none where it is empty).
   * @returns undefined while it is as it was
   */
  take(): { readonly chains: ReadonlyMap<string, Chain>; readonly way: Chain } | undefined {
    if (!this.#stale) return undefined;
    this.#stale = false;
    const { root, branch, flag } = this.#options;
    const width = this.#width;
    const leaves = [...this.#leaves.values()].flat().sort((a, b) => (a.bits < b.bits ? -1 : 1));
    const chains = bitTree(root, leaves, {
      width,
      match: (prefix) => `${flag} ${baseOf(prefix, width)}/${prefix.length}`,
      chain: (prefix) => addressChain(branch, baseOf(prefix, width), prefix.length),
    });
    const [first, last] = [leaves[0]?.bits, leaves.at(-1)?.bits];
    if (first === undefined || last === undefined) return { chains, way: [] };
    const common = commonPrefix(first, last);
    const range = common === '' ? '' : `${flag} ${baseOf(common, width)}/${common.length}`;
    return { chains, way: [words(range, `-j ${root}`)] };
  }
}

function commonPrefix(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}
