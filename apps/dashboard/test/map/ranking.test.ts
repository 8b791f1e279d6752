import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventsAbout } from '../../src/city/events.ts';
import type { Selection } from '../../src/city/find.ts';
import { overridesOn } from '../../src/city/overrides.ts';
import {
  busiest,
  type Measure,
  measured,
  rankBackends,
  rankClients,
  rankTargets,
  settled,
} from '../../src/city/ranking.ts';
import { edgesOf, scopeOf } from '../../src/city/scope.ts';
import { bundle } from '../../src/city/survey.ts';
import { sumOf } from '../../src/city/traffic.ts';
import { cityOf } from './city-of.ts';

const survey = cityOf(11);
const { city, sums } = survey;

describe('scope', () => {
  const opened = (selection: Selection) => sumOf(scopeOf(survey, selection).into.map(([, edge]) => edge)).opened;

  it('holds what the sums of the same thing hold', () => {
    for (const [id, sum] of sums.byService) expect(opened({ kind: 'service', id })).toBe(sum.opened);
    for (const [id, sum] of sums.byBackend) expect(opened({ kind: 'backend', id })).toBe(sum.opened);
    for (const [id, sum] of sums.intoPod) expect(opened({ kind: 'pod', id })).toBe(sum.opened);
    for (const [id, sum] of sums.outOfPod) {
      expect(sumOf(scopeOf(survey, { kind: 'pod', id }).out.map(([, edge]) => edge)).opened).toBe(sum.opened);
    }
    for (const [id, sum] of sums.byNode) {
      expect(sumOf(edgesOf(scopeOf(survey, { kind: 'node', id }))).opened).toBe(sum.opened);
    }
  });

  it('of a road is what the map bundles on it', () => {
    const roads = bundle(survey, (ends) => (ends.service === undefined ? undefined : `${ends.origin}→${ends.service}`));
    expect(roads.length).toBeGreaterThan(10);
    for (const { id, traffic } of roads) expect(opened({ kind: 'road', id })).toBe(traffic.opened);
  });

  it('finds the connections of what is gone by the name that they keep', () => {
    expect(city.pod.has('uid-gone')).toBe(false);
    expect(scopeOf(survey, { kind: 'pod', id: 'uid-gone' }).out).toHaveLength(1);
  });
});

describe('ranking', () => {
  it('parts are in falling order and sum to one; amounts sum to the scope, by either measure', () => {
    for (const measure of ['connections', 'bytes'] satisfies Measure[]) {
      for (const id of city.service.keys()) {
        const { into } = scopeOf(survey, { kind: 'service', id });
        const all = measured(sumOf(into.map(([, edge]) => edge)), measure);
        for (const rows of [rankClients(city, into, measure), rankBackends(city, into, measure)]) {
          const shares = rows.map(({ share }) => share);
          expect(shares).toEqual([...shares].sort((a, b) => b - a));
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
          expect(rows.reduce((sum, row) => sum + measured(row.traffic, measure), 0)).toBeCloseTo(all, 6);
        }
      }
    }
  });

  it('does not depend on the order of the edges', () => {
    const { into } = scopeOf(survey, { kind: 'service', id: 'shop/web' });
    const order = rankClients(city, into, 'connections').map(({ id }) => id);
    fc.assert(
      fc.property(fc.shuffledSubarray([...into], { minLength: into.length }), (shuffled) => {
        expect(rankClients(city, shuffled, 'connections').map(({ id }) => id)).toEqual(order);
      }),
      { seed: 5, numRuns: 30 },
    );
  });

  it('who gets the most gets it from nobody more than from the one named', () => {
    for (const id of city.service.keys()) {
      const { into } = scopeOf(survey, { kind: 'service', id });
      const found = busiest(city, into, 'connections');
      if (!found) throw new Error(`${id} has traffic`);
      const rates = new Map<string, number>();
      const own = new Map<string, number>();
      for (const [, edge] of into) {
        rates.set(edge.backend, (rates.get(edge.backend) ?? 0) + edge.openedPerSecond);
        if (`${edge.backend}>${edge.podUid}` !== found.backend.id) continue;
        own.set(edge.client.id, (own.get(edge.client.id) ?? 0) + edge.openedPerSecond);
      }
      expect(found.backend.traffic.openedPerSecond).toBeCloseTo(Math.max(...rates.values()), 9);
      expect(own.get(found.client.id)).toBeCloseTo(Math.max(...own.values()), 9);
    }
  });

  it('an order that rests has the same lines, none clearly below one with less, and stays when little changes', () => {
    const rows = (shares: readonly number[]) =>
      shares.map((share, i) => ({ id: `r${i}`, name: `r${i}`, traffic: sumOf([]), share }));
    const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(shares, fc.infiniteStream(fc.double({ min: 0.95, max: 1.05, noNaN: true })), (given, noise) => {
        const first = settled(rows(given), []);
        expect(new Set(first.map(({ id }) => id))).toEqual(new Set(rows(given).map(({ id }) => id)));
        for (const [i, row] of first.entries()) {
          const above = first[i - 1];
          if (above) expect(row.share).toBeLessThanOrEqual(above.share * 1.15);
        }
        const order = first.map(({ id }) => id);
        const steady = first.map((row) => ({ ...row, share: row.share * (noise.next().value as number) }));
        const falling = [...first].every((row, i) => i === 0 || row.share <= (first[i - 1] as typeof row).share);
        if (falling) expect(settled(steady, order).map(({ id }) => id)).toEqual(order);
      }),
      { seed: 6 },
    );
    const [a, b] = rows([0.4, 0.6]);
    if (!a || !b) throw new Error('there are two');
    expect(settled([a, b], ['r0', 'r1']).map(({ id }) => id)).toEqual(['r1', 'r0']);
  });

  it('among equals the same is said again, until another clearly has more', () => {
    const { into } = scopeOf(survey, { kind: 'service', id: 'shop/web' });
    const weighed = (id: string, times: number) =>
      into.map(([key, edge]) => [key, { ...edge, openedPerSecond: edge.backend === id ? times : 1 }] as const);
    const before = busiest(city, weighed('', 1), 'connections');
    const other = into.find(([, { backend }]) => !before?.backend.id.startsWith(backend))?.[1].backend ?? '';
    const said = (times: number) => busiest(city, weighed(other, times), 'connections', before)?.backend.id;
    expect(said(1.1)).toBe(before?.backend.id);
    expect(busiest(city, weighed(other, 1.1), 'connections')?.backend.id).not.toBe(before?.backend.id);
    expect(said(1.3)).not.toBe(before?.backend.id);
  });

  it('while nothing moves nobody gets the most', () => {
    const { into } = scopeOf(survey, { kind: 'service', id: 'shop/web' });
    const still = into.map(([id, edge]) => [id, { ...edge, openedPerSecond: 0 }] as const);
    expect(busiest(city, still, 'connections')).toBe(undefined);
    expect(busiest(city, [], 'connections')).toBe(undefined);
    for (const { share } of rankBackends(city, still, 'connections')) expect(share).toBe(0);
  });

  it('every name that leads somewhere leads to what is there, and what is gone leads nowhere', () => {
    const all = [...city.edge];
    const rows = [
      ...rankClients(city, all, 'connections'),
      ...rankBackends(city, all, 'connections'),
      ...rankTargets(city, all, 'connections'),
    ];
    for (const { selection } of rows) {
      if (selection) expect(city[selection.kind as 'pod'].has(selection.id)).toBe(true);
    }
    expect(rows.find(({ id }) => id === 'pod:uid-gone')).toMatchObject({ detail: 'gone' });
    expect(rows.find(({ id }) => id === 'pod:uid-gone')).not.toHaveProperty('selection');
  });
});

