import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compile,
  type Explained,
  explain,
  type Packet,
  type Ruleset,
  TABLES,
  type Verdict,
  walk,
} from '../src/index.ts';
import { front, HERE_AND_THERE, OPTIONS, service, slice, table, weight } from './city-fixture.ts';
import { cityEvents, RandomCity } from './random-city.ts';

const WORLD = { localAddresses: ['192.168.10.11'], sets: new Map() };
const POD: Packet = {
  from: 'pod',
  source: '10.244.0.9',
  destination: '10.96.0.70',
  protocol: 'tcp',
  port: 80,
};
const OUTSIDE: Packet = { ...POD, from: 'external', source: '203.0.113.7' };

function told(spec: object, packet: Packet, slices = HERE_AND_THERE, world: typeof WORLD = WORLD): Explained {
  return explain(compile(table([front(spec)], slices), OPTIONS), packet, world);
}

const sum = (ends: readonly Verdict[]) => ends.reduce((total, { chance }) => total + chance, 0);

describe('the way of a packet', () => {
  it('is told rule by rule, from the hook to the backend, with the Service whose door it met', () => {
    const { door, ends, unknown } = told({}, POD);
    expect(door).toBe('shop/front:http');
    expect(ends.map(({ to, chance }) => [to, chance])).toEqual([
      ['10.244.0.5:8080', 0.5],
      ['10.244.1.5:8080', 0.5],
    ]);
    const [first] = ends;
    expect(first?.way.filter(({ table }) => table === 'nat').map(({ chain }) => chain.replace(/-S-.*/, '-S'))).toEqual([
      'PREROUTING',
      'CITY-SERVICES',
      'CITY-ADDRESSES',
      'CITY-S',
      'POSTROUTING',
      'CITY-POSTROUTING',
    ]);
    expect(first?.masquerade).toBe(false);
    expect(first?.compared).toBeGreaterThan(first?.rulesPassed ?? 0);
    expect(unknown).toEqual([]);
  });

  it.each([
    ['a pod sent to itself', {}, { ...POD, source: '10.244.0.5' }, '10.244.0.5:8080', 'itself'],
    ['no pod, at a cluster IP', {}, OUTSIDE, '10.244.0.5:8080', 'gateway'],
    ['from outside, at a load balancer', {}, { ...OUTSIDE, destination: '192.0.2.10' }, '10.244.0.5:8080', 'door'],
    [
      'the node, at a load balancer with policy Local',
      { externalTrafficPolicy: 'Local' },
      { ...POD, from: 'node', source: '192.168.10.11', destination: '192.0.2.10' },
      '10.244.1.5:8080',
      'node',
    ],
  ] as const)('says why the source is rewritten: %s', (_, spec, packet, to, rewriting) => {
    expect(told(spec, packet).ends.find((end) => end.to === to)).toMatchObject({ masquerade: true, rewriting });
  });

  it.each([
    ['no endpoints', {}, POD, [], 'reject', 'no-endpoints'],
    ['no endpoints, from outside', {}, { ...OUTSIDE, destination: '192.0.2.10' }, [], 'reject', 'no-endpoints'],
    [
      'policy Local and none here',
      { internalTrafficPolicy: 'Local' },
      POD,
      [slice('front', ['10.244.1.5'])],
      'drop',
      'not-here',
    ],
    [
      'a node port with policy Local and none here',
      { externalTrafficPolicy: 'Local' },
      { ...OUTSIDE, destination: '192.168.10.11', port: 30_070 },
      [slice('front', ['10.244.1.5'])],
      'drop',
      'not-here',
    ],
    [
      'a source range',
      { loadBalancerSourceRanges: ['198.51.100.0/24'] },
      { ...OUTSIDE, destination: '192.0.2.10' },
      HERE_AND_THERE,
      'drop',
      'source-range',
    ],
    ['loopback', {}, { ...OUTSIDE, destination: '127.0.0.1', port: 10_250 }, HERE_AND_THERE, 'drop', 'loopback'],
  ] as const)('says why it ends: %s', (_, spec, packet, slices, kind, refusal) => {
    expect(told(spec, packet, [...slices]).ends).toEqual([
      expect.objectContaining({ kind, refusal, chance: 1, masquerade: false }),
    ]);
  });

  it('has an end without a rule of ours where none decides', () => {
    expect(told({}, { ...POD, destination: '10.244.1.77' })).toEqual({
      ends: [expect.objectContaining({ kind: 'none', chance: 1 })],
      unknown: [],
    });
  });

  it('knows the client that session affinity holds', () => {
    const sticky = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } };
    const asked: string[] = [];
    const nobody = { ...WORLD, sets: { get: (name: string) => void asked.push(name) } };
    const ruleset = compile(table([front(sticky)], HERE_AND_THERE), OPTIONS);
    const unheld = explain(ruleset, POD, nobody);
    expect(unheld.ends.map(({ chance, heldBy }) => [chance, heldBy])).toEqual([
      [0.5, undefined],
      [0.5, undefined],
    ]);
    expect(new Set(asked)).toEqual(ruleset.sets);
    const set = [...ruleset.sets].find((name) => name.endsWith('10.244.1.5')) ?? '';
    const held = told(sticky, POD, HERE_AND_THERE, { ...WORLD, sets: new Map([[set, new Set([POD.source])]]) });
    expect(held.ends).toEqual([expect.objectContaining({ to: '10.244.1.5:8080', chance: 1, heldBy: set })]);
  });

  it('tells 5,000 weighted backends', () => {
    const addresses = Array.from({ length: 5000 }, (_, i) => `10.244.${i >> 8}.${i & 255}`);
    const tracked = table([service('cart', '10.96.0.10')], [slice('cart', addresses)], [weight('cart', 'cart-7', 900)]);
    const { ends } = explain(compile(tracked, OPTIONS), { ...POD, destination: '10.96.0.10' }, WORLD);
    expect(ends).toHaveLength(5000);
    expect(sum(ends)).toBeCloseTo(1, 9);
    expect((ends[0]?.chance ?? 0) / (ends.at(-1)?.chance ?? 1)).toBeCloseTo(9, 2);
  });
});

