import type { CityRecord } from '@kubecity/protocol';
import { plural } from './format.ts';

export interface SkewedAgent {
  readonly node: string;
  readonly version: string;
  /** One minor version apart they work together; beyond that nobody has tried. */
  readonly supported: boolean;
  readonly words: string;
}

type Agent = CityRecord<'node'>['agent'];

/** How an agent's version stands to the dashboard's; undefined when they are of one minor version, or nobody knows. */
export function skewWords({ skew }: Agent): string | undefined {
  if (!skew) return undefined;
  return `${skew.is} than this dashboard${skew.supported ? '' : ' by more than one minor version'}`;
}

/** Agents of other versions, those first that are too far away. */
export function skewedAgents(nodes: Iterable<CityRecord<'node'>>): readonly SkewedAgent[] {
  const found = [...nodes].flatMap(({ name, agent }) => {
    const words = skewWords(agent);
    if (words === undefined || agent.state === 'absent') return [];
    return [{ node: name, version: agent.version ?? '', supported: agent.skew?.supported ?? true, words }];
  });
  const order = (a: SkewedAgent, b: SkewedAgent) =>
    Number(a.supported) - Number(b.supported) || a.node.localeCompare(b.node, 'en', { numeric: true });
  return found.sort(order);
}

/** `2 agents of another version`. */
export const skewTitle = (agents: readonly SkewedAgent[]): string =>
  `${plural(agents.length, 'agent')} of another version`;
