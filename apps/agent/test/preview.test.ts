import { FakeIpset, FakeNetfilter } from '@kubecity/netfilter/testing';
import type { AgentAnswer } from '@kubecity/protocol';
import { type Family, type RoutingTable, RoutingTracker } from '@kubecity/routing';
import { Compiler, parseSaveAll } from '@kubecity/ruleset';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OverrideObjects } from '../src/override-objects.ts';
import { answerPreview, type PreviewQuestion } from '../src/rules/preview.ts';
import { RuleSync } from '../src/rules/rule-sync.ts';
import { OPTIONS, service, slice } from './rule-world.ts';

const FAMILIES = ['IPv4', 'IPv6'] as const;
const AT = Date.parse('2026-11-22T10:00:00Z');

/** A node in both families over fakes, as the loop drives it. */
function setUp() {
  const tracker = new RoutingTracker({ name: 'node-a' });
  const overrides = new OverrideObjects(tracker);
  const kernels = { IPv4: new FakeNetfilter(), IPv6: new FakeNetfilter() };
  const compilers = new Map(FAMILIES.map((family) => [family, new Compiler({ ...OPTIONS, family })]));
  const syncs = new Map(
    [...compilers].map(([family, compiler]) => [
      family,
      new RuleSync({ compiler, netfilter: kernels[family], ipset: new FakeIpset() }),
    ]),
  );
  for (const [i, name] of ['cart', 'till'].entries()) {
    const ipFamilies = ['IPv4', 'IPv6'];
    const clusterIPs = [`10.96.0.${i + 1}`, `fd00:96::${i + 1}`];
    tracker.setService(service(name, clusterIPs[0] as string, { clusterIPs, ipFamilies, type: 'NodePort' }));
    tracker.setEndpointSlice(slice(name, ...[1, 2, 3, 4].map((host) => `10.244.${i}.${host}`)));
    const six = slice(`${name}`, ...[1, 2, 3, 4].map((host) => `fd00:244:${i}::${host}`));
    tracker.setEndpointSlice({ ...six, addressType: 'IPv6', metadata: { ...six.metadata, name: `${name}-6` } });
  }
  let taken = new Set<string>();
  const loop = {
    mode: 'replace' as const,
    routed: ({ servicePorts }: RoutingTable) => servicePorts,
    waiting: () => undefined,
    take: () => {
      const change = tracker.take();
      for (const id of change.changed) taken.add(id);
      return change;
    },
  };
  const syncAll = async () => {
    const { table } = loop.take();
    const changed = taken;
    taken = new Set();
    for (const sync of syncs.values()) await sync.sync(table.servicePorts, changed);
    return table;
  };
  const ask = (changes: PreviewQuestion['changes']) => {
    const answer = answerPreview(
      { kind: 'preview', changes },
      { tracker, overrides, loop, families: syncs, now: () => AT },
    );
    return answer as Extract<AgentAnswer, { kind: 'preview' }>;
  };
  const save = async () => [await kernels.IPv4.save(), await kernels.IPv6.save()];
  const text = () => [...compilers].map(([family, { ruleset }]) => [family, ruleset.chains] as const);
  return { tracker, overrides, kernels, syncs, syncAll, ask, save, text };
}

const NAME = { namespace: 'shop', name: 'cart-o' };
const objectOf = (spec: object) => ({
  ...{ apiVersion: 'kubecity.dev/v1alpha1', kind: 'RoutingOverride', metadata: NAME },
  spec,
});
const change = (spec?: object): PreviewQuestion['changes'][number] => ({
  kind: 'RoutingOverride',
  ...NAME,
  ...(spec && { object: objectOf(spec) }),
});

/** Chains of ours that differ between two readings of one kernel. */
function difference(family: Family, before: string, after: string) {
  const [was, is] = [parseSaveAll(before), parseSaveAll(after)];
  return (['filter', 'nat'] as const).flatMap((table) => {
    const names = [...new Set([...was.chains[table].keys(), ...is.chains[table].keys()])];
    return names
      .map((chain) => ({
        ...{ family, table, chain },
        before: [...(was.chains[table].get(chain) ?? [])],
        after: [...(is.chains[table].get(chain) ?? [])],
      }))
      .filter((each) => JSON.stringify(each.before) !== JSON.stringify(each.after));
  });
}
const inOrder = (chains: readonly { family: string; table: string; chain: string }[]) =>
  [...chains].sort((a, b) => (`${a.family} ${a.table} ${a.chain}` < `${b.family} ${b.table} ${b.chain}` ? -1 : 1));

const addresses = fc.subarray([1, 2, 3, 4].flatMap((host) => [`10.244.0.${host}`, `fd00:244:0::${host}`]));
const spec = fc.record({
  service: fc.constantFrom('cart', 'till', 'none'),
  backends: fc.option(fc.record({ addresses }), { nil: undefined }),
  allowEmpty: fc.boolean(),
  wish: fc.constantFrom({ weight: 0 }, { weight: 300 }, { share: 10 }, { drain: {} }, { drain: { sticky: 'keep' } }),
});

