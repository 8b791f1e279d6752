import { type CityRecord, SLOW_EDGES_MS } from '@kubecity/protocol';
import type { City } from './city.ts';
import type { Edge } from './edges.ts';
import { age, plural } from './format.ts';
import { nodeOfBackend, nodeOfClient } from './traffic.ts';

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

/** What the page is told, and when it was told last. */
export interface Seeing {
  /** The hub's clock, and the moment of the last frame (Unix ms). */
  readonly now: number;
  readonly at: number;
  /** The one Service whose connections are told; absent = all are. */
  readonly only?: string;
  /** Services that are looked at closely: of the others the figures come slowly. */
  readonly closely: 'all' | ReadonlySet<string>;
  /** Set while the map is rewound: edges of then that were not kept. */
  readonly folded?: number;
}

/** What a sum is of. */
export interface Summed {
  readonly edges: readonly Edge[];
  /** Nodes without whose agents nothing is known of it. */
  readonly homes: readonly string[];
  /** Services of its edges; absent when they may be of any. */
  readonly services?: readonly string[];
}

/** How far a sum can be trusted. */
export interface Standing {
  /** `unknown`: nothing was seen because nobody looks, which is not zero. */
  readonly state: 'complete' | 'atLeast' | 'unknown';
  /** Why it is not complete. */
  readonly why?: string;
  /** How old its oldest figure may be, milliseconds. */
  readonly age: number;
  /** The node that makes it so old; absent when the whole page does. */
  readonly slowest?: string;
}

export function standingOf(city: City, summed: Summed, seeing: Seeing): Standing {
  const { edges } = summed;
  if (seeing.folded !== undefined) return standingThen(edges, seeing.folded);
  const oldest = oldestOf(city, edges, seeing);
  const hidden = hiddenBy(summed, seeing.only);
  const blind = summed.homes.filter((name) => city.node.get(name)?.agent.state !== 'live');
  const why =
    hidden ?? (edges.length === 0 && blind[0] !== undefined ? silence(city, blind[0], seeing.now) : undefined);
  if (why !== undefined) return { state: edges.length === 0 ? 'unknown' : 'atLeast', why, ...oldest };
  const gaps = gapsOf(city);
  return gaps === undefined ? { state: 'complete', ...oldest } : { state: 'atLeast', why: gaps, ...oldest };
}

function standingThen(edges: readonly Edge[], folded: number): Standing {
  const stale = edges.some((edge) => edge.stale);
  if (!stale && folded === 0) return { state: 'complete', age: 0 };
  const why = stale ? 'an agent was silent then' : `${folded} edges of then were not kept one by one`;
  return { state: edges.length === 0 ? 'unknown' : 'atLeast', why, age: 0 };
}

function hiddenBy({ services }: Summed, only: string | undefined): string | undefined {
  if (only === undefined || services?.every((service) => service === only)) return undefined;
  return `only connections of ${only} are told`;
}

/** `no agent on node-d`, `agent of node-d silent for 41 s` */
function silence(city: City, name: string, now: number): string {
  const agent = city.node.get(name)?.agent;
  if (!agent || agent.state === 'absent') return `no agent on ${name}`;
  return `agent of ${name} silent${agent.lastFrameAt === undefined ? '' : ` for ${age(now - agent.lastFrameAt)}`}`;
}

/** Which agents are missing in every sum of now; undefined when every node is counted. */
export function gapsOf(city: City): string | undefined {
  const silent = silentNodes(city);
  if (silent.length === 0) return undefined;
  return silent.length > 3 ? `${plural(silent.length, 'agent')} silent` : `${silent.join(', ')} silent`;
}

/** A live node is read once in its period; of a silent one the last frame stands. */
function oldestOf(
  city: City,
  edges: readonly Edge[],
  { now, at, only, closely }: Seeing,
): Pick<Standing, 'age' | 'slowest'> {
  const names = new Set<string | undefined>();
  for (const edge of edges) {
    names.add(nodeOfClient(city, edge));
    names.add(nodeOfBackend(city, edge));
  }
  const close = only !== undefined || closely === 'all' || edges.every(({ service }) => closely.has(service));
  let oldest: Pick<Standing, 'age' | 'slowest'> = { age: Math.max(0, now - at) + (close ? 0 : SLOW_EDGES_MS) };
  for (const name of names) {
    const agent = city.node.get(name ?? '')?.agent;
    if (!agent || agent.state === 'absent') continue;
    const heard =
      agent.state === 'live' ? (agent.conntrack?.periodMilliseconds ?? 0) : now - (agent.lastFrameAt ?? now);
    if (heard > oldest.age) oldest = { age: heard, slowest: name };
  }
  return oldest;
}

/** Younger figures need no word about their age. */
export const FRESH = 3000;
