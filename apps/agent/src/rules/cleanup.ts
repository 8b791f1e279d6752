import { type Ipset, type Netfilter, NetfilterError } from '@kubecity/netfilter';
import { diff, EMPTY_KERNEL, isEmpty, OUR_PREFIX, renderRestore } from '@kubecity/ruleset';
import { readKernel } from './kernel-reading.ts';

export interface Removed {
  readonly chains: number;
  readonly sets: number;
}

/** Removes every chain, jump and set of ours, whatever version wrote it, and nothing else. */
export async function removeRules(families: readonly Netfilter[], ipset: Ipset): Promise<Removed> {
  let chains = 0;
  for (const netfilter of families) {
    const transaction = diff(await readKernel(netfilter), EMPTY_KERNEL);
    if (!isEmpty(transaction)) await netfilter.restore(renderRestore(transaction));
    chains += transaction.chains;
  }
  // Rules name sets, so they go first; nothing holds a set after that.
  const sets = (await setNames(ipset)).filter((name) => name.startsWith(OUR_PREFIX));
  if (sets.length > 0) await ipset.restore(sets.map((name) => `destroy ${name}\n`).join(''));
  return { chains, sets: sets.length };
}

async function setNames(ipset: Ipset): Promise<string[]> {
  try {
    return await ipset.list();
  } catch (error) {
    // Where the tool is not installed we have made no sets.
    if (error instanceof NetfilterError && error.code === 'missing-tool') return [];
    throw error;
  }
}
