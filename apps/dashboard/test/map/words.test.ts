import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onMap, selectionFromText, selectionToText, servicesOf } from '../../src/city/find.ts';
import { age, bytes, count, percent, rate, socket } from '../../src/city/format.ts';
import { workloadOf } from '../../src/city/services.ts';
import { countedWords, FEW, judge, poisson, shareWith, wilson } from '../../src/city/share.ts';
import { cityOf } from './city-of.ts';

describe('figures', () => {
  it.each([
    [0, '0'],
    [0.01, '<0.1'],
    [0.4, '0.4'],
    [3, '3'],
    [9.94, '9.9'],
    [9.96, '10'],
    [1284.4, '1,284'],
  ])('rate %d is %s', (value, text) => expect(rate(value)).toBe(text));

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [999.6, '1 kB'],
    [18_400_000, '18.4 MB'],
    [250_000, '250 kB'],
    [3.2e15, '3200 TB'],
  ])('bytes %d is %s', (value, text) => expect(bytes(value).join(' ')).toBe(text));

  it.each([
    [0, '0 %'],
    [0.0004, '<0.1 %'],
    [0.002, '0.2 %'],
    [0.456, '46 %'],
    [1, '100 %'],
  ])('part %d is %s', (value, text) => expect(percent(value)).toBe(text));

  it.each([
    [-5, '0.0 s'],
    [800, '0.8 s'],
    [41_000, '41 s'],
    [180_000, '3 min'],
    [7_200_000, '2 h'],
    [432_000_000, '5 d'],
  ])('%d ms ago is %s', (value, text) => expect(age(value)).toBe(text));

  it('groups thousands', () => expect(count(1284)).toBe('1,284'));
});

describe('shares', () => {
  it('says nothing of a share from too few connections', () => {
    expect(judge(7, FEW - 1, 0.5)).toEqual({ is: 'few', trials: FEW - 1 });
    expect(judge(7, FEW, 0.5).is).toBe('wished');
  });

  it('says more or less than wished only of what lies outside its 95 % interval, and on the right side', () => {
    const parts = fc.tuple(
      fc.integer({ min: FEW, max: 50_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(parts, ([trials, part, wished]) => {
        const verdict = judge(Math.round(trials * part), trials, wished);
        if (verdict.is === 'few') throw new Error('these are enough');
        if (verdict.is === 'less') expect(verdict.high).toBeLessThan(wished);
        if (verdict.is === 'more') expect(verdict.low).toBeGreaterThan(wished);
      }),
      { seed: 8 },
    );
    expect(judge(100, 1000, 0.5).is).toBe('less');
    expect(judge(900, 1000, 0.5).is).toBe('more');
    // outside 95 %, as one backend of twenty always is
    expect(judge(468, 1000, 0.5).is).toBe('wished');
  });

  it('gives intervals that hold the observed share, lie in 0..1 and narrow with more trials', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, part) => {
        const hits = Math.round(trials * part);
        const { low, high } = wilson(hits, trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(hits / trials + 1e-9);
        expect(high).toBeGreaterThanOrEqual(hits / trials - 1e-9);
        const more = wilson(hits * 10, trials * 10);
        expect(more.high - more.low).toBeLessThan(high - low);
      }),
    );
  });

  it('agrees with the published interval of 10 hits in 100 trials', () => {
    // Wilson 95 % for 0.1 of 100: 0.0552 to 0.1744 (Agresti & Coull 1998, formula 2)
    const { low, high } = wilson(10, 100);
    expect(low).toBeCloseTo(0.0552, 4);
    expect(high).toBeCloseTo(0.1744, 4);
  });

  it('says of which connections a share is', () => {
    const of = (openedOfPort: number, windowSeconds: number, sinceChange?: boolean) =>
      countedWords({ opened: 0, openedOfPort, windowSeconds, ...(sinceChange && { sinceChange }) });
    expect(of(0, 60)).toBe('no new connections in 60 s');
    expect(of(1, 60)).toBe('1 new connection in 60 s');
    expect(of(4, 8, true)).toBe('4 new connections in 8 s since the change');
    expect(of(0, 0, true)).toBe('the share has just changed and is being measured');
  });

  it('holds a count that chance makes', () => {
    for (const [counted, low, high] of [
      [0, 0, 3.84],
      [10, 5.43, 18.4],
      [100, 82.2, 121.6],
    ] as const) {
      expect(poisson(counted).low).toBeCloseTo(low, 1);
      expect(poisson(counted).high).toBeCloseTo(high, 1);
    }
  });

  it('knows nothing without trials', () => expect(wilson(0, 0)).toEqual({ low: 0, high: 1 }));

  it('tells the share a weight would get among the usable', () => {
    const group = [
      { id: 'a', weight: 100, usable: true },
      { id: 'b', weight: 300, usable: true },
      { id: 'c', weight: 600, usable: false },
    ];
    expect(shareWith(group, 'a', 100)).toBe(0.25);
    expect(shareWith(group, 'a', 900)).toBe(0.75);
    expect(shareWith(group, 'c', 900)).toBe(0);
    expect(shareWith([{ id: 'a', weight: 1, usable: true }], 'a', 0)).toBe(0);
  });
});

