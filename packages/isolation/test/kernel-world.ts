import { cleanRange, rangeHolds } from '@kubecity/routing';
import type { World } from '@kubecity/ruleset';
import type { KernelSet } from '../src/index.ts';

/** Sets as the packet walk asks for them: a hash:net holds every address of its ranges. */
export function worldOf(sets: ReadonlyMap<string, Pick<KernelSet, 'type' | 'members'>>): World {
  return { localAddresses: [], sets: new Map([...sets].map(([name, set]) => [name, holdings(set)])) };
}

function holdings({ type, members }: Pick<KernelSet, 'type' | 'members'>): Pick<ReadonlySet<string>, 'has' | 'size'> {
  const size = [...members.keys()].length;
  if (type !== 'hash:net') return { has: (member) => members.has(member), size };
  const ranges = [...members.keys()].map((text) => cleanRange(text.includes('/') ? text : single(text)));
  return { has: (address) => ranges.some((range) => range !== undefined && rangeHolds(range, address)), size };
}

function single(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}
