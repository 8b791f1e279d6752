import type { Netfilter } from '@kubecity/netfilter';
import {
  chainDifference,
  countRules,
  type KernelState,
  type Owner,
  parseSave,
  parseSaveAll,
  partOf,
  type Ruleset,
  routesAll,
  TABLES,
  type Touched,
} from '@kubecity/ruleset';

/** All chains of ours, or those of one of us, as the kernel holds them. */
export async function readKernel(netfilter: Pick<Netfilter, 'save'>, owner?: Owner): Promise<KernelState> {
  const found = parseSaveAll(await netfilter.save());
  return owner === undefined ? found : partOf(found, owner);
}

/** The kernel differs from the wish after a restore that reported success. */
export class ReadBackError extends Error {
  override readonly name = 'ReadBackError';

  constructor(difference: string) {
    super(`the kernel does not hold what was written: ${difference}`);
  }
}

/** Whether rules of ours that are in the kernel route every Service, in one family at least. */
export async function anyRouting(doors: Iterable<Pick<Netfilter, 'save'>>): Promise<boolean> {
  for (const door of doors) if (routesAll(await readKernel(door))) return true;
  return false;
}

/** Measured with iptables-nft 1.8.9: listing one chain costs about as much as saving 300 rules. */
const RULES_PER_LISTING = 300;

/** Whether reading whole tables is cheaper than reading the touched chains one by one. */
export function worthReadingWhole(ruleset: Ruleset, touched: Touched): boolean {
  const listings = touched.filter.size + touched.nat.size;
  return listings > 4 && listings * RULES_PER_LISTING > countRules(ruleset).rules;
}

/** Reads just these chains; says in words how the first of them differs from the ruleset. */
export async function chainsDiffer(
  netfilter: Netfilter,
  ruleset: Ruleset,
  touched: Touched,
): Promise<string | undefined> {
  for (const table of TABLES) {
    const found = parseSave(await netfilter.list(table, touched[table])).chains;
    for (const chain of touched[table]) {
      const wanted = ruleset.chains[table].get(chain);
      const difference = wanted
        ? chainDifference(chain, wanted, found.get(chain))
        : found.has(chain) && `chain ${chain} is still there`;
      if (difference) return `${table}: ${difference}`;
    }
  }
  return undefined;
}
