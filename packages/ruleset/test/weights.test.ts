import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Compiler, DEFAULT_MASQUERADE_MARK, walk } from '../src/index.ts';
import { CLUSTER_CIDR, service, slice, table, weight } from './city-fixture.ts';

const options = { clusterCidr: CLUSTER_CIDR, masqueradeMark: DEFAULT_MASQUERADE_MARK };

describe('chances of backends', () => {
  it('are the weights, within the resolution of xt_statistic', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 40 }), (weights) => {
        fc.pre(weights.some((value) => value > 0));
        const addresses = weights.map((_, i) => `10.244.1.${i + 1}`);
        const overrides = weights.map((value, i) => weight('cart', `cart-${i + 1}`, value));
        const ruleset = new Compiler(options).compile(
          table([service('cart', '10.96.0.9')], [slice('cart', addresses)], overrides),
        );
        const ends = walk(ruleset, {
          hook: 'PREROUTING',
          source: '10.244.2.7',
          destination: '10.96.0.9',
          protocol: 'tcp',
          port: 80,
        });
        const sum = weights.reduce((a, b) => a + b, 0);
        const chance = new Map(ends.map((end) => [end.to, end.chance]));
        for (const [i, value] of weights.entries()) {
          // Each rule rounds to 2^-31, and a rounding is carried on to the rules behind it.
          expect(Math.abs((chance.get(`${addresses[i]}:8080`) ?? 0) - value / sum)).toBeLessThan(
            weights.length * 2 ** -30,
          );
        }
        expect(ends.every((end) => end.kind === 'dnat')).toBe(true);
      }),
      { seed: 20261122 },
    );
  });

  it('a drained backend has no rule', () => {
    const drain = {
      ...weight('cart', 'cart-2', 0),
      spec: { service: 'cart', backends: { podNames: ['cart-2'] }, drain: { existing: 'wait' } },
    };
    const ruleset = new Compiler(options).compile(
      table([service('cart', '10.96.0.9')], [slice('cart', ['10.244.1.1', '10.244.1.2'])], [drain]),
    );
    const text = [...ruleset.chains.nat.values()].flatMap((chain) => chain.text).join('\n');
    expect(text).toContain('10.244.1.1:8080');
    expect(text).not.toContain('10.244.1.2:8080');
  });
});
