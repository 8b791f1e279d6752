import type { Family } from '@kubecity/routing';
import { NFT_TABLE, type NftRule, type NftTable, parseNftTable } from '@kubecity/ruleset';
import { NetfilterError } from './error.ts';
import { run } from './run.ts';

const MOST_MS = 120_000;

/** Commands of nft, of any tables, carried out as one transaction: all of them or none. */
export async function applyNft(commands: readonly string[]): Promise<void> {
  await run('nft', ['-f', '-'], commands.map((command) => `${command}\n`).join(''), MOST_MS);
}

/** The only door to our table of nftables, one family, in the current network namespace. */
export interface Nft {
  /** The table without the elements of its sets; undefined where it is not there, or nft is not installed. */
  read(): Promise<NftTable | undefined>;
  /**
   * Just these chains, in this order; one that is not there is left out. For `list table` nft (1.0.6) takes time that grows with the
   * square of the chains, for `list chain` it does not.
   */
  chains(names: Iterable<string>): Promise<NftTable['chains']>;
  /** Whether a set of the table holds the element now; not when there is no such set. */
  holds(set: string, element: string): Promise<boolean>;
}

export function nft({ family = 'IPv4' }: { readonly family?: Family } = {}): Nft {
  const table = NFT_TABLE[family];
  return {
    read: async () => {
      const text = await orUndefined(run('nft', ['-t', 'list', 'table', ...table.split(' ')], '', MOST_MS));
      return text === undefined ? undefined : parseNftTable(text, family);
    },
    chains: async (names) => {
      const found = new Map<string, readonly NftRule[]>();
      for (const name of names) {
        const text = await orUndefined(run('nft', ['list', 'chain', ...table.split(' '), name], '', MOST_MS));
        const rules = text === undefined ? undefined : parseNftTable(text, family).chains.get(name);
        if (rules) found.set(name, rules);
      }
      return found;
    },
    holds: async (set, element) => {
      const args = ['get', 'element', ...table.split(' '), set, `{ ${element} }`];
      return (await orUndefined(run('nft', args, '', MOST_MS))) !== undefined;
    },
  };
}

/**
 * Elements of one map, as `nft -j` gives them: key and verdict each.
 * @throws NetfilterError `missing-chain` where there is no such map
 */
export async function listMap(family: Family, table: string, map: string): Promise<readonly unknown[]> {
  const word = family === 'IPv4' ? 'ip' : 'ip6';
  const text = await run('nft', ['-j', 'list', 'map', word, table, map], '', MOST_MS);
  const { nftables } = JSON.parse(text) as { nftables: readonly { map?: { elem?: readonly unknown[] } }[] };
  return nftables.find((each) => each.map !== undefined)?.map?.elem ?? [];
}

async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const codes = ['missing-tool', 'missing-chain'];
    if (error instanceof NetfilterError && codes.includes(error.code)) return undefined;
    throw error;
  }
}
