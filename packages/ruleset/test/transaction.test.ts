import { FakeNetfilter } from '@kubecity/netfilter/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Compiler,
  DEFAULT_MASQUERADE_MARK,
  diff,
  firstDifference,
  isEmpty,
  type KernelState,
  parseSave,
  renderRestore,
  stateOf,
} from '../src/index.ts';
import { CLUSTER_CIDR, service, slice, table } from './city-fixture.ts';

const options = { clusterCidr: CLUSTER_CIDR, masqueradeMark: DEFAULT_MASQUERADE_MARK };

async function read(netfilter: FakeNetfilter): Promise<KernelState> {
  const filter = parseSave(await netfilter.save('filter'));
  const nat = parseSave(await netfilter.save('nat'));
  return { chains: { filter: filter.chains, nat: nat.chains }, jumps: { filter: filter.jumps, nat: nat.jumps } };
}

/** service number → last octets of its endpoints */
const cities = fc.array(
  fc.dictionary(
    fc.integer({ min: 1, max: 60 }).map(String),
    fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
    { maxKeys: 40 },
  ),
  {
    minLength: 1,
    maxLength: 6,
  },
);

describe('transactions', () => {
  it('carry any city over into any other, and leave what is foreign alone', async () => {
    await fc.assert(
      fc.asyncProperty(cities, async (steps) => {
        const kernel = new FakeNetfilter();
        kernel.meddle('nat', (chains) =>
          chains.set('KUBE-SERVICES', ['-j RETURN']).get('PREROUTING')?.push('-j KUBE-SERVICES'),
        );
        const compiler = new Compiler(options);
        for (const city of steps) {
          const names = Object.keys(city);
          const wanted = stateOf(
            compiler.compile(
              table(
                names.map((n) => service(`s${n}`, `10.96.${Number(n) % 3}.${n}`)),
                names.map((n) =>
                  slice(
                    `s${n}`,
                    [...new Set(city[n])].map((octet) => `10.244.1.${octet}`),
                  ),
                ),
              ),
            ),
          );
          await kernel.restore(renderRestore(diff(await read(kernel), wanted)));
          expect(firstDifference(wanted, await read(kernel))).toBeUndefined();
          expect(isEmpty(diff(await read(kernel), wanted))).toBe(true);
        }
        const nat = await kernel.save('nat');
        expect(nat).toContain('-A KUBE-SERVICES -j RETURN');
        expect(nat).toContain('-A PREROUTING -j KUBE-SERVICES');
      }),
      { seed: 20261122, numRuns: 60 },
    );
  });

  it('repair a damaged chain by rewriting that chain alone', async () => {
    const kernel = new FakeNetfilter();
    const wanted = stateOf(
      new Compiler(options).compile(
        table(
          [service('a', '10.96.0.1'), service('b', '10.96.0.2')],
          [slice('a', ['10.244.1.1']), slice('b', ['10.244.1.2'])],
        ),
      ),
    );
    await kernel.restore(renderRestore(diff(await read(kernel), wanted)));
    const victim = [...wanted.chains.nat.keys()].find((name) => name.startsWith('CITY-S-')) ?? '';
    kernel.meddle('nat', (chains) => chains.get(victim)?.push('-j ACCEPT'));
    const found = await read(kernel);
    expect(firstDifference(wanted, found)).toContain(victim);
    const repair = diff(found, wanted);
    expect(repair.chains).toBe(1);
    await kernel.restore(renderRestore(repair));
    expect(firstDifference(wanted, await read(kernel))).toBeUndefined();
  });
});
