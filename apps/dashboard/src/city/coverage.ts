import type { CityRecord } from '@kubecity/protocol';
import type { City } from './city.ts';

/** How far figures can be trusted: how old, how often, what was lost. */
export interface Measuring {
  readonly node: string;
  readonly state: 'live' | 'stale' | 'absent';
  /** Unix ms of the last dump; undefined when there never was one. */
  readonly at?: number;
  readonly periodMilliseconds?: number;
  readonly lostDumps: number;
  readonly lostEvents: number;
  readonly withoutCounters: number;
  readonly endedUnseen: number;
  /** 0..1 of the connection table's maximum; undefined when it has none. */
  readonly fullness?: number;
}

/** From here on a table is said to be nearly full: a full one refuses connections. */
export const NEARLY_FULL = 0.8;

/** A dump less often than this may miss the whole life of a reset connection (10 s in the table). */
export const SLOW_PERIOD = 8_000;

export function measuringOf(node: CityRecord<'node'>): Measuring {
  const table = node.agent.conntrack;
  return {
    node: node.name,
    state: node.agent.state,
    at: table?.at,
    periodMilliseconds: table?.periodMilliseconds,
    lostDumps: table?.lostDumps ?? 0,
    lostEvents: table?.lostEvents ?? 0,
    withoutCounters: table?.withoutCounters ?? 0,
    endedUnseen: table?.endedUnseen ?? 0,
    fullness: table && table.max > 0 ? table.entries / table.max : undefined,
  };
}

/** Nodes whose connections nobody counts at present: sums are "at least" while there are any. */
export const silentNodes = (city: Pick<City, 'node'>): readonly string[] =>
  [...city.node.values()].filter(({ agent }) => agent.state !== 'live').map(({ name }) => name);

export const nearlyFull = ({ fullness }: Measuring): boolean => fullness !== undefined && fullness >= NEARLY_FULL;

/** What is wrong with a node's figures, in words, the worst first; nothing when all was seen. */
export function flawsOf(measuring: Measuring): readonly string[] {
  const { state, fullness, periodMilliseconds: period } = measuring;
  const flaws: string[] = [];
  if (state === 'absent') flaws.push('no agent');
  if (state === 'stale') flaws.push('agent is silent');
  if (nearlyFull(measuring)) flaws.push(`table ${Math.round((fullness ?? 0) * 100)} % full`);
  if (period !== undefined && period > SLOW_PERIOD) flaws.push(`measured every ${Math.round(period / 1000)} s only`);
  if (measuring.lostDumps > 0) flaws.push(`${measuring.lostDumps} dumps lost`);
  if (measuring.lostEvents > 0) flaws.push(`refusals missed ${measuring.lostEvents}×`);
  if (measuring.endedUnseen > 0) flaws.push(`${measuring.endedUnseen} flows ended unseen`);
  if (measuring.withoutCounters > 0) flaws.push(`${measuring.withoutCounters} flows without counters`);
  return flaws;
}
