import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { City } from '../../src/city/city.ts';
import { filterCity, filterFromQuery, filterToQuery, isFiltering, NO_FILTER } from '../../src/city/filter.ts';
import { homesOfPods } from '../../src/city/services.ts';
import { sumOf } from '../../src/city/traffic.ts';
import { cityOf } from './city-of.ts';
import { randomCity, randomFilter } from './random-city.ts';

const RUNS = { seed: 7, numRuns: 600 };
const KINDS = ['edge', 'service', 'pod', 'node', 'backend', 'namespace'] as const;
const idsOf = (city: City) => Object.fromEntries(KINDS.map((kind) => [kind, [...city[kind].keys()]]));

describe('a filtered city', () => {
  it('and what is folded are all there is', () => {
    fc.assert(
      fc.property(randomCity, randomFilter, (city, filter) => {
        const { city: visible, folded } = filterCity(city, filter);
        const [all, shown] = [sumOf(city.edge.values()), sumOf(visible.edge.values())];
        for (const figure of Object.keys(all) as (keyof typeof all)[]) {
          expect(shown[figure] + folded.traffic[figure]).toBeCloseTo(all[figure], 9);
        }
        expect(visible.service.size + folded.services).toBe(city.service.size);
        expect(visible.pod.size + folded.pods).toBe(city.pod.size);
        expect(visible.node.size + folded.nodes).toBe(city.node.size);
        for (const kind of KINDS) for (const [id, one] of visible[kind]) expect(city[kind].get(id)).toBe(one);
      }),
      RUNS,
    );
  });

  it('passes its own filter whole', () => {
    fc.assert(
      fc.property(randomCity, randomFilter, (city, filter) => {
        const once = filterCity(city, filter).city;
        const again = filterCity(once, filter);
        expect(idsOf(again.city)).toEqual(idsOf(once));
        expect(again.folded).toMatchObject({ services: 0, pods: 0, nodes: 0, traffic: { edges: 0 } });
      }),
      RUNS,
    );
  });

  it('does not depend on the order of the values asked for', () => {
    fc.assert(
      fc.property(randomCity, randomFilter, (city, filter) => {
        const turned = Object.fromEntries(
          Object.entries(filter).map(([key, value]) => [key, Array.isArray(value) ? value.toReversed() : value]),
        ) as unknown as typeof filter;
        expect(filterCity(city, turned)).toEqual(filterCity(city, filter));
      }),
      RUNS,
    );
  });

  it('leaves every visible pod its home and its node, and shows the ends of all visible traffic', () => {
    fc.assert(
      fc.property(randomCity, randomFilter, (city, filter) => {
        const { city: visible } = filterCity(city, filter);
        for (const { client, service, podUid, backend } of visible.edge.values()) {
          expect(visible.service.has(service)).toBe(city.service.has(service));
          expect(visible.backend.has(backend)).toBe(city.backend.has(backend));
          const uids = [podUid ?? '', client.kind === 'pod' ? client.id.slice(4) : ''];
          for (const uid of uids) expect(visible.pod.has(uid)).toBe(city.pod.has(uid));
        }
        for (const { node } of visible.pod.values()) {
          expect(visible.node.has(node ?? '')).toBe(city.node.has(node ?? ''));
        }
        const homes = homesOfPods(city);
        for (const uid of visible.pod.keys()) {
          const home = homes.get(uid) ?? '';
          expect(visible.service.has(home)).toBe(city.service.has(home));
          expect(homesOfPods(visible).get(uid)).toBe(homes.get(uid));
        }
      }),
      RUNS,
    );
  });

  it('shows no more when more is asked', () => {
    fc.assert(
      fc.property(randomCity, randomFilter, randomFilter, (city, filter, other) => {
        const stricter = { ...filter, errors: true, minRate: filter.minRate + other.minRate };
        const wide = idsOf(filterCity(city, filter).city);
        const narrow = idsOf(filterCity(city, stricter).city);
        expect(wide.edge).toEqual(expect.arrayContaining(narrow.edge as string[]));
        expect(wide.service).toEqual(expect.arrayContaining(narrow.service as string[]));
      }),
      RUNS,
    );
  });

  it('keeps its maps while they hold the same', () => {
    fc.assert(
      fc.property(randomCity, randomFilter, (city, filter) => {
        const first = filterCity(city, filter).city;
        const next = filterCity({ ...city, edge: new Map(city.edge) }, filter, first).city;
        for (const kind of KINDS) if (kind !== 'edge') expect(next[kind]).toBe(first[kind]);
      }),
      RUNS,
    );
  });
});

