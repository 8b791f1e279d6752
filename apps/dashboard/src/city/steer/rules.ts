import type { NodeDifference } from '@kubecity/protocol';
import { plural } from '../format.ts';
import { linesOf } from '../rule-difference.ts';

/** One line of what a node would write: `-` goes, `+` comes, blank stays as it is. */
export interface RuleChange {
  readonly sign: ' ' | '-' | '+';
  readonly rule: string;
}

type Chain = NonNullable<NodeDifference['chains']>[number];

/** The lines of one chain in order, the old text before the new one. */
export function changesOf({ before, after }: Pick<Chain, 'before' | 'after'>): readonly RuleChange[] {
  const rules = after.map((rule) => ({ rule, packets: 0, bytes: 0 }));
  return linesOf({ rules, wished: [...before] }).flatMap(({ kind, found, wished }): RuleChange[] => {
    if (kind === 'same') return [{ sign: ' ', rule: found?.rule ?? '' }];
    return [
      ...(wished === undefined ? [] : [{ sign: '-', rule: wished } as const]),
      ...(found ? [{ sign: '+', rule: found.rule } as const] : []),
    ];
  });
}

/** `2 chains: 3 rules come, 4 go`, or why it is not known. */
export function nodeWords({ chains, error }: NodeDifference): string {
  if (!chains) return `not known: ${error ?? 'it did not answer'}`;
  if (chains.length === 0) return 'nothing changes';
  const changes = chains.flatMap(changesOf);
  const signed = (sign: RuleChange['sign']) => changes.filter((change) => change.sign === sign).length;
  return `${plural(chains.length, 'chain')}: ${plural(signed('+'), 'rule')} come, ${signed('-')} go`;
}

/** As text, as `diff -u` would sign it. */
export function differenceText({ node, chains, error }: NodeDifference): string {
  if (!chains) return `${node}: ${error ?? 'no answer'}\n`;
  const body = chains.flatMap((chain) => [
    `@@ ${chain.family} ${chain.table} ${chain.chain}`,
    ...changesOf(chain).map(({ sign, rule }) => `${sign} ${rule}`),
  ]);
  return [`# ${node}`, ...body, ''].join('\n');
}