/** Another hand's rule at the head of a chain of ours. */
function meddled(ruleset: Ruleset, chain: string, rule: string): Ruleset {
  const chains = Object.fromEntries(
    TABLES.map((name) => [
      name,
      new Map([...ruleset.chains[name]].map(([key, rules]) => [key, key === chain ? [rule, ...rules] : rules])),
    ]),
  ) as unknown as Ruleset['chains'];
  return { ...ruleset, chains };
}

describe('rules of others in our chains', () => {
  const ruleset = compile(table([front()], HERE_AND_THERE), OPTIONS);

  it.each([
    ['-m limit --limit 1/sec -j RETURN', /-m limit/],
    ['-s 10.244.0.0/16 -j DOCKER', /DOCKER/],
    ['-j LOG', /LOG/],
    ['-m statistic --mode random --probability 0.50000000000 -m time --timestart 08:00:00 -j RETURN', /-m time/],
  ])('are said not to be known, and the rest is told: %s', (rule, why) => {
    const { ends, unknown } = explain(meddled(ruleset, 'CITY-ADDRESSES', rule), POD, WORLD);
    expect(unknown).toEqual([
      { table: 'nat', chain: 'CITY-ADDRESSES', rule, why: expect.stringMatching(why) as unknown as string },
    ]);
    expect(ends.map(({ to }) => to)).toEqual(['10.244.0.5:8080', '10.244.1.5:8080']);
    expect(sum(ends)).toBe(1);
  });

  it('are of no matter where what is known of them does not fit the packet', () => {
    const rule = '-s 203.0.113.0/24 -m limit --limit 1/sec -j RETURN';
    expect(explain(meddled(ruleset, 'CITY-ADDRESSES', rule), POD, WORLD).unknown).toEqual([]);
  });

  it('are walked where they are known, and blamed on nobody', () => {
    const { ends, door } = explain(meddled(ruleset, 'CITY-GUARD', '-s 10.244.0.0/16 -j DROP'), POD, WORLD);
    expect(ends).toEqual([expect.objectContaining({ kind: 'drop', refusal: 'other', chance: 1 })]);
    expect(door).toBe('shop/front:http');
    const accepted = explain(meddled(ruleset, 'CITY-SERVICES', '-j ACCEPT'), POD, WORLD);
    expect(accepted.ends).toEqual([expect.objectContaining({ kind: 'none', chance: 1 })]);
  });
});