describe('the toy city', () => {
  const { city } = cityOf(5, (toy) => {
    const ids = toy.snapshot(0).flatMap((op) => (op[0] === 'set' && op[1] === 'backend' ? [op[2]] : []));
    toy.drain(ids.find((id) => id.startsWith('shop/cart:')) as string, 0);
  });
  const calm = { ...city, refusal: new Map() };
  const shown = (change: Partial<typeof NO_FILTER>) => filterCity(city, { ...NO_FILTER, ...change }).city;

  it('shows only Services with trouble when errors are asked for', () => {
    // With its only client, which stands where it always stands.
    const { service } = filterCity(calm, { ...NO_FILTER, errors: true }).city;
    expect([...service.keys()]).toEqual(['payments/payments', 'payments/fraud']);
  });

  it('shows what policies refuse with the errors, or alone: then without any other traffic', () => {
    expect(shown({ errors: true }).refusal.size).toBe(city.refusal.size);
    const barred = filterCity(city, { ...NO_FILTER, barred: true });
    expect([barred.city.refusal.size, barred.city.edge.size, barred.folded.refusals]).toEqual([
      city.refusal.size,
      0,
      0,
    ]);
    expect(barred.folded.traffic.edges).toBe(city.edge.size);
    const ends = new Set([...city.refusal.values()].flatMap(({ client, podUid }) => [client.id, `pod:${podUid}`]));
    for (const uid of barred.city.pod.keys()) {
      const homes = [...city.backend.values()].filter((one) => one.podUid === uid).map(({ service }) => service);
      const drawnWith = homes.some((home) => barred.city.service.has(home));
      expect(ends.has(`pod:${uid}`) || drawnWith).toBe(true);
    }
  });

  it('asks places, Services and protocols of a refused attempt as of an edge, and a rate in vain', () => {
    const refused = (change: Partial<typeof NO_FILTER>) => [...shown(change).refusal.values()];
    expect(refused({ namespaces: ['data'] }).map(({ service }) => service)).toEqual(['data/orders-db']);
    expect(refused({ services: ['payments/payments'] })).toHaveLength(3);
    expect(refused({ protocols: ['UDP'] })).toEqual([]);
    expect(refused({ minRate: 0.1 })).toEqual([]);
    expect(
      refused({ nodes: ['node-b'] }).every(({ node, client }) => node === 'node-b' || client.node === 'node-b'),
    ).toBe(true);
  });

  it('finds a drained backend that no traffic reaches any more, with the whole ring of its Service', () => {
    const quiet = { ...city, edge: new Map() };
    const draining = filterCity(quiet, { ...NO_FILTER, states: ['draining'] }).city;
    expect([...draining.service.keys()]).toEqual(['shop/cart']);
    expect([...draining.backend.values()].map(({ draining: on }) => on).toSorted()).toEqual([false, false, true]);
  });

  it('shows of a node what stands there or talks with it', () => {
    const { edge, pod } = shown({ nodes: ['node-a'] });
    const [whole, here] = [new Set(city.pod.keys()), [...city.pod.values()].filter(({ node }) => node === 'node-a')];
    expect(here.every(({ uid }) => pod.has(uid))).toBe(true);
    expect(pod.size).toBeLessThan(whole.size);
    for (const { client, podUid } of edge.values()) {
      expect([client.node, city.pod.get(podUid ?? '')?.node]).toContain('node-a');
    }
    const zones = [shown({ zones: ['zone-a'] }).edge.size, edge.size];
    expect(zones[0]).toBeGreaterThan(zones[1] as number);
  });
});

describe('a filter in the address bar', () => {
  const sorted = (filter: typeof NO_FILTER) => JSON.parse(JSON.stringify(filter));
  it('is read as it was written', () => {
    fc.assert(
      fc.property(randomFilter, (filter) => {
        const query = new URLSearchParams();
        filterToQuery(filter, query);
        expect(sorted(filterFromQuery(new URLSearchParams(query.toString())))).toEqual(sorted(filter));
        expect([...query.keys()].length > 0).toBe(isFiltering(filter));
      }),
      RUNS,
    );
  });

  it('loses only what cannot be read', () => {
    const query = new URLSearchParams(
      `namespaces=shop ${'x'.repeat(300)} shop&states=draining+flying&minRate=-4&lens=nodes`,
    );
    expect(filterFromQuery(query)).toEqual({ ...NO_FILTER, namespaces: ['shop'], states: ['draining'] });
    const far = new URLSearchParams(
      `minRate=1e99&services=${Array.from({ length: 900 }, (_, i) => `a/s${i}`).join('+')}`,
    );
    expect(filterFromQuery(far)).toMatchObject({ minRate: 1e9 });
    expect(filterFromQuery(far).services).toHaveLength(200);
    expect(isFiltering(filterFromQuery(new URLSearchParams('minRate=much')))).toBe(false);
  });
});
