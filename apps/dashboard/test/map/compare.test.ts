import { describe, expect, it } from 'vitest';
import { type Change, compareSurveys, differenceWords, endsOfChange } from '../../src/city/compare.ts';
import type { Edge } from '../../src/city/edges.ts';
import { rate } from '../../src/city/format.ts';
import { type Survey, surveyCity } from '../../src/city/survey.ts';
import { cityOf } from './city-of.ts';

const now = cityOf(5);
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
    const { services, streets, all } = compareSurveys(now, now);
    expect(services.length).toBe(now.sums.byService.size);
    expect([...services, ...streets].every(({ difference, kind }) => difference === 0 && kind === 'changed')).toBe(
      true,
    );
    expect(all.difference).toBe(0);
  });

  it('tells by how much each Service and each street grew; the sums are those of the city', () => {
    const then = shaped((edge) => ({
      ...edge,
      openedPerSecond: edge.openedPerSecond * (edge.service === 'shop/cart' ? 3 : 0.5),
    }));
    const { services, streets, all } = compareSurveys(then, now);
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
      compareSurveys(then, after).services.flatMap(({ id, kind }) => (kind === 'changed' ? [] : [`${kind} ${id}`]));
    expect(kinds(without, now)).toEqual(['new service:shop/cart']);
    expect(kinds(silent, now)).toEqual(['new service:shop/cart']);
    expect(kinds(now, without)).toEqual(['gone service:shop/cart']);
    expect(kinds(now, silent)).toEqual(['gone service:shop/cart']);
  });

  it('keeps the ends of streets, and connections to what has no place', () => {
    const { streets } = compareSurveys(now, now);
    expect(streets.every((change) => endsOfChange(change)?.from !== undefined)).toBe(true);
    expect(endsOfChange({ id: 'service:shop/cart', difference: 0, kind: 'changed' })).toBeUndefined();
  });
});

describe('differenceWords', () => {
  it('has a sign, and says when there is nothing to see', () => {
    expect([12.4, -12.4, 0, 0.01, -0.01, 1284].map((n) => differenceWords(n, rate))).toEqual([
      '+12/s',
      '−12/s',
      '±0',
      '≈0',
      '≈0',
      '+1,284/s',
    ]);
  });
});
