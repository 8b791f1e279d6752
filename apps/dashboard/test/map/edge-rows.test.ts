import { describe, expect, it } from 'vitest';
import { edgeRows, FIGURE_COLUMNS, tabularRate } from '../../src/city/edge-rows.ts';
import type { Edge } from '../../src/city/edges.ts';
import { edges } from '../../src/ui/directory/edges.ts';
import { withWords } from '../../src/ui/directory/table.ts';
import { cityOf } from './city-of.ts';

const { city } = cityOf(5);
const known = edgeRows(city);

describe('the rows of the traffic table', () => {
  it('has one row for every edge, direct ones too', () => {
    expect(known.rows.map(({ id }) => id)).toEqual([...city.edge.keys()]);
    const direct = known.rows.filter(({ port }) => port === 'direct');
    expect(direct).toHaveLength([...city.edge.values()].filter(({ service }) => service === '').length);
    expect(direct.length).toBeGreaterThan(20);
  });

  it('names pods as they are called now, and says which are gone', () => {
    const gone = known.rows.filter((row) => row.gone !== undefined);
    expect(gone.map(({ client, state }) => [client, state])).toEqual([['shop/cart-6aa1c4-zzzzz', 'client gone']]);
    const lost = edgeRows({ ...city, pod: new Map() });
    const served = lost.rows.filter(({ edge }) => edge.podUid !== undefined && edge.client.kind !== 'pod');
    expect(new Set(served.map(({ state }) => state))).toEqual(new Set(['backend gone']));
    expect(served.length).toBeGreaterThan(20);
  });

  it('finds by every word: client, port, backend, address, state', () => {
    const found = withWords(edges, known.rows, 'loadgen SEARCH');
    expect(found.length).toBeGreaterThan(0);
    for (const row of found)
      expect([row.client, row.port]).toEqual([expect.stringContaining('loadgen'), 'shop/search:main/TCP']);
    const one = known.rows[0] as (typeof known.rows)[number];
    const address = one.edge.backend.split('|')[1] as string;
    expect(withWords(edges, known.rows, address).every(({ edge }) => edge.backend.endsWith(address))).toBe(true);
    expect(withWords(edges, known.rows, 'gone').map(({ state }) => state)).toEqual(['client gone']);
    expect(withWords(edges, known.rows, 'nobody-has-this')).toEqual([]);
    expect(withWords(edges, known.rows, '  ')).toBe(known.rows);
  });

  it('keeps the row of an edge that did not change, while its names hold', () => {
    const [id, edge] = [...city.edge][0] as [string, Edge];
    const next = { ...city, edge: new Map([...city.edge, [id, { ...edge, moving: edge.moving + 1 }]]) };
    const again = edgeRows(next, known);
    expect(again.rows.filter((row, i) => row !== known.rows[i]).map((row) => row.id)).toEqual([id]);
    expect(again.byId.get(id)).toEqual({ ...known.byId.get(id), edge: next.edge.get(id) });
    const renamed = edgeRows({ ...next, pod: new Map(city.pod) }, again);
    expect(renamed.rows.some((row) => again.byId.get(row.id) === row)).toBe(false);
  });
});

describe('the totals line', () => {
  it.each(FIGURE_COLUMNS)('sums $id over exactly the rows above it', ({ id, value }) => {
    for (const text of ['', 'shop/web', 'direct']) {
      const rows = withWords(edges, known.rows, text);
      const sum = rows.reduce((total, { edge }) => total + value(edge), 0);
      expect(edges.totals?.(rows).values.get(id)?.value).toBeCloseTo(sum, 6);
    }
  });
});

it('writes rates with one decimal, so that they stand below each other', () => {
  expect([0, 0.04, 0.05, 9.96, 1284].map(tabularRate)).toEqual(['0.0', '<0.1', '0.1', '10.0', '1,284.0']);
});
