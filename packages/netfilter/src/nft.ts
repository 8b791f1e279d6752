import { run } from './run.ts';

/** The family of a table as nft names it. */
export type NftFamily = 'ip' | 'ip6';

const MOST_MS = 120_000;

/**
 * Elements of one map, as `nft -j` gives them: key and verdict each.
 * @throws NetfilterError `missing-chain` where there is no such map
 */
export async function listMap(family: NftFamily, table: string, map: string): Promise<readonly unknown[]> {
  const text = await run('nft', ['-j', 'list', 'map', family, table, map], '', MOST_MS);
  const { nftables } = JSON.parse(text) as { nftables: readonly { map?: { elem?: readonly unknown[] } }[] };
  return nftables.find((each) => each.map !== undefined)?.map?.elem ?? [];
}
