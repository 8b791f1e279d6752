import { type Flavour, type IptablesTools, iptables, NetfilterError } from '@kubecity/netfilter';
import { type Finding, found, ok } from '@kubecity/protocol';
import type { Family } from '@kubecity/routing';
import { type HookChain, hookChains, OUR_PREFIX } from '@kubecity/ruleset';
import type { Mode } from '../config/mode.ts';

/** The rules of one flavour and family, whoever wrote them. */
export interface FlavourTables {
  readonly flavour: Flavour;
  readonly family: Family;
  /** Rules in chains of ours, and jumps to them. */
  readonly ours: number;
  readonly others: number;
  readonly hooks: readonly HookChain[];
}

export interface TableFacts {
  readonly mode: Mode;
  readonly chosen: { readonly flavour: Flavour; readonly evidence: string };
  /** What the host itself uses, by the same look. */
  readonly host: { readonly flavour: Flavour; readonly evidence: string };
  readonly tables: readonly FlavourTables[];
}

export async function readTables(
  installed: readonly IptablesTools[],
  families: readonly Family[],
): Promise<FlavourTables[]> {
  const read: FlavourTables[] = [];
  for (const { flavour, suffix } of installed) {
    for (const family of families) {
      // a kernel without the tables of this flavour has no rules in them
      const text = await iptables({ family, suffix })
        .save()
        .catch((error: unknown) => {
          if (error instanceof NetfilterError && error.code === 'refused') return '';
          throw error;
        });
      read.push({ flavour, family, ...countRules(text), hooks: hookChains(text) });
    }
  }
  return read;
}

/** @param text as iptables-save prints it */
export function countRules(text: string): { ours: number; others: number } {
  const rules = text.split('\n').filter((line) => line.startsWith('-A '));
  const ours = rules.filter((rule) => rule.includes(` ${OUR_PREFIX}`)).length;
  return { ours, others: rules.length - ours };
}

export function judgeTables(facts: TableFacts): Finding[] {
  const inUse = facts.tables.filter(({ flavour }) => flavour === facts.chosen.flavour);
  return [
    flavour(facts),
    bothFlavours(facts),
    strays(facts),
    ownRules(facts, inUse),
    ...inUse.flatMap((tables) => [...order(facts.mode, tables), ...forwardPolicy(tables)]),
  ];
}

function flavour({ chosen, host }: TableFacts): Finding {
  const id = 'iptables.flavour';
  if (chosen.flavour === host.flavour) return ok(id, `iptables-${chosen.flavour}, as the host: ${host.evidence}`);
  return found('warning', id, {
    what: `the agent uses iptables-${chosen.flavour}, the host iptables-${host.flavour}: ${host.evidence}`,
    why: 'Packets pass both sets of rules, in an order that nobody chose.',
    doThis: 'Set iptablesFlavour to auto, or take the setting away.',
  });
}

function bothFlavours({ tables }: TableFacts): Finding {
  const id = 'iptables.both-flavours';
  const holding = Map.groupBy(
    tables.filter(({ others }) => others > 0),
    ({ flavour }) => flavour,
  );
  const counts = [...holding].map(([flavour, of]) => `${flavour} ${of.reduce((sum, { others }) => sum + others, 0)}`);
  if (holding.size < 2) return ok(id, `one flavour of iptables has rules of others (${counts[0] ?? 'none'})`);
  return found('warning', id, {
    what: `both flavours of iptables have rules of others: ${counts.join(', ')}`,
    why: 'Packets pass both, and each tool shows only half of the rules: what one lets through the other may drop.',
    doThis:
      'Find who writes the smaller set (iptables-legacy-save and iptables-nft-save on the host) and bring it to the other flavour, or restart the node after it has been switched.',
  });
}

/** Ours where this agent does not write. */
function strays({ chosen, tables }: TableFacts): Finding {
  const id = 'iptables.stray-rules';
  const stray = tables.filter(({ flavour, ours }) => flavour !== chosen.flavour && ours > 0);
  if (stray.length === 0) return ok(id, 'no rules of ours are left in the other flavour');
  const [first] = stray;
  return found('error', id, {
    what: `${stray.reduce((sum, { ours }) => sum + ours, 0)} rules of ours are in iptables-${first?.flavour}, and the agent uses iptables-${chosen.flavour}`,
    why: 'They are from an agent with another flavour. Nobody keeps them up to date, and they still catch packets.',
    doThis: 'Run kubecity-agent cleanup on the node, which removes ours from both, and start the agent again.',
  });
}

function ownRules({ mode }: TableFacts, inUse: readonly FlavourTables[]): Finding {
  const id = 'iptables.own-rules';
  const rules = inUse.reduce((sum, { ours }) => sum + ours, 0);
  if (mode === 'replace' && rules === 0) {
    return found('error', id, {
      what: 'mode replace, and the kernel has no rules of ours',
      why: 'No Service is routed on this node, unless by somebody else.',
      doThis: 'Look into the log of the agent: it says why it writes nothing, or that it does not run.',
    });
  }
  if (mode === 'observe' && rules > 0) {
    return found('warning', id, {
      what: `mode observe, and the kernel has ${rules} rules of ours`,
      why: 'They are from an earlier mode, and still route.',
      doThis: 'Start the agent once in mode observe, or run kubecity-agent cleanup on the node.',
    });
  }
  return ok(id, `mode ${mode}, ${rules} rules of ours in the kernel`);
}

/** What stands before our jumps where the destination is chosen. */
function order(mode: Mode, { family, ours, hooks }: FlavourTables): Finding[] {
  if (mode === 'observe' || ours === 0) return [];
  const id = 'iptables.order';
  const places = hooks.filter(
    ({ table, chain, before }) => table === 'nat' && ['PREROUTING', 'OUTPUT'].includes(chain) && before > 0,
  );
  if (places.length === 0) return [ok(id, `${family}: our rules are the first that choose a destination`)];
  const where = places.map(({ chain, before }) => `${before} in nat ${chain}`).join(', ');
  return [
    found(mode === 'steer' ? 'error' : 'warning', id, {
      what: `${family}: rules of others stand before ours: ${where}`,
      why: 'The first rule that rewrites a destination wins: what they take, no weight and no drain reaches.',
      doThis:
        'Look at them with iptables-save -t nat on the node. A running agent puts its jumps first again by itself; who goes on pushing in front has to be told to append.',
    }),
  ];
}

function forwardPolicy({ family, hooks }: FlavourTables): Finding[] {
  const forward = hooks.find(({ table, chain }) => table === 'filter' && chain === 'FORWARD');
  if (forward?.policy !== 'DROP') return [];
  const id = 'iptables.forward-drop';
  const others = forward.before + forward.after;
  return [
    found(others === 0 ? 'warning' : 'note', id, {
      what: `${family}: what no rule lets through FORWARD is dropped, and ${others === 0 ? 'no rule of others lets' : `${others} rules of others may let`} pods through`,
      why: 'Kubecity lets Service traffic through. Pods that call each other directly need a rule of the CNI.',
      doThis:
        'If pods cannot reach each other: iptables -P FORWARD ACCEPT on the host (Docker sets DROP), or let the CNI write its rules.',
    }),
  ];
}
