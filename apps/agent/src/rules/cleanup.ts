import { setTimeout } from 'node:timers/promises';
import { type Ipset, type Netfilter, NetfilterError } from '@kubecity/netfilter';
import {
  diff,
  EMPTY_KERNEL,
  isEmpty,
  OUR_PREFIX,
  type Owner,
  ownerOf,
  renderRestore,
  type Transaction,
} from '@kubecity/ruleset';
import { readKernel } from './kernel-reading.ts';

export interface Removed {
  readonly chains: number;
  readonly sets: number;
}

/** Removes every chain, jump and set of ours, or of one of us, whatever version wrote it, and nothing else. */
export async function removeRules(families: readonly Netfilter[], ipset: Ipset, owner?: Owner): Promise<Removed> {
  const chains = await removeChains(families, owner);
  const mine = (name: string) => name.startsWith(OUR_PREFIX) && (owner === undefined || ownerOf(name) === owner);
  // Rules name sets, so they go first; nothing of ours holds a set after that.
  const sets = (await setNames(ipset)).filter(mine);
  await destroySets(ipset, sets);
  return { chains, sets: sets.length };
}

/** @returns how many there were */
export async function removeChains(
  families: readonly Pick<Netfilter, 'save' | 'restore'>[],
  owner?: Owner,
): Promise<number> {
  let chains = 0;
  for (const netfilter of families) {
    const transaction = diff(await readKernel(netfilter, owner), EMPTY_KERNEL);
    for (const step of doorsFirst(transaction)) {
      if (!isEmpty(step)) await netfilter.restore(renderRestore(step));
    }
    chains += transaction.chains;
  }
  return chains;
}

/** The kernel frees the rules of a committed transaction in the background, and lets go of their sets only then. */
export async function destroySets(ipset: Ipset, names: readonly string[]): Promise<void> {
  let left = names;
  for (let tries = 1; left.length > 0; tries++) {
    left = await discardSets(ipset, left, tries === DESTROY_TRIES);
    if (left.length > 0) await setTimeout(DESTROY_PAUSE_MS);
  }
}

const DESTROY_TRIES = 50;
const DESTROY_PAUSE_MS = 20;

/**
 * Destroys sets that no rule of ours asks any more.
 * @param insist rejects where something still holds one of them
 * @returns those that are still there; the one that is held comes last
 */
export async function discardSets(ipset: Ipset, names: readonly string[], insist = false): Promise<readonly string[]> {
  if (names.length === 0) return [];
  try {
    await ipset.restore(names.map((name) => `destroy ${name}\n`).join(''));
    return [];
  } catch (error) {
    if (insist || !(error instanceof NetfilterError) || error.code !== 'refused') throw error;
    const there = new Set(await ipset.list());
    const [held, ...rest] = names.filter((name) => there.has(name));
    return held === undefined ? [] : [...rest, held];
  }
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
