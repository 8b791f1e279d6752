import { type CityEdgeRow, type CityEdges, type CityFrame, type EdgeName, PROTOCOL_VERSION } from '@kubecity/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NEW_STREAM, takeFrame } from '../../src/city/city.ts';
import { EMPTY_BOOK, edgeKey, takeEdges } from '../../src/city/edges.ts';
import { EdgeTeller } from './edge-teller.ts';

const name = (client: string, backend = 'shop/web:http/TCP|10.0.0.1:80', podUid?: string): EdgeName => ({
  client: { kind: 'pod', id: `pod:${client}`, label: `shop/${client}`, node: 'node-a' },
  service: 'shop/web',
  servicePort: 'shop/web:http/TCP',
  backend,
  podUid,
});
const row = (id: number, opened = 1): CityEdgeRow => [id, 0, 2, 3, 4, 5, 1, opened, 7, 8, 0.5, 0.1, 900, 14_000, 20];
const told = (edges: Partial<CityEdges>): CityEdges => ({ reset: false, define: [], rows: [], forget: [], ...edges });

describe('takeEdges', () => {
  it('puts every number of a row under its name', () => {
    const book = takeEdges(EMPTY_BOOK, told({ reset: true, define: [[4, name('a')]], rows: [row(4, 6)] }));
    expect([...(book?.edges ?? [])]).toEqual([
      [
        'pod:a>shop/web:http/TCP|10.0.0.1:80',
        {
          ...name('a'),
          stale: false,
          moving: 2,
          idle: 3,
          closing: 4,
          waiting: 5,
          uncounted: 1,
          opened: 6,
          refused: 7,
          unanswered: 8,
          openedPerSecond: 0.5,
          refusedPerSecond: 0.1,
          bytesToBackendPerSecond: 900,
          bytesToClientPerSecond: 14_000,
          packetsPerSecond: 20,
        },
      ],
    ]);
  });

  it('copies names only when some come or go, and nothing when nothing changed', () => {
    const first = takeEdges(EMPTY_BOOK, told({ define: [[1, name('a')]], rows: [row(1)] }));
    const second = first && takeEdges(first, told({ rows: [row(1, 2)] }));
    expect(second?.names).toBe(first?.names);
    expect(second?.edges).not.toBe(first?.edges);
    const third = second && takeEdges(second, told({}));
    expect(third?.edges).toBe(second?.edges);
    expect(first?.edges.values().next().value?.opened).toBe(1);
  });

  it('keeps an edge that comes back under another number in the frame in which the old one goes', () => {
    const first = takeEdges(EMPTY_BOOK, told({ define: [[1, name('a')]], rows: [row(1)] })) ?? EMPTY_BOOK;
    const second = takeEdges(first, told({ define: [[2, name('a')]], rows: [row(2, 9)], forget: [1] }));
    expect([...(second?.edges.values() ?? [])].map(({ opened }) => opened)).toEqual([9]);
  });

  it('keeps the edges of a reused address apart', () => {
    const before = name('a', undefined, 'uid-1');
    const after = name('a', undefined, 'uid-2');
    expect(edgeKey(before)).not.toBe(edgeKey(after));
  });

  it('does not know a number that nobody defined, and shows no edge before its first row', () => {
    expect(takeEdges(EMPTY_BOOK, told({ rows: [row(9)] }))).toBeUndefined();
    expect(takeEdges(EMPTY_BOOK, told({ define: [[1, name('a')]] }))?.edges.size).toBe(0);
    expect(takeEdges(EMPTY_BOOK, told({ forget: [9] }))?.edges.size).toBe(0);
  });

  it('gives by differences what a reset gives', () => {
    const states = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(99)), { maxLength: 12 });
    fc.assert(
      fc.property(states, (sequence) => {
        const teller = new EdgeTeller();
        let book = EMPTY_BOOK;
        let last: [EdgeName, CityEdgeRow][] = [];
        for (const state of sequence) {
          last = Object.entries(state).map(([client, opened]) => [name(client), row(0, opened)]);
          book = takeEdges(book, teller.tell(last)) ?? EMPTY_BOOK;
        }
        const fresh = takeEdges(EMPTY_BOOK, new EdgeTeller().reset(last));
        const plain = (edges?: ReadonlyMap<string, unknown>) => [...(edges ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(plain(book.edges)).toEqual(plain(fresh?.edges));
        expect(book.names.size).toBe(book.edges.size);
      }),
      { seed: 7 },
    );
  });
});

describe('takeFrame with edges', () => {
  const frame = (seq: number, ops: CityFrame['ops'], edges?: CityEdges): CityFrame => ({
    protocol: PROTOCOL_VERSION,
    epoch: 'one',
    seq,
    at: seq * 1000,
    ops,
    edges,
  });
  const begun = takeFrame(
    NEW_STREAM,
    frame(0, [['reset'], ['sync']], told({ reset: true, define: [[1, name('a')]], rows: [row(1)] })),
  ).stream;

  it('shows the edges of a frame together with its records', () => {
    expect([...begun.city.edge.keys()]).toEqual([edgeKey(name('a'))]);
    const next = takeFrame(begun, frame(1, [['set', 'namespace', 'x', { name: 'x' }]], told({ forget: [1] }))).stream;
    expect(next.city.edge.size).toBe(0);
    expect(next.city.namespace.size).toBe(1);
  });

  it('keeps the map of edges while no edge changes, and the city while nothing does', () => {
    const next = takeFrame(begun, frame(1, [['set', 'namespace', 'x', { name: 'x' }]])).stream;
    expect(next.city.edge).toBe(begun.city.edge);
    expect(takeFrame(begun, frame(1, [], told({}))).stream.city).toBe(begun.city);
  });

  it('loses the thread over an unknown number, and stays where it was', () => {
    expect(takeFrame(begun, frame(1, [], told({ rows: [row(2)] })))).toEqual({ outcome: 'gap', stream: begun });
  });

  it('shows the old edges until a snapshot in pieces is whole', () => {
    const half = takeFrame(
      begun,
      frame(1, [['reset']], told({ reset: true, define: [[1, name('b')]], rows: [row(1)] })),
    ).stream;
    expect([...half.city.edge.keys()]).toEqual([edgeKey(name('a'))]);
    const whole = takeFrame(half, frame(2, [['sync']], told({ define: [[2, name('c')]], rows: [row(2)] }))).stream;
    expect([...whole.city.edge.keys()]).toEqual([edgeKey(name('b')), edgeKey(name('c'))]);
  });

  it('forgets the edges of the hub before with its snapshot', () => {
    const other = takeFrame(begun, { ...frame(0, [['reset'], ['sync']]), epoch: 'two' }).stream;
    expect(other.city.edge.size).toBe(0);
    expect(takeFrame(other, { ...frame(1, [], told({ rows: [row(1)] })), epoch: 'two' }).outcome).toBe('gap');
  });
});