const packet: fc.Arbitrary<Packet> = fc.record({
  from: fc.constantFrom('pod', 'external', 'node'),
  iif: fc.constantFrom('veth1', 'eth0'),
  source: fc.constantFrom('10.244.1.3', '203.0.113.7', '192.168.10.11', '198.51.100.1'),
  destination: fc.oneof(
    fc.integer({ min: 1, max: 8 }).map((n) => `10.96.0.${n}`),
    fc.integer({ min: 1, max: 8 }).map((n) => `192.0.2.${n}`),
    fc.constantFrom('192.168.10.11', '127.0.0.1', '198.51.100.20', '10.244.1.4'),
  ),
  protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
  port: fc.oneof(fc.integer({ min: 80, max: 82 }), fc.integer({ min: 30_010, max: 30_082 })),
});
const foreign = fc.constantFrom(
  '-m limit --limit 1/sec -j DROP',
  '-j SOMEWHERE',
  '-m statistic --mode random --probability 0.30000000000 -j RETURN',
  '-p tcp -j LOG',
  '-j MARK --set-mark 7',
);

describe('any packet in any city', () => {
  const verdicts = (ends: readonly Verdict[]) => {
    const sums = new Map<string, number>();
    for (const { kind, to, masquerade, chance } of ends) {
      const key = `${kind} ${to} ${masquerade}`;
      sums.set(key, (sums.get(key) ?? 0) + chance);
    }
    return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, chance]) => [key, expect.closeTo(chance, 9)]);
  };

  it('is explained as it is walked, with chances that sum up to 1', () => {
    fc.assert(
      fc.property(cityEvents, fc.array(packet, { minLength: 5, maxLength: 20 }), (events, packets) => {
        const city = new RandomCity();
        for (const event of events) city.apply(event);
        const ruleset = compile(city.tracker.take().table, OPTIONS);
        for (const one of packets) {
          const { ends, unknown } = explain(ruleset, one, WORLD);
          expect(sum(ends)).toBeCloseTo(1, 9);
          expect(unknown).toEqual([]);
          const told = new Map<string, number>();
          for (const { kind, to, masquerade, chance } of ends) {
            const key = `${kind} ${to} ${masquerade}`;
            told.set(key, (told.get(key) ?? 0) + chance);
          }
          expect([...told].sort(([a], [b]) => (a < b ? -1 : 1))).toEqual(verdicts(walk(ruleset, one, WORLD)));
          // Every refusal has a reason of ours.
          expect(ends.filter(({ refusal, rewriting }) => refusal === 'other' || rewriting === 'other')).toEqual([]);
        }
      }),
      { seed: 5, numRuns: 150 },
    );
  });

  it('has chances that sum up to 1 whatever another hand put into our chains', () => {
    fc.assert(
      fc.property(cityEvents, packet, foreign, fc.nat(), (events, one, rule, place) => {
        const city = new RandomCity();
        for (const event of events) city.apply(event);
        const ruleset = compile(city.tracker.take().table, OPTIONS);
        const names = [...ruleset.chains.nat.keys(), ...ruleset.chains.filter.keys()];
        const { ends } = explain(meddled(ruleset, names[place % names.length] ?? '', rule), one, WORLD);
        expect(sum(ends)).toBeCloseTo(1, 9);
      }),
      { seed: 6, numRuns: 200 },
    );
  });
});
