import type { ExplainedEnd, Judgement, Opinion } from '@kubecity/protocol';
import { plural } from './format.ts';

/** What NetworkPolicies say to a packet behind DNAT, in words. */

export const isForbidden = ({ isolation }: Pick<ExplainedEnd, 'isolation'>): boolean => isolation?.allowed === false;

/** Who refuses: the source's policies or the destination's; `undefined` when nobody does. */
export function refuserOf({ isolation }: Pick<ExplainedEnd, 'isolation'>): 'out' | 'in' | undefined {
  if (isolation?.egress.verdict === 'refused') return 'out';
  return isolation?.ingress.verdict === 'refused' ? 'in' : undefined;
}

/** The policies that refuse it, of whichever end. */
export function forbiddersOf({ isolation }: Pick<ExplainedEnd, 'isolation'>): readonly string[] {
  if (!isolation) return [];
  const of = ({ verdict, policies }: Opinion) => (verdict === 'refused' ? policies : []);
  return [...new Set([...of(isolation.egress), ...of(isolation.ingress)])];
}

/** A sentence, and whether it tells of a refusal. */
export interface Said {
  readonly words: string;
  readonly refuses: boolean;
}

/** A sentence for each end that is a pod. */
export function judgementSentences({ egress, ingress }: Judgement): readonly Said[] {
  return [
    { words: opinionWords('source', egress), refuses: egress.verdict === 'refused' },
    { words: opinionWords('destination', ingress), refuses: ingress.verdict === 'refused' },
  ].filter((said): said is Said => said.words !== undefined);
}

const MOST_NAMED = 6;
const listed = (names: readonly string[]): string =>
  names.length > MOST_NAMED
    ? `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`
    : names.join(', ');

function opinionWords(end: 'source' | 'destination', { pod, verdict, policies, by }: Opinion): string | undefined {
  if (pod === undefined) return undefined;
  const out = end === 'source';
  const closes = `close${policies.length === 1 ? 's' : ''}`;
  const named = `${policies.length === 1 ? 'Policy' : 'Policies'} ${listed(policies)} ${closes} the ${end} ${out ? 'to where it goes' : 'to who comes'}`;
  switch (verdict) {
    case 'open':
      return out ? 'No policy closes the source to where it goes.' : 'No policy closes the destination to who comes.';
    case 'own-node':
      return `Between a pod and its own node: policies do not ask the ${end}.`;
    case 'itself':
      return out ? 'A pod may always reach itself.' : undefined;
    case 'allowed':
      return `${named}; ${listed(by.map(({ policy, rule }) => `rule ${rule + 1} of ${policy}`))} allow${by.length === 1 ? 's' : ''} this.`;
    case 'refused':
      return `${named}, and no rule of ${policies.length === 1 ? 'its' : 'theirs'} allows this: it is refused.`;
  }
}

/** Of all ends together: what they have in common, or how many are refused. */
export function isolationSentences(ends: readonly ExplainedEnd[]): readonly Said[] {
  const judged = ends.flatMap(({ isolation }) => (isolation ? [judgementSentences(isolation)] : []));
  const [first] = judged;
  if (!first) return [];
  const told = new Set(judged.map((said) => said.map(({ words }) => words).join(' ')));
  if (told.size === 1 && judged.length === ends.length) return first;
  const refused = ends.filter(isForbidden).length;
  const words =
    refused === 0
      ? 'Network policies let it through at every end, by different rules: open an end to see which.'
      : `Network policies refuse it at ${refused} of ${plural(ends.length, 'end')}: open one to see which.`;
  return [{ words, refuses: refused > 0 }];
}
