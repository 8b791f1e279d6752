import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cityEdges, look, mapQuestion } from '../src/index.ts';

const name = {
  client: { kind: 'pod', id: 'pod:u', label: 'shop/web-1', node: 'node-a' },
  service: 'shop/cart',
  servicePort: 'shop/cart:http/TCP',
  backend: 'shop/cart:http/TCP|10.0.0.1:80',
};
const row = [7, 0, 1, 2, 3, 4, 5, 600, 7, 8, 9.25, 0, 1100, 1200, 13.5];
const edges = { reset: false, forget: [3], define: [[7, name]], rows: [row] };

describe('edges of a city frame', () => {
  it('pass as they are', () => {
    expect(cityEdges.parse(structuredClone(edges))).toEqual(edges);
  });

  it.each([
    ['a row that is too short', { ...edges, rows: [row.slice(1)] }],
    ['a client of no known kind', { ...edges, define: [[7, { ...name, client: { ...name.client, kind: 'ghost' } }]] }],
    ['an id below zero', { ...edges, forget: [-1] }],
  ])('are refused with %s', (_title, bad) => {
    expect(cityEdges.safeParse(bad).success).toBe(false);
  });
});

describe('what a browser says', () => {
  it.each([{ services: 'all' }, { services: [] }, { services: ['shop/cart', ''] }])('look %j', (said) => {
    expect(look.parse(said)).toEqual(said);
  });

  it.each([
    { kind: 'rules', service: 'shop/cart' },
    { kind: 'rules', service: 'shop/cart', node: 'node-a' },
    { kind: 'flows', servicePort: '', backend: '10.0.0.1:80' },
    { kind: 'history', from: 0, to: 1_700_000_000_000 },
    { kind: 'moment', at: 1_700_000_000_000 },
  ])('ask %j', (said) => {
    expect(mapQuestion.parse(said)).toEqual(said);
  });

  it('is bounded, and never throws on foreign input', () => {
    expect(look.safeParse({ services: Array.from({ length: 1001 }, () => 's') }).success).toBe(false);
    expect(look.safeParse({ services: ['s'.repeat(254)] }).success).toBe(false);
    // endings of connections are not for browsers
    expect(mapQuestion.safeParse({ kind: 'endFlows', servicePort: '', backend: '' }).success).toBe(false);
    expect(mapQuestion.safeParse({ kind: 'moment', at: -1 }).success).toBe(false);
    fc.assert(
      fc.property(fc.anything(), (foreign) => {
        for (const schema of [look, mapQuestion, cityEdges]) expect(schema.safeParse(foreign).success).toBe(false);
      }),
      { seed: 20261123 },
    );
  });
});
