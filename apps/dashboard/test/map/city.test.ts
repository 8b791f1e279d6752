import { type CityFrame, type CityOp, PROTOCOL_VERSION } from '@kubecity/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type City, EMPTY_CITY, NEW_STREAM, takeFrame } from '../../src/city/city.ts';
import { parseFrame } from '../../src/city/parse.ts';
import { EdgeTeller } from './edge-teller.ts';
import { toyCity } from './toy-city.ts';

const frame = (seq: number, ops: readonly CityOp[], epoch = 'one'): CityFrame => ({
  protocol: PROTOCOL_VERSION,
  epoch,
  seq,
  at: seq * 1000,
  ops,
});

const named = (name: string): CityOp => ['set', 'namespace', name, { name }];
const ticked = (id: string, rate: number): CityOp => [
  'set',
  'tick',
  id,
  { at: 1, openedPerSecond: rate, bytesPerSecond: 0, refusedPerSecond: 0 },
];

const change = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'd').map(named),
  fc.tuple(fc.constantFrom('1', '2', '3'), fc.nat(9)).map(([id, rate]) => ticked(id, rate)),
  fc.constantFrom('a', 'b', 'c', 'd').map((id): CityOp => ['delete', 'namespace', id]),
  fc.constantFrom('1', '2', '3').map((id): CityOp => ['delete', 'tick', id]),
);

const kinds = (city: City) => Object.entries(city) as [string, ReadonlyMap<string, unknown>][];
const plain = (city: City) => kinds(city).map(([kind, records]) => [kind, new Map([...records].sort())]);

/** What a snapshot taken after these frames would hold. */
function snapshotOf(city: City): CityOp[] {
  const sets = kinds(city).flatMap(([kind, records]) =>
    [...records].map(([id, record]) => ['set', kind, id, record] as unknown as CityOp),
  );
  return [['reset'], ...sets, ['sync']];
}

describe('takeFrame', () => {
  it('gives by operations the city that a snapshot gives', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 12 }), (changes) => {
        let stream = takeFrame(NEW_STREAM, frame(0, [['reset'], ['sync']])).stream;
        for (const [i, ops] of changes.entries()) stream = takeFrame(stream, frame(i + 1, ops)).stream;
        const fresh = takeFrame(NEW_STREAM, frame(9, snapshotOf(stream.city), 'two'));
        expect(fresh.outcome).toBe('applied');
        expect(plain(fresh.stream.city)).toEqual(plain(stream.city));
      }),
    );
  });

  it('shows the old city until a snapshot that comes in pieces is whole', () => {
    const first = takeFrame(NEW_STREAM, frame(0, [['reset'], named('old'), ['sync']])).stream;
    const half = takeFrame(first, frame(1, [['reset'], named('new')])).stream;
    expect([...half.city.namespace.keys()]).toEqual(['old']);
    const whole = takeFrame(half, frame(2, [named('newer'), ['sync'], named('newest')])).stream;
    expect([...whole.city.namespace.keys()]).toEqual(['new', 'newer', 'newest']);
  });

  it('tells a gap, a repeated frame and another epoch, and keeps what it has', () => {
    const stream = takeFrame(NEW_STREAM, frame(4, [['reset'], named('a'), ['sync']])).stream;
    for (const lost of [frame(6, [named('b')]), frame(4, [named('b')]), frame(5, [named('b')], 'two')]) {
      expect(takeFrame(stream, lost)).toEqual({ outcome: 'gap', stream });
    }
    expect(takeFrame(stream, frame(0, [['reset'], ['sync']], 'two')).outcome).toBe('applied');
    expect(takeFrame(NEW_STREAM, frame(0, [named('a')])).outcome).toBe('gap');
  });

  it('replaces only the maps that changed', () => {
    const stream = takeFrame(NEW_STREAM, frame(0, [['reset'], named('a'), ['sync']])).stream;
    const next = takeFrame(stream, frame(1, [ticked('1', 2)])).stream;
    expect(next.city.namespace).toBe(stream.city.namespace);
    expect(next.city.tick).not.toBe(stream.city.tick);
    expect(EMPTY_CITY.namespace.size).toBe(0);
  });
});

describe('parseFrame', () => {
  it('takes every record and edge of a whole city', () => {
    const toy = toyCity(3);
    const edges = new EdgeTeller().reset(toy.edges(1_700_000_000_000));
    const whole = { ...frame(0, toy.snapshot(1_700_000_000_000)), edges };
    const parsed = parseFrame(JSON.parse(JSON.stringify(whole)));
    expect(parsed).not.toHaveProperty('reason');
    expect(parsed).toHaveProperty('frame.edges', JSON.parse(JSON.stringify(edges)));
    expect(edges.rows.length).toBeGreaterThan(100);
  });

  it('tells another protocol, whatever else it sends', () => {
    const other = PROTOCOL_VERSION + 1;
    expect(parseFrame({ ...frame(0, [['reset'], ['sync']]), protocol: other })).toEqual({ outcome: 'foreign' });
    expect(parseFrame({ protocol: other, houses: [] })).toEqual({ outcome: 'foreign' });
  });

  it('names the field of a record that is not what it should be', () => {
    const parsed = parseFrame(frame(0, [['set', 'namespace', 'a', { name: 7 } as never]]));
    expect(parsed.outcome).toBe('fault');
    expect(parsed).toHaveProperty('reason', expect.stringContaining('name'));
    expect(parseFrame({ hello: 1 }).outcome).toBe('fault');
    expect(parseFrame(frame(0, [['set', 'ship', 'a', {}] as never])).outcome).toBe('fault');
    const short = { reset: false, define: [], rows: [[1, 0, 3]], forget: [] };
    expect(parseFrame({ ...frame(0, []), edges: short }).outcome).toBe('fault');
  });
});
