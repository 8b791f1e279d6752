import type { KubeRoutingOverride } from '@kubecity/routing';
import { expect, test } from 'vitest';
import { chosenEdges, edgeOf, edgeView } from '../src/edges.ts';
import { bytes, percent, weightText } from '../src/figures.ts';
import { progressOf, progressWords } from '../src/progress.ts';
import { tableLines } from '../src/table.ts';
import { newest } from '../src/undo.ts';

test('columns stand under each other, unknown is -, and wide ones are shown when asked for', () => {
  const columns = [
    { head: 'NAME', cell: ({ name }: Thing) => name },
    { head: 'OPEN', cell: ({ open }: Thing) => open, right: true },
    { head: 'WHY', cell: ({ why }: Thing) => why, wide: true },
  ];
  interface Thing {
    name: string;
    open?: number;
    why?: string;
  }
  const things = [{ name: 'a', open: 0, why: 'slow' }, { name: 'long-name' }, { name: 'b', open: 1234 }];
  expect(tableLines(columns, things, false)).toEqual([
    'NAME        OPEN',
    'a              0',
    'long-name      -',
    'b           1234',
  ]);
  expect(tableLines(columns, things, true)[1]).toBe('a              0   slow');
});

test('figures', () => {
  expect([0, 1 / 3, 0.5, 1].map(percent)).toEqual(['0 %', '33.3 %', '50 %', '100 %']);
  expect([100, 66.666667, 0].map(weightText)).toEqual(['100', '66.67', '0']);
  expect([0, 999, 1000, 1_234_567].map(bytes)).toEqual(['0 B', '999 B', '1.00 kB', '1.23 MB']);
});

const row = (opened: number, stale = 0) => [1, stale, 3, 2, 1, 0, 0, 70, 4, 0, opened, 0.5, 1000, 500, 12];
const named = (label: string, service: string) => ({
  client: { kind: 'pod' as const, id: `pod:${label}`, label },
  service,
  servicePort: `${service}:http/TCP`,
  backend: `${service}:http/TCP|10.0.0.1:8080`,
});

test('edges are told the busiest first, and those of silent agents as unknown', () => {
  const edges = [
    edgeOf(named('shop/a', 'shop/cart'), row(1)),
    edgeOf(named('shop/b', 'shop/cart'), row(9)),
    edgeOf(named('shop/c', 'data/db'), row(5, 1)),
  ];
  expect(chosenEdges(edges, { namespace: 'shop', names: [] }).map(({ client }) => client)).toEqual([
    'shop/b',
    'shop/a',
  ]);
  expect(chosenEdges(edges, { namespace: undefined, names: ['db'] }).map(({ client }) => client)).toEqual(['shop/c']);
  expect(tableLines(edgeView('').columns, edges.slice(1), false)).toEqual([
    'CLIENT   SERVICE PORT         BACKEND         NEW/S   REFUSED/S   BYTES/S   MOVING   IDLE',
    'shop/b   shop/cart:http/TCP   10.0.0.1:8080     9.0         0.5   1.50 kB        3      2',
    'shop/c   data/db:http/TCP     10.0.0.1:8080       ?           ?         ?        3      2',
  ]);
});

const told = (conditions: object[], more: object = {}): KubeRoutingOverride => ({
  metadata: { namespace: 'shop', name: 'a', generation: 3 },
  spec: { drain: {} },
  status: {
    observedGeneration: 3,
    conditions,
    nodes: { desired: 4, acknowledged: 3, waitingFor: ['node-c'] },
    connections: { moving: 2, idle: 5, closing: 9, waiting: 1, coverage: 'atLeast' },
    cut: 6,
    ...more,
  },
});
const holds = (type: string, status = 'True') => ({ type, status, reason: 'R', message: `${type} is ${status}` });

test('how far the nodes are is read from the status of this very generation', () => {
  const progress = progressOf(told([holds('Accepted'), holds('Programmed', 'False'), holds('Drained', 'False')]));
  expect(progress).toMatchObject({ done: false, open: 8, atLeast: true, message: 'Programmed is False' });
  if (!progress) throw new Error('there is a status');
  expect(progressWords(progress, true)).toBe('3 of 4 nodes, waiting for node-c; at least 8 open, 6 ended');
  expect(progressWords(progress, false)).toBe('3 of 4 nodes, waiting for node-c');
  expect(progressOf(told([holds('Accepted'), holds('Programmed'), holds('Drained')]))?.done).toBe(true);
  expect(progressOf(told([holds('Accepted', 'False')]))?.refused).toBe('R: Accepted is False');
  const observed = { ...holds('Programmed', 'False'), reason: 'OnlyObserved' };
  expect(progressOf(told([holds('Accepted'), observed]))?.refused).toBe('OnlyObserved: Programmed is False');
  expect(progressOf(told([], { observedGeneration: 2 }))).toBeUndefined();
  expect(progressOf({ metadata: { name: 'a' }, spec: {} })).toBeUndefined();
});

test('what was taken back, and what took it back, is not taken back again', () => {
  const change = (id: string, what: string, of?: string) => ({ id, what, of, who: 'ann', name: 'a' });
  const changes = [change('4', 'undo', '3'), change('3', 'replace'), change('2', 'refused'), change('1', 'create')];
  expect(newest(changes, () => true, 'by ann')).toBe('1');
  expect(() => newest(changes.slice(0, 3), () => true, 'by ann')).toThrow('There is no change by ann');
});
