import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, medianRules, type Packet, walk } from '../src/index.ts';
import { OPTIONS, service, slice, table, weight } from './city-fixture.ts';

const packet: Packet = {
  from: 'pod',
  source: '10.244.2.7',
  destination: '10.96.0.9',
  protocol: 'tcp',
  port: 80,
};
const addressOf = (i: number) => `10.244.${1 + Math.floor(i / 250)}.${(i % 250) + 1}`;

function chances(weights: readonly number[]): Map<string | undefined, number> {
  const overrides = weights.map((value, i) => ({
    ...weight('cart', `${i}`, value),
    spec: { service: 'cart', backends: { addresses: [addressOf(i)] }, weight: value },
  }));
  const city = table(
    [service('cart', '10.96.0.9')],
    [
      slice(
        'cart',
        weights.map((_, i) => addressOf(i)),
      ),
    ],
    overrides,
  );
  const ends = walk(compile(city, OPTIONS), packet);
  expect(ends.every((end) => end.kind === 'dnat')).toBe(true);
  return new Map(ends.map((end) => [end.to, end.chance]));
}

describe('chances of backends', () => {
  it('are the weights, within the resolution of xt_statistic, in a row and in a tree', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 120 }), (weights) => {
        fc.pre(weights.some((value) => value > 0));
        const found = chances(weights);
        const sum = weights.reduce((a, b) => a + b, 0);
        for (const [i, value] of weights.entries()) {
          // Each rule rounds to 2^-31, and a rounding is carried on to the rules behind it.
          const off = Math.abs((found.get(`${addressOf(i)}:8080`) ?? 0) - value / sum);
          expect(off).toBeLessThan(weights.length * 2 ** -30);
        }
      }),
      { seed: 20261122, numRuns: 60 },
    );
  });

  const wish = (name: string, addresses: readonly string[], spec: object, hour: number) => ({
    ...weight('cart', name, 0),
    metadata: { ...weight('cart', name, 0).metadata, creationTimestamp: `2026-11-22T${hour}:00:00Z` },
    spec: { service: 'cart', backends: { addresses }, ...spec },
  });
  const shares = fc.record({
    backends: fc.integer({ min: 2, max: 120 }),
    groups: fc.array(fc.record({ every: fc.integer({ min: 2, max: 7 }), share: fc.integer({ min: 1, max: 60 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
    weights: fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 5 }),
    sticky: fc.boolean(),
  });

  it('are the shares that groups wish, beside weights, in a row and in a tree, for sticky clients too', () => {
    let fractions = 0;
    fc.assert(
      fc.property(shares, ({ backends, groups, weights, sticky }) => {
        const addresses = Array.from({ length: backends }, (_, i) => addressOf(i));
        const overrides = [
          ...groups.map(({ every, share }, k) =>
            wish(
              `share-${k}`,
              addresses.filter((_, i) => i % every === 0),
              { share },
              10 + k,
            ),
          ),
          ...weights.map((value, i) => wish(`weight-${i}`, [addressOf(i)], { weight: value }, 10)),
        ];
        const { spec, ...plain } = service('cart', '10.96.0.9');
        const affinity = { sessionAffinity: 'ClientIP' };
        const city = table(
          [{ ...plain, spec: { ...spec, ...(sticky && affinity) } }],
          [slice('cart', addresses)],
          overrides,
        );
        const port = city.servicePorts.get('shop/cart:http/TCP');
        const sum = port?.backends.reduce((all, backend) => all + backend.weight, 0) ?? 0;
        const found = new Map<string, number>();
        for (const { to, chance } of walk(compile(city, OPTIONS), packet)) {
          if (to !== undefined) found.set(to, (found.get(to) ?? 0) + chance);
        }
        for (const { address, port: number, weight } of port?.backends ?? []) {
          if (!Number.isInteger(weight)) fractions++;
          expect(Math.abs((found.get(`${address}:${number}`) ?? 0) - weight / sum)).toBeLessThan(1e-6);
        }
      }),
      { seed: 20261123, numRuns: 80 },
    );
    expect(fractions).toBeGreaterThan(100);
  });

  it('a drained backend has no rule', () => {
    const drain = {
      ...weight('cart', 'cart-2', 0),
      spec: { service: 'cart', backends: { podNames: ['cart-2'] }, drain: { existing: 'wait' } },
    };
    const city = table([service('cart', '10.96.0.9')], [slice('cart', ['10.244.1.1', '10.244.1.2'])], [drain]);
    const text = [...compile(city, OPTIONS).chains.nat.values()].flat().join('\n');
    expect(text).toContain('10.244.1.1:8080');
    expect(text).not.toContain('10.244.1.2:8080');
  });
});

describe('one Service with many backends', () => {
  const few = table([service('cart', '10.96.0.9')], [slice('cart', [addressOf(0)])]);
  const many = (count: number) =>
    table(
      [service('cart', '10.96.0.9')],
      [
        slice(
          'cart',
          Array.from({ length: count }, (_, i) => addressOf(i)),
        ),
      ],
    );

  it('costs a packet at most 30 rules more for 1,000 of them', () => {
    const base = medianRules(walk(compile(few, OPTIONS), packet));
    expect(medianRules(walk(compile(many(1000), OPTIONS), packet)) - base).toBeLessThanOrEqual(30);
    expect(medianRules(walk(compile(many(5000), OPTIONS), packet)) - base).toBeLessThanOrEqual(40);
  });

  it('rewrites a leaf and the chains above it when one of 5,000 goes', () => {
    const before = compile(many(5000), OPTIONS).chains.nat;
    const after = compile(many(4999), OPTIONS).chains.nat;
    const touched = [...before].filter(([name, text]) => after.get(name)?.join() !== text.join());
    expect(touched.length).toBeLessThanOrEqual(4);
  });
});
