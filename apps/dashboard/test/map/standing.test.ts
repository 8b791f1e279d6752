import type { CityRecord } from '@kubecity/protocol';
import { describe, expect, it } from 'vitest';
import { EMPTY_CITY } from '../../src/city/city.ts';
import { type Seeing, standingOf } from '../../src/city/coverage.ts';
import { type Edge, edgeOf } from '../../src/city/edges.ts';

const NOW = 1_700_000_000_000;
const LIVE: Seeing = { now: NOW, at: NOW - 400, closely: 'all' };

type Agent = CityRecord<'node'>['agent'];
const city = (agents: Record<string, Partial<Agent>>) => ({
  ...EMPTY_CITY,
  node: new Map(
    Object.entries(agents).map(([name, agent]): [string, CityRecord<'node'>] => [
      name,
      { name, ready: true, addresses: [], agent: { state: 'live', lastFrameAt: NOW - 500, ...agent } },
    ]),
  ),
});

const edge = (node: string, stale = false): Edge =>
  edgeOf(
    {
      client: { kind: 'node', id: `node:${node}`, label: node, node },
      service: 'shop/cart',
      servicePort: 'shop/cart:http/TCP',
      backend: 'shop/cart:http/TCP|10.0.0.1:80',
    },
    [0, stale ? 1 : 0, 1, 1, 0, 0, 0, 5, 0, 0, 1, 0, 10, 10, 1],
  );

const silent = { state: 'stale', lastFrameAt: NOW - 41_000 } as const;

describe('how far a sum can be trusted', () => {
  it('complete and fresh while every agent is heard', () => {
    const standing = standingOf(city({ a: {}, b: {} }), { edges: [edge('a')], homes: ['a'] }, LIVE);
    expect(standing).toEqual({ state: 'complete', age: 400 });
  });

  it('at least while any agent is silent, and as old as that agent’s last word when it has a part in it', () => {
    const known = city({ a: {}, b: silent });
    expect(standingOf(known, { edges: [edge('a')], homes: [] }, LIVE)).toEqual({
      state: 'atLeast',
      why: 'b silent',
      age: 400,
    });
    expect(standingOf(known, { edges: [edge('b', true)], homes: [] }, LIVE)).toMatchObject({
      state: 'atLeast',
      age: 41_000,
      slowest: 'b',
    });
  });

  it('nothing seen on a node that nobody watches is unknown, never zero', () => {
    const absent = city({ a: {}, b: { state: 'absent', lastFrameAt: undefined } });
    expect(standingOf(absent, { edges: [], homes: ['b'] }, LIVE)).toMatchObject({
      state: 'unknown',
      why: 'no agent on b',
    });
    expect(standingOf(absent, { edges: [], homes: ['a'] }, LIVE)).toMatchObject({ state: 'atLeast' });
    expect(standingOf(city({ a: silent }), { edges: [], homes: ['a'] }, LIVE)).toMatchObject({
      state: 'unknown',
      why: 'agent of a silent for 41 s',
    });
  });

  it('nothing told of a Service that is not asked for is unknown; of the one that is, it is complete', () => {
    const only = 'shop/cart';
    const known = city({ a: {} });
    const of = (service: string) => ({ edges: [], homes: [], services: [service] });
    expect(standingOf(known, of('shop/web'), { ...LIVE, only })).toMatchObject({ state: 'unknown' });
    expect(standingOf(known, of('shop/cart'), { ...LIVE, only })).toMatchObject({ state: 'complete' });
    expect(standingOf(known, { edges: [edge('a')], homes: ['a'] }, { ...LIVE, only })).toMatchObject({
      state: 'atLeast',
      why: 'only connections of shop/cart are told',
    });
  });

  it('what is not looked at closely comes slowly, and is as old as that', () => {
    const closely = new Set(['shop/web']);
    const of = (given: Seeing) => standingOf(city({ a: {} }), { edges: [edge('a')], homes: [] }, given);
    expect(of({ ...LIVE, closely })).toEqual({ state: 'complete', age: 10_400 });
    expect(of({ ...LIVE, closely: new Set(['shop/cart']) })).toEqual({ state: 'complete', age: 400 });
  });

  it('a table that is read rarely makes its figures as old as its period', () => {
    const conntrack = { periodMilliseconds: 4400 } as Agent['conntrack'];
    const standing = standingOf(city({ a: { conntrack } }), { edges: [edge('a')], homes: [] }, LIVE);
    expect(standing).toEqual({ state: 'complete', age: 4400, slowest: 'a' });
  });

  it('when the hub is not heard everything grows old', () => {
    const standing = standingOf(city({ a: {} }), { edges: [edge('a')], homes: [] }, { ...LIVE, at: NOW - 12_000 });
    expect(standing.age).toBe(12_000);
  });

  it('the past is as complete as it was kept, whatever the agents do now', () => {
    const known = city({ a: silent });
    const then = (folded: number) => ({ ...LIVE, folded });
    expect(standingOf(known, { edges: [edge('a')], homes: ['a'] }, then(0))).toEqual({ state: 'complete', age: 0 });
    expect(standingOf(known, { edges: [edge('a')], homes: ['a'] }, then(7)).state).toBe('atLeast');
    expect(standingOf(known, { edges: [edge('a', true)], homes: [] }, then(0)).state).toBe('atLeast');
  });
});