test('what a sync then writes is what the preview showed, line for line', async () => {
  const asked = fc.array(fc.option(spec, { nil: undefined }), { minLength: 2, maxLength: 5 });
  let shown = 0;
  await fc.assert(
    fc.asyncProperty(asked, async (specs) => {
      const { overrides, syncAll, ask, save, text } = setUp();
      await syncAll();
      for (const each of specs) {
        const wish = each && {
          service: each.service,
          allowEmpty: each.allowEmpty,
          backends: each.backends,
          ...each.wish,
        };
        const before = await save();
        const textBefore = structuredClone(text());
        const { chains, truncated } = ask([change(wish)]);
        expect([await save(), text(), truncated]).toEqual([before, textBefore, false]);
        if (wish) {
          const metadata = { ...NAME, uid: 'u', generation: 9, creationTimestamp: new Date(AT).toISOString() };
          overrides.set({ metadata, spec: wish });
        } else overrides.delete({ metadata: NAME });
        await syncAll();
        const after = await save();
        const written = FAMILIES.flatMap((family, i) => difference(family, before[i] ?? '', after[i] ?? ''));
        expect(inOrder(chains)).toEqual(inOrder(written));
        shown += chains.length;
      }
    }),
    { seed: 6, numRuns: 40 },
  );
  expect(shown).toBeGreaterThan(100);
});

test('leaves the sync as it was: what is pending is written, nothing else', async () => {
  const { tracker, kernels, syncAll, ask } = setUp();
  const table = await syncAll();
  const restores = kernels.IPv4.restores.length;
  tracker.setEndpointSlice(slice('till', '10.244.1.9'));
  const { chains } = ask([change({ service: 'cart', drain: {}, backends: { addresses: ['10.244.0.1'] } })]);
  expect(chains.map(({ chain }) => chain)).toEqual([expect.stringContaining('cart')]);
  expect(kernels.IPv4.restores).toHaveLength(restores);
  const next = await syncAll();
  expect(kernels.IPv4.restores).toHaveLength(restores + 1);
  expect(kernels.IPv4.restores.at(-1)).toContain('10.244.1.9:8080');
  expect(next.outcomes).toEqual([]);
  const cart = 'shop/cart:http/TCP';
  expect(next.servicePorts.get(cart)).toEqual(table.servicePorts.get(cart));
});

test('shows several objects as one change, and one of the whole cluster', async () => {
  const { syncAll, ask } = setUp();
  await syncAll();
  const cluster = {
    ...{ kind: 'ClusterRoutingOverride' as const, name: 'n' },
    object: { spec: { backends: { addresses: ['10.244.0.1', '10.244.1.1'] }, drain: {} } },
  };
  const both = ask([cluster, change({ service: 'till', backends: { addresses: ['10.244.1.2'] }, weight: 50 })]);
  const till = both.chains.find(({ chain }) => chain.includes('till'));
  expect(both.chains.map(({ family, chain }) => `${family} ${chain.slice(-9)}`).sort()).toEqual([
    'IPv4 cart.http',
    'IPv4 till.http',
  ]);
  expect([till?.before.length, till?.after.length]).toEqual([4, 3]);
});

test('a new object is the youngest, one that is there keeps its age', async () => {
  const { overrides, syncAll, ask } = setUp();
  const older = { ...NAME, name: 'older', uid: 'o', generation: 1, creationTimestamp: '2026-11-22T09:00:00Z' };
  const backends = { addresses: ['10.244.0.1'] };
  overrides.set({ metadata: older, spec: { service: 'cart', backends, weight: 50 } });
  await syncAll();
  expect(ask([change({ service: 'cart', backends, weight: 10 })]).chains).toHaveLength(1);
  const younger = { ...older, name: 'younger', uid: 'y', creationTimestamp: '2026-11-22T09:30:00Z' };
  overrides.set({ metadata: younger, spec: { service: 'cart', backends, weight: 20 } });
  await syncAll();
  const changed = { ...change({ service: 'cart', backends, weight: 10 }), name: 'older' };
  expect(ask([changed]).chains).toEqual([]);
});

test('is refused with the field when the object is bad, and while there is nothing to compare with', async () => {
  const { syncAll, ask, tracker, overrides, syncs } = setUp();
  await syncAll();
  expect(ask([change({ service: 'cart', weight: 5000 })])).toEqual({
    ...{ kind: 'refused', code: 'invalid-request' },
    message: expect.stringContaining('RoutingOverride cart-o: spec.weight'),
  });
  const question = { kind: 'preview' as const, changes: [change()] };
  const options = { tracker, overrides, families: syncs, now: () => AT };
  const idle = { mode: 'replace' as const, take: () => tracker.take(), routed: () => new Map() };
  const waiting = { ...idle, waiting: () => 'waiting for the first lists' };
  expect(answerPreview(question, { ...options, loop: waiting })).toMatchObject({ kind: 'refused', code: 'busy' });
  const observing = { ...idle, mode: 'observe' as const, waiting: () => undefined };
  expect(answerPreview(question, { ...options, loop: observing })).toEqual({
    ...{ kind: 'refused', code: 'invalid-request' },
    message: 'this node only observes: it writes no rules',
  });
  syncs.get('IPv4')?.configure({ ...OPTIONS, masqueradeMark: 0x4000 });
  expect(ask([change()])).toMatchObject({ kind: 'refused', code: 'busy' });
  await syncAll();
  expect(ask([change()])).toMatchObject({ kind: 'preview', chains: [] });
});

test('is bounded, and says so', async () => {
  const { tracker, syncAll, ask } = setUp();
  const pods = Array.from({ length: 700 }, (_, i) => i);
  for (const i of pods) {
    tracker.setService(service(`s${i}`, `10.97.${i >> 8}.${i & 255}`));
    tracker.setEndpointSlice(slice(`s${i}`, '10.244.9.9', `10.245.${i >> 8}.${i & 255}`));
  }
  await syncAll();
  const object = { spec: { backends: { addresses: ['10.244.9.9'] }, drain: {} } };
  const { chains, truncated } = ask([{ kind: 'ClusterRoutingOverride', name: 'n', object }]);
  expect([chains.length, truncated]).toEqual([500, true]);
});
