import { useEffect, useState } from 'react';
import type { History } from '../city/history.ts';
import type { Traffic } from '../city/traffic.ts';
import { joined, seen, TREND_MILLISECONDS, type TrendPoint, trendOf } from '../city/trend.ts';
import { hubNow, useCity } from './city-store.ts';
import { ask } from './link.ts';

export interface Trend {
  readonly points: readonly TrendPoint[];
  /** Unix ms: the range that the points are of. */
  readonly from: number;
  readonly until: number;
  /**
   * `hub`: its memory, up to the moment that is shown. `page`: what this page has seen since `from`, because the hub keeps
   * no memory of such a thing; `none`: of such a thing's past, therefore.
   */
  readonly source: 'hub' | 'page' | 'none';
}

/** What was looked at lately keeps what was seen of it; the longest unseen goes first. */
const rings = new Map<string, readonly TrendPoint[]>();
const MOST_RINGS = 32;

function remember(id: string, ring: readonly TrendPoint[]): readonly TrendPoint[] {
  rings.delete(id);
  rings.set(id, ring);
  const [oldest] = rings.keys();
  if (rings.size > MOST_RINGS && oldest !== undefined) rings.delete(oldest);
  return ring;
}

/**
 * The last quarter of an hour of one thing.
 * @param id tells things apart
 * @param traffic of now; undefined when it is not known, or the map shows the past
 * @param ports service ports whose memory the hub is asked for; empty = it has none
 */
export function useTrend(id: string, traffic: Traffic | undefined, ports: readonly string[]): Trend {
  const at = useCity((state) => state.stream.at);
  const then = useCity((state) => state.moment?.at);
  const [ring, setRing] = useState<readonly TrendPoint[]>([]);
  useEffect(() => {
    const before = rings.get(id) ?? [];
    setRing(remember(id, traffic ? seen(before, at, traffic) : before));
  }, [id, at, traffic]);
  const remembered = useMemory(ports.join(' '), then);
  const until = then ?? at;
  if (ports.length > 0) {
    const points = remembered ? joined(trendOf(remembered), then === undefined ? ring : []) : [];
    return { points, from: until - TREND_MILLISECONDS, until, source: 'hub' };
  }
  if (then !== undefined) return { points: [], from: until - TREND_MILLISECONDS, until, source: 'none' };
  const from = Math.max(until - TREND_MILLISECONDS, ring[0]?.from ?? until);
  return { points: ring, from, until, source: 'page' };
}

const RENEWED = 60_000;
/** Ports asked for one after the other: the hub takes a few questions a second. */
const MOST_PORTS = 12;

/** What the hub remembers of these service ports; undefined until all have answered. */
function useMemory(ports: string, then: number | undefined): readonly History[] | undefined {
  const connected = useCity((state) => state.link === 'live' && state.arrived);
  const [known, setKnown] = useState<{ readonly of: string; readonly histories: readonly History[] }>();
  // a hand on the time line passes many moments: one question for each minute of them
  const end = then === undefined ? undefined : Math.ceil(then / RENEWED) * RENEWED;
  useEffect(() => {
    if (ports === '' || !connected) return;
    let gone = false;
    const renew = async () => {
      const to = end ?? Math.round(hubNow(useCity.getState()));
      const histories = await askAll(ports.split(' '), to);
      if (!gone && histories) setKnown({ of: ports, histories });
    };
    void renew();
    const timer = end === undefined ? setInterval(renew, RENEWED) : undefined;
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [ports, end, connected]);
  return known?.of === ports ? known.histories : undefined;
}

/** Of a refusal nothing is shown: half the ports would look like less traffic. */
async function askAll(ports: readonly string[], to: number): Promise<readonly History[] | undefined> {
  const histories: History[] = [];
  for (const servicePort of ports.slice(0, MOST_PORTS)) {
    const answer = await ask({ kind: 'history', from: to - TREND_MILLISECONDS, to, servicePort });
    if (answer.kind !== 'history') return undefined;
    histories.push(answer);
  }
  return histories;
}
