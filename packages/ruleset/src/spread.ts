import type { Backend } from '@kubecity/routing';
import { hashBits, weightChain } from './names.ts';
import { partsInRow } from './parts.ts';
import { chance, dnat, words } from './rule.ts';
import type { Chain } from './ruleset.ts';

/** More backends than this in a row, and a packet would pass too many rules: they then stand in a tree over weights. */
const ROW = 16;
/** At most 16 branches at a step. */
const MAX_STEP = 4;

/**
 * One DNAT rule per backend. Each takes its weight's part of what the rules before it left, the last takes the rest, so
 * that the parts are the weights within 2^-31 (the resolution of xt_statistic). Many backends stand in a tree: a branch
 * takes the weight of all that is behind it. Which branch a backend belongs to follows from its own address alone, so one
 * that comes or goes rewrites its own leaf and the few chains above it.
 * @returns the rules for `chain` itself and the chains behind them
 */
export function spread(
  chain: string,
  protocol: string,
  backends: readonly Backend[],
): { readonly rules: Chain; readonly branches: ReadonlyMap<string, Chain> } {
  const branches = new Map<string, Chain>();
  const place = (backend: Backend) => ({ backend, bits: hashBits(`${backend.address} ${backend.port}`, 32) });
  const depth = backends.length <= ROW ? 0 : Math.ceil(Math.log2(backends.length / ROW));
  const placed = depth === 0 ? backends.map((backend) => ({ backend, bits: '' })) : backends.map(place);
  return { rules: grow(placed, 0), branches };

  function grow(here: readonly Placed[], bits: number): Chain {
    if (bits === depth || here.length <= 4) return row(here, protocol);
    const levels = Math.ceil((depth - bits) / MAX_STEP);
    const next = bits + Math.ceil((depth - bits) / levels);
    const groups = [...Map.groupBy(here, (placed) => placed.bits.slice(0, next))].sort(byKey);
    const parts = partsInRow(groups.map(([, group]) => weightOf(group)));
    return groups.map(([prefix, group], i) => {
      const name = weightChain(chain, prefix);
      branches.set(name, grow(group, next));
      return words(i < groups.length - 1 ? chance(parts[i] as number) : undefined, `-g ${name}`);
    });
  }
}

interface Placed {
  readonly backend: Backend;
  readonly bits: string;
}

function row(here: readonly Placed[], protocol: string): Chain {
  const parts = partsInRow(here.map(({ backend }) => backend.weight));
  return here.map(({ backend: { address, port } }, i) =>
    words(`-p ${protocol}`, i < here.length - 1 ? chance(parts[i] as number) : undefined, dnat(address, port)),
  );
}

function weightOf(here: readonly Placed[]): number {
  return here.reduce((sum, { backend }) => sum + backend.weight, 0);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
