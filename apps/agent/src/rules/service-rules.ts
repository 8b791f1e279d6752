import type { Netfilter } from '@kubecity/netfilter';
import type { AgentAnswer, KernelChain } from '@kubecity/protocol';
import type { Family } from '@kubecity/routing';
import type { Compiler } from '@kubecity/ruleset';

/** One family: what we wished, and the door to what the kernel holds. */
export interface FamilyRules {
  readonly compiler: Pick<Compiler, 'ids' | 'compiled' | 'placesOf' | 'ruleset'>;
  readonly netfilter: Pick<Netfilter, 'listCounted' | 'save'>;
}

/** Listing one chain takes some milliseconds; whoever asks waits for them. */
const MAX_CHAINS = 500;

/**
 * The rules of one Service as the kernel holds them at this moment, with their counters: its own chains, and of the chains
 * that it shares with others the rules that lead to it or speak for it. Beside each chain stands what we wish it to hold; one
 * that the kernel does not have is told without rules.
 * @param service `namespace/name`
 * @param at Unix ms, for the answer
 */
export async function readServiceRules(
  families: ReadonlyMap<Family, FamilyRules>,
  service: string,
  at: number,
): Promise<AgentAnswer> {
  const chains: KernelChain[] = [];
  let known = false;
  let truncated = false;
  for (const [family, { compiler, netfilter }] of families) {
    const ids = [...compiler.ids()].filter((id) => {
      const port = compiler.compiled(id);
      return port !== undefined && `${port.namespace}/${port.name}` === service;
    });
    known ||= ids.length > 0;
    const { own, shared } = compiler.placesOf(ids);
    const room = MAX_CHAINS - chains.length;
    truncated ||= own.length + shared.length > room;
    // Doors first: they are few, and the way to the rest.
    for (const { table, chain, doors } of shared.slice(0, room)) {
      const wanted = new Set(doors);
      const leads = (rule: string) => wanted.has(rule) || own.includes(targetOf(rule) ?? '');
      const [found] = await netfilter.listCounted(table, [chain]);
      const rules = (found?.rules ?? []).filter(({ rule }) => leads(rule));
      chains.push({ family, table, chain, rules, wished: [...doors] });
    }
    const asked = own.slice(0, Math.max(0, room - shared.length));
    const found = new Map((await netfilter.listCounted('nat', asked)).map(({ chain, rules }) => [chain, rules]));
    for (const chain of asked) {
      const wished = compiler.ruleset.chains.nat.get(chain) ?? [];
      chains.push({ family, table: 'nat', chain, rules: [...(found.get(chain) ?? [])], wished: [...wished] });
    }
  }
  if (!known) return { kind: 'refused', code: 'not-found', message: `${service}: no Service that is routed here` };
  return { kind: 'rules', at, chains, truncated };
}

/** Where a rule of ours leads, whatever stands in comments. */
const targetOf = (rule: string): string | undefined => / ?-[jg] (CITY-\S+)$/.exec(rule)?.[1];
