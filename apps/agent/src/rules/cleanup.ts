import { type Ipset, type Netfilter, NetfilterError } from '@kubecity/netfilter';
import { diff, EMPTY_KERNEL, isEmpty, OUR_PREFIX, renderRestore, type Transaction } from '@kubecity/ruleset';
import { readKernel } from './kernel-reading.ts';

export interface Removed {
  readonly chains: number;
  readonly sets: number;
}

/** Removes every chain, jump and set of ours, whatever version wrote it, and nothing else. */
export async function removeRules(families: readonly Netfilter[], ipset: Ipset): Promise<Removed> {
  const chains = await removeChains(families);
  // Rules name sets, so they go first; nothing holds a set after that.
  const sets = (await setNames(ipset)).filter((name) => name.startsWith(OUR_PREFIX));
  if (sets.length > 0) await ipset.restore(sets.map((name) => `destroy ${name}\n`).join(''));
  return { chains, sets: sets.length };
}

/** @returns how many there were */
export async function removeChains(families: readonly Pick<Netfilter, 'save' | 'restore'>[]): Promise<number> {
  let chains = 0;
  for (const netfilter of families) {
    const transaction = diff(await readKernel(netfilter), EMPTY_KERNEL);
    for (const step of doorsFirst(transaction)) {
      if (!isEmpty(step)) await netfilter.restore(renderRestore(step));
    }
    chains += transaction.chains;
  }
  return chains;
}

/**
 * The way in is closed before anything behind it goes: a packet that was still given a backend or our mark must find the
 * rules that masquerade it and let it through a FORWARD that drops.
 */
function doorsFirst({ tables: { nat, filter }, ...cost }: Transaction): Transaction[] {
  const none = { write: [], remove: [], addJumps: [], removeJumps: [] };
  const isDoor = (jump: string) => /^(PREROUTING|OUTPUT) /.test(jump);
  const jumps = nat?.removeJumps ?? [];
  return [
    { ...cost, tables: nat ? { nat: { ...none, removeJumps: jumps.filter(isDoor) } } : {} },
    { ...cost, tables: nat ? { nat: { ...nat, removeJumps: jumps.filter((jump) => !isDoor(jump)) } } : {} },
    { ...cost, tables: filter ? { filter } : {} },
  ];
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
