import type { OwnNodeOf } from '@kubecity/isolation';
import type { CityRecord } from '@kubecity/protocol';
import type { Connection } from '../connection.ts';
import { Failure } from '../failure.ts';
import type { MapLink } from '../map-link.ts';
import type { Terminal } from '../terminal.ts';

/** What the agent of one node does about policies; `unknown` where no agent told. */
export interface Enforcement {
  readonly node: string;
  readonly state: NonNullable<CityRecord<'node'>['agent']['isolation']>['state'] | 'unknown';
  readonly message?: string;
}

/** The dashboard's map, where one is known and answers; the rest of the answer does without. */
export async function mapIfAny(connection: Connection, terminal: Terminal): Promise<MapLink | undefined> {
  if (!connection.hasDashboard) return undefined;
  try {
    const map = (await connection.dashboard()).map();
    await map.whole();
    return map;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    terminal.say(terminal.paint('yellow', `${error.message} What agents do is not known.`, 'words'));
    return undefined;
  }
}

/** What each node does with what its pods open to it, as its agent says; without its word exempt, which is the default. */
export function ownNodeOf(map: MapLink | undefined): OwnNodeOf {
  const nodes = map?.all('node');
  return (node) => nodes?.get(node)?.agent.isolation?.ownNode ?? 'exempt';
}

/** @param nodes undefined: all */
export function enforcementOf(map: MapLink, nodes?: readonly string[]): Enforcement[] {
  const known = map.all('node');
  return [...new Set(nodes ?? known.keys())].sort().map((node) => {
    const isolation = known.get(node)?.agent.isolation;
    return { node, state: isolation?.state ?? 'unknown', message: isolation?.message };
  });
}

const WORDS: Readonly<Record<Enforcement['state'], string>> = {
  enforcing: 'enforces policies',
  off: 'does not enforce policies (isolation is off); another network plugin may',
  held: 'is asked to enforce policies and does not',
  failing: 'could not bring its kernel to these policies; older ones stay in force',
  unknown: 'did not tell whether it enforces policies',
};

/** One line for all nodes in the same state. @param enforcement undefined: there is no dashboard to ask */
export function enforcementLines(enforcement: readonly Enforcement[] | undefined): string[] {
  if (!enforcement) return ['Whether anybody enforces this is not known without a dashboard (--dashboard URL).'];
  const alike = Map.groupBy(enforcement, ({ state, message = '' }) => `${WORDS[state]}${message && `: ${message}`}`);
  return [...alike].map(([words, nodes]) => {
    const names = nodes.slice(0, MOST_NAMES).map(({ node }) => node);
    const more = nodes.length > MOST_NAMES ? ` and ${nodes.length - MOST_NAMES} more` : '';
    return `${names.join(', ')}${more}: the agent ${words}.`;
  });
}

const MOST_NAMES = 5;
