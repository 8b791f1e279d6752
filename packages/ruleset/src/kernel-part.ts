import type { KernelState } from './kernel-state.ts';
import { type Owner, ownerOf, ownerOfJump } from './owner.ts';
import type { Table } from './ruleset.ts';

/** What of the kernel one of us answers for. */
export function partOf({ chains, jumps, overtaken, leading }: KernelState, owner: Owner): KernelState {
  const of = (table: Table) => new Map([...chains[table]].filter(([name]) => ownerOf(name) === owner));
  const own = (list: readonly string[]) => list.filter((jump) => ownerOfJump(jump) === owner);
  return {
    chains: { filter: of('filter'), nat: of('nat') },
    jumps: { filter: own(jumps.filter), nat: own(jumps.nat) },
    overtaken: own(overtaken),
    // isolation comes first: others leave it there, and it leaves nobody.
    ...(owner === 'routing' && leading && { leading }),
  };
}