describe('names', () => {
  it.each([
    ['web-7d9fc4-k2x8p', {}, 'web'],
    ['orders-db-0', {}, 'orders-db'],
    ['fluentd-x9k2p', {}, 'fluentd'],
    ['odd', { app: 'shop' }, 'shop'],
    ['odd', { app: 'shop', 'app.kubernetes.io/name': 'cart' }, 'cart'],
  ])('%s %o is one of %s', (name, labels, workload) => expect(workloadOf({ name, labels })).toBe(workload));

  it('writes a selection into the address bar and reads it back', () => {
    const selection = { kind: 'edge', id: 'pod:a~b>shop/web:http/TCP|10.0.0.1:80' } as const;
    expect(selectionFromText(selectionToText(selection))).toEqual(selection);
    const backend = { kind: 'backend', id: 'shop/web:http/TCP|[fd00::5]:80' } as const;
    expect(selectionFromText(selectionToText(backend))).toEqual(backend);
    expect(selectionFromText('ship~a')).toBeUndefined();
    expect(selectionFromText(null)).toBeUndefined();
  });
});

describe('a selected backend', () => {
  const { city } = cityOf(11);
  const [id, { podUid, service }] = [...city.backend][0] as [string, { podUid?: string; service: string }];

  it('is on the map where its pod is, or at its Service when no pod is behind it', () => {
    expect(onMap(city, { kind: 'backend', id })).toEqual({ kind: 'pod', id: podUid });
    const bare = new Map([...city.backend].map(([key, one]) => [key, { ...one, podUid: undefined }]));
    expect(onMap({ backend: bare }, { kind: 'backend', id })).toEqual({ kind: 'service', id: service });
    expect(onMap(city, { kind: 'node', id: 'node-a' })).toEqual({ kind: 'node', id: 'node-a' });
  });

  it('and its pod, its road and each of its edges have the same Service to look at', () => {
    expect(servicesOf(city, { kind: 'backend', id })).toEqual([service]);
    expect(servicesOf(city, { kind: 'pod', id: podUid ?? '' })).toEqual([service]);
    expect(servicesOf(city, { kind: 'road', id: `gate:outside→service:${service}` })).toEqual([service]);
    const edges = [...city.edge].filter(([, edge]) => edge.backend === id);
    expect(edges.length).toBeGreaterThan(0);
    for (const [key] of edges) expect(servicesOf(city, { kind: 'edge', id: key })).toEqual([service]);
    expect(servicesOf(city, { kind: 'node', id: 'node-a' })).toEqual([]);
  });
});

it('writes IPv6 sockets with brackets', () => {
  expect(socket({ address: '10.244.1.5', port: 80 })).toBe('10.244.1.5:80');
  expect(socket({ address: 'fd00::5', port: 80 })).toBe('[fd00::5]:80');
});
