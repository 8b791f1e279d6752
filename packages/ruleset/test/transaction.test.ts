import { FakeNetfilter } from '@kubecity/netfilter/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Compiler,
  changesOf,
  compile,
  diff,
  EMPTY_KERNEL,
  firstDifference,
  isEmpty,
  type KernelState,
  laysAllJumps,
  parseSaveAll,
  renderJumpsApart,
  renderRestore,
  stateOf,
} from '../src/index.ts';
import { OPTIONS, service, slice, table } from './city-fixture.ts';
import { cityEvents, RandomCity } from './random-city.ts';

async function read(netfilter: FakeNetfilter): Promise<KernelState> {
  return parseSaveAll(await netfilter.save());
}

describe('transactions', () => {
  it('carry the kernel along with any city, and leave what is foreign alone', async () => {
    await fc.assert(
      fc.asyncProperty(cityEvents, async (events) => {
        const kernel = new FakeNetfilter();
        kernel.meddle('nat', (chains) =>
          chains.set('KUBE-SERVICES', ['-j RETURN']).get('PREROUTING')?.push('-j KUBE-SERVICES'),
        );
        const city = new RandomCity();
        const compiler = new Compiler(OPTIONS);
        await kernel.restore(renderRestore(diff(await read(kernel), stateOf(compiler.ruleset))));
        for (const event of events) {
          city.apply(event);
          const { table, changed } = city.tracker.take();
          const touched = compiler.update(table.servicePorts, changed);
          await kernel.restore(renderRestore(changesOf(compiler.ruleset, touched)));
          const found = await read(kernel);
          expect(firstDifference(stateOf(compiler.ruleset), found)).toBeUndefined();
          expect(isEmpty(diff(found, stateOf(compiler.ruleset)))).toBe(true);
        }
        const nat = await kernel.save('nat');
        expect(nat).toContain('-A KUBE-SERVICES -j RETURN');
        expect(nat).toContain('-A PREROUTING -j KUBE-SERVICES');
      }),
      { seed: 20261122, numRuns: 40 },
    );
  });

  it('move our jumps back in front of kube-proxy in one commit, and none that stands in front of it', async () => {
    const kernel = new FakeNetfilter();
    const wanted = stateOf(compile(table([service('a', '10.96.0.1')], []), { ...OPTIONS, inFront: true }));
    await kernel.restore(renderRestore(diff(await read(kernel), wanted)));
    const kube = '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES';
    kernel.meddle('nat', (chains) => {
      chains.set('KUBE-SERVICES', []);
      chains.get('PREROUTING')?.unshift(kube);
      chains.get('OUTPUT')?.push(kube);
    });
    const found = await read(kernel);
    const jump = '-m set --match-set CITY-LEASE-4 dst -j CITY-SERVICES';
    expect(firstDifference(wanted, found)).toContain(`PREROUTING ${jump}`);
    const move = diff(found, wanted);
    expect([...renderRestore(move)].join('')).toBe(`*nat\n-D PREROUTING ${jump}\n-I PREROUTING 1 ${jump}\nCOMMIT\n`);
    await kernel.restore(renderRestore(move));
    expect(firstDifference(wanted, await read(kernel))).toBeUndefined();
  });

  it('repair a damaged chain by rewriting that chain alone', async () => {
    const kernel = new FakeNetfilter();
    const city = table(
      [service('a', '10.96.0.1'), service('b', '10.96.0.2')],
      [slice('a', ['10.244.1.1']), slice('b', ['10.244.1.2'])],
    );
    const wanted = stateOf(compile(city, OPTIONS));
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

  it('write a large change in portions, doors last, so that no packet meets half a Service', async () => {
    const services = Array.from({ length: 4500 }, (_, i) => service(`s${i}`, `10.96.${i >> 8}.${i & 255}`));
    const city = table(
      services,
      services.map(({ metadata }) => slice(metadata.name, ['10.244.1.1'])),
    );
    const text = [...renderRestore(diff(EMPTY_KERNEL, stateOf(compile(city, OPTIONS))))].join('');
    const portions = text.split('COMMIT\n').filter((portion) => portion.startsWith('*nat'));
    expect(portions).toHaveLength(10);
    for (const portion of portions.slice(0, -1)) expect(portion).not.toMatch(/-I |:CITY-ADDRESSES|-g /);
    expect(portions.at(-1)).toContain('-I PREROUTING 1 -j CITY-SERVICES');
    await new FakeNetfilter().restore(text);
  });

  it('lay the jumps in a portion of their own, behind the mark, where that is asked for', async () => {
    const city = table([service('a', '10.96.0.1')], [slice('a', ['10.244.1.1'])]);
    const ruleset = compile(city, OPTIONS);
    const wanted = stateOf(ruleset);
    const mark = Promise.resolve();
    const first = diff(EMPTY_KERNEL, wanted);
    expect(laysAllJumps(first, ruleset)).toBe(true);
    const pieces = [...renderJumpsApart(first, mark)];
    const marks = pieces.flatMap((piece, i) => (piece === mark ? [i] : []));
    expect(marks.length).toBe(Object.keys(first.tables).length);
    expect(pieces.slice(0, marks[0]).join('')).not.toMatch(/^-I /m);
    for (const at of marks) {
      expect(String(pieces[at + 1]).split('COMMIT')[0]).toMatch(/^\*(nat|filter)\n(-I \S+ 1 .*\n)+$/);
    }
    const kernel = new FakeNetfilter();
    await kernel.restore(pieces);
    expect(firstDifference(wanted, await read(kernel))).toBeUndefined();
    // One that is gone is laid again beside those that stand: packets may come by.
    kernel.meddle('nat', (chains) => chains.get('PREROUTING')?.splice(0));
    expect(laysAllJumps(diff(await read(kernel), wanted), ruleset)).toBe(false);
    expect([...renderJumpsApart(diff(wanted, EMPTY_KERNEL), mark)]).not.toContain(mark);
  });
});