describe('events', () => {
  const [search] = [...city.pod.values()].filter((pod) => pod.labels.app === 'search');
  if (!search) throw new Error('the toy city has a pod of search');
  const subject = { kind: 'Pod' as const, namespace: 'shop', name: search.name };

  it('are found by name, and a successor of the same name has none of them', () => {
    expect(eventsAbout(city, [subject]).map(({ reason }) => reason)).toEqual(['Unhealthy']);
    expect(eventsAbout(city, [{ ...subject, uid: search.uid }])).toHaveLength(1);
    expect(eventsAbout(city, [{ ...subject, uid: 'another' }])).toEqual([]);
    expect(eventsAbout(city, [{ ...subject, namespace: 'blog' }])).toEqual([]);
  });

  it('of several things stand together, the latest first, and of the past only those that had begun', () => {
    const both = [{ kind: 'Node' as const, name: 'node-b' }, subject];
    const events = eventsAbout(city, both);
    expect(events.map(({ about }) => about.kind)).toEqual(['Pod', 'Node']);
    const [later, earlier] = events.map(({ firstAt }) => firstAt).sort((a, b) => b - a) as [number, number];
    expect(eventsAbout(city, both, later - 1)).toHaveLength(1);
    expect(eventsAbout(city, both, earlier - 1)).toHaveLength(0);
  });
});

describe('overrides', () => {
  const drained = cityOf(11, (toy) => {
    const id = [...city.backend].find(([, { service }]) => service === 'shop/cart')?.[0];
    if (id === undefined) throw new Error('the toy city has a cart');
    toy.drain(id, 1_700_000_000_000);
  });
  const [id, backend] = [...drained.city.backend].find(([, { draining }]) => draining) ?? [];
  const on = (selection: Selection) => overridesOn(drained, selection).length;

  it('act on their Service, backend, pod, node and namespace, and on nothing else', () => {
    expect(on({ kind: 'service', id: 'shop/cart' })).toBe(1);
    expect(on({ kind: 'backend', id: id ?? '' })).toBe(1);
    expect(on({ kind: 'pod', id: backend?.podUid ?? '' })).toBe(1);
    expect(on({ kind: 'namespace', id: 'shop' })).toBe(1);
    expect(on({ kind: 'service', id: 'shop/web' })).toBe(0);
    expect(on({ kind: 'namespace', id: 'data' })).toBe(0);
    const other = [...drained.city.backend].find(([, one]) => !one.draining);
    expect(on({ kind: 'backend', id: other?.[0] ?? '' })).toBe(0);
    expect(on({ kind: 'pod', id: other?.[1].podUid ?? '' })).toBe(0);
  });

  it('that a node has not confirmed are the node’s, too', () => {
    const override = [...drained.city.override.values()][0];
    expect(override?.nodes.waitingFor.length).toBeGreaterThan(0);
    for (const name of override?.nodes.waitingFor ?? []) expect(on({ kind: 'node', id: name })).toBe(1);
  });
});
