import { describe, expect, it } from 'vitest';
import {
  type Change,
  compareSurveys,
  differenceWords,
  endsOfChange,
  isWithinChance,
  type Windows,
} from '../../src/city/compare.ts';
import type { Edge } from '../../src/city/edges.ts';
import { rate } from '../../src/city/format.ts';
import { type Survey, surveyCity } from '../../src/city/survey.ts';
import { cityOf } from './city-of.ts';

const now = cityOf(5);
/** So long that next to no difference is within chance. */
const LONG: Windows = { was: 1e9, is: 1e9 };
const shaped = (change: (edge: Edge) => Edge | undefined): Survey => {
  const edges = [...now.city.edge].flatMap(([id, edge]): [string, Edge][] => {
    const changed = change(edge);
    return changed ? [[id, changed]] : [];
  });
  return surveyCity({ ...now.city, edge: new Map(edges) });
};
const sum = (changes: readonly Change[]) => changes.reduce((all, { difference }) => all + difference, 0);

describe('compareSurveys', () => {
  it('finds no difference between a city and itself', () => {
    const { services, streets, all } = compareSurveys(now, now, LONG);
    expect(services.length).toBe(now.sums.byService.size);
    expect([...services, ...streets].every(({ difference, kind }) => difference === 0 && kind === 'alike')).toBe(true);
    expect(all.difference).toBe(0);
  });

  it('tells by how much each Service and each street grew; the sums are those of the city', () => {
    const then = shaped((edge) => ({
      ...edge,
      openedPerSecond: edge.openedPerSecond * (edge.service === 'shop/cart' ? 3 : 0.5),
    }));
    const { services, streets, all } = compareSurveys(then, now, LONG);
    const cart = services.find(({ id }) => id === 'service:shop/cart') as Change;
    expect(cart.difference).toBeCloseTo(-2 * (cart.is?.openedPerSecond ?? 0));
    expect(sum(streets)).toBeCloseTo(all.difference);
    const direct = streets.filter(({ id }) => id.includes('⇢'));
    expect(direct.length).toBeGreaterThan(0);
    expect(sum(services) + sum(direct)).toBeCloseTo(all.difference);
    const sizes = services.map(({ difference }) => Math.abs(difference));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  });

  it('names what is new and what is gone, also when its edges are still listed', () => {
    const without = shaped((edge) => (edge.service === 'shop/cart' ? undefined : edge));
    const silent = shaped((edge) => (edge.service === 'shop/cart' ? { ...edge, openedPerSecond: 0 } : edge));
    const kinds = (then: Survey, after: Survey) =>
      compareSurveys(then, after, LONG).services.flatMap(({ id, kind }) => (kind === 'alike' ? [] : [`${kind} ${id}`]));
    expect(kinds(without, now)).toEqual(['new service:shop/cart']);
    expect(kinds(silent, now)).toEqual(['new service:shop/cart']);
    expect(kinds(now, without)).toEqual(['gone service:shop/cart']);
    expect(kinds(now, silent)).toEqual(['gone service:shop/cart']);
  });

  it('keeps the ends of streets, and connections to what has no place', () => {
    const { streets } = compareSurveys(now, now, LONG);
    expect(streets.every((change) => endsOfChange(change)?.from !== undefined)).toBe(true);
    expect(endsOfChange({ id: 'service:shop/cart', difference: 0, kind: 'changed' })).toBeUndefined();
  });
});

describe('isWithinChance', () => {
  const TEN = { was: 10_000, is: 10_000 };

  it.each([
    // 60 and 78 connections in ten seconds: 46.6 to 77.2 and 62.6 to 97.3.
    [6, 7.8, TEN, true],
    // 60 and 120: the second is 100 to 143.
    [6, 12, TEN, false],
    // The same two rates over a minute each: 360 and 468.
    [6, 7.8, { was: 60_000, is: 60_000 }, false],
    // Nothing, then two connections; nothing, then a hundred.
    [0, 0.2, TEN, true],
    [0, 10, TEN, false],
    [10, 0, TEN, false],
    [0, 0, TEN, true],
  ])('%d/s then and %d/s now', (before, after, windows, chance) => {
    expect(isWithinChance(before, after, windows)).toBe(chance);
  });

  it('puts what is within chance behind every change, and calls it neither new nor gone', () => {
    const then = shaped((edge) => ({
      ...edge,
      openedPerSecond: edge.service === 'shop/cart' ? 10 * edge.openedPerSecond : 1.02 * edge.openedPerSecond,
    }));
    const { services } = compareSurveys(then, now, TEN);
    expect(services.map(({ kind }) => kind)).toEqual(['changed', ...services.slice(1).map(() => 'alike')]);
    expect(services[0]?.id).toBe('service:shop/cart');
  });
});

describe('differenceWords', () => {
  const words = (kind: Change['kind'], difference: number) => differenceWords({ kind, difference }, rate);

  it('has a sign, and no figure for what is within chance', () => {
    expect([words('changed', 12.4), words('gone', -12.4), words('new', 1284)]).toEqual(['+12/s', '−12/s', '+1,284/s']);
    expect([words('alike', 2), words('alike', 0)]).toEqual(['about the same', 'about the same']);
  });
});
