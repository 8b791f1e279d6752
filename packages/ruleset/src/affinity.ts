import type { ServicePort } from '@kubecity/routing';
import { affinitySet } from './names.ts';
import { partsInRow } from './parts.ts';
import type { Pool } from './plan.ts';
import { chance, dnat, words } from './rule.ts';
import type { Chain } from './ruleset.ts';

/**
 * Session affinity by client address: one ipset of clients per backend of a service port, shared by all its doors. A known
 * client is remembered anew and goes back to its backend; a new one is put into the set of the backend that chance gave it
 * and then found there. A backend that keeps its clients while it drains does not renew their window, so it empties.
 *
 * There is no chain per backend (chains are what a restore pays for): each choice is two rules, first into the set, then
 * out to whoever is in it.
 */
export function stickySpread(port: ServicePort, { choices, keepers }: Pool): { rules: Chain; sets: readonly string[] } {
  const protocol = `-p ${port.protocol.toLowerCase()}`;
  const seconds = port.affinitySeconds ?? 0;
  const rules: string[] = [];
  const sets: string[] = [];
  for (const backend of [...choices, ...keepers]) {
    const set = affinitySet(port, backend);
    sets.push(set);
    if (backend.weight > 0) rules.push(words(known(set), remember(set, seconds)));
    rules.push(words(protocol, known(set), dnat(backend.address, backend.port)));
  }
  const parts = partsInRow(choices.map((backend) => backend.weight));
  for (const [i, backend] of choices.entries()) {
    const set = affinitySet(port, backend);
    const last = i === choices.length - 1;
    rules.push(words(last ? undefined : chance(parts[i] as number), remember(set, seconds)));
    rules.push(words(protocol, last ? undefined : known(set), dnat(backend.address, backend.port)));
  }
  return { rules, sets };
}

function known(set: string): string {
  return `-m set --match-set ${set} src`;
}

function remember(set: string, seconds: number): string {
  return `-j SET --add-set ${set} src --exist --timeout ${seconds}`;
}
