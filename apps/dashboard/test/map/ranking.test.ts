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
  standing,
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

  const { into } = scopeOf(survey, { kind: 'service', id: 'shop/web' });
  const ids = [...new Set(into.map(([, { backend }]) => backend))];
  /** Each backend opens so many a second, in all, and all of its clients open as many of them. */
  const opening = (perSecond: readonly number[]) =>
    into.map(([key, edge]) => {
      const clients = into.filter(([, { backend }]) => backend === edge.backend).length;
      return [key, { ...edge, openedPerSecond: (perSecond[ids.indexOf(edge.backend)] ?? 0) / clients }] as const;
    });
  const unloaded = { ...city, load: new Map() };
  const names = (found: ReturnType<typeof busiest>) =>
    found?.backends.rows.map(({ id }) => ids.indexOf(id.split('>')[0] ?? ''));

  it('says who is first only where chance does not decide, and names everybody who may be', () => {
    expect(ids.length).toBeGreaterThan(1);
    const [, ...others] = ids;
    // 100 and 20 in ten seconds
    expect(names(busiest(unloaded, opening([10, ...others.map(() => 2)]), 'connections'))).toEqual([0]);
    // 22 and 20
    const equal = busiest(unloaded, opening([2.2, ...others.map(() => 2)]), 'connections');
    expect(names(equal)?.[0]).toBe(0);
    expect(names(equal)?.toSorted()).toEqual(ids.map((_, i) => i));
    expect(equal?.backends.amount).toBeCloseTo(2.2, 9);
  });

  it('tells the same as the bars of the shares: their counts, where they are told of all', () => {
    const load = (opened: number) => ({ opened, openedOfPort: 600, windowSeconds: 60, at: 0 });
    const loads = new Map(ids.map((id, i) => [id, load(i === 1 ? 400 : 100) as never]));
    const found = busiest({ ...city, load: loads }, opening(ids.map(() => 5)), 'connections');
    expect(names(found)).toEqual([1]);
    expect(found?.backends.rows[0]?.share).toBeCloseTo(400 / (400 + 100 * (ids.length - 1)), 9);
    expect(found?.backends.amount).toBeCloseTo(400 / 60, 9);
    loads.delete(ids[0] ?? '');
    expect(names(busiest({ ...city, load: loads }, opening([50, 1]), 'connections'))).toEqual([0]);
  });

  it('says of whom that is who opens the most there', () => {
    for (const id of city.service.keys()) {
      const { into: edges } = scopeOf(survey, { kind: 'service', id });
      const found = busiest(unloaded, edges, 'connections');
      if (!found) throw new Error(`${id} has traffic`);
      const leading = new Set(found.backends.rows.map(({ id }) => id));
      const own = new Map<string, number>();
      for (const [, edge] of edges) {
        if (!leading.has(`${edge.backend}>${edge.podUid}`)) continue;
        own.set(edge.client.id, (own.get(edge.client.id) ?? 0) + edge.openedPerSecond);
      }
      expect(own.get(found.clients.rows[0]?.id ?? '')).toBeCloseTo(Math.max(...own.values()), 9);
    }
  });

  it('under a pointer the lines stay where they are, with their new figures; new ones follow', () => {
    const rows = (...shares: readonly (readonly [string, number])[]) =>
      shares.map(([id, share]) => ({ id, name: id, traffic: sumOf([]), share }));
    const after = rows(['c', 0.5], ['b', 0.3], ['a', 0.2]);
    expect(standing(after, ['a', 'b']).map(({ id, share }) => `${id} ${share}`)).toEqual(['a 0.2', 'b 0.3', 'c 0.5']);
  });

  it('while nothing moves nobody gets the most', () => {
    const still = into.map(([id, edge]) => [id, { ...edge, openedPerSecond: 0 }] as const);
    expect(busiest(unloaded, still, 'connections')).toBe(undefined);
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
