import type { Family } from '@kubecity/routing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GateTree } from '../src/gate-tree.ts';

const address = (family: Family, pod: number): string => (family === 'IPv4' ? `10.244.1.${pod}` : `fd00::${pod}`);
const event = fc.record({
  pod: fc.integer({ min: 1, max: 60 }),
  chain: fc.option(fc.constantFrom('A', 'B'), { freq: 3 }),
});

describe.each<Family>(['IPv4', 'IPv6'])('the tree of %s', (family) => {
  const other = family === 'IPv4' ? '2001:db8::1' : '192.0.2.1';
  const tree = () => new GateTree({ family, root: 'ROOT', branch: 'IT', flag: '-d' });

  it('equals one that hears of all pods at once, and is silent while nothing differs', () => {
    const seen = { silent: 0, branched: 0 };
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 60, maxLength: 120 }),
        fc.integer({ min: 1, max: 5 }),
        (events, every) => {
          const grown = tree();
          const chains = new Map<number, string | undefined>();
          let last = grown.take();
          events.forEach(({ pod, chain }, i) => {
            chains.set(pod, chain ?? undefined);
            grown.put(`pod-${pod}`, [address(family, pod), other], chain ?? undefined);
            if (i % every !== 0) return;
            const taken = grown.take();
            const anew = tree();
            for (const [one, to] of chains) anew.put(`pod-${one}`, [address(family, one), other], to);
            const whole = anew.take();
            expect(taken ?? last).toEqual(whole);
            seen.silent += Number(taken === undefined);
            seen.branched += Number((whole?.chains.size ?? 0) > 1);
            last = whole;
          });
        },
      ),
      { seed: 20261123, numRuns: 100 },
    );
    for (const [what, times] of Object.entries(seen)) expect(times, `never ${what}`).toBeGreaterThan(50);
  });
});
