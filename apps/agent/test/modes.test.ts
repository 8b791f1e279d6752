import type { KubeProxyHere } from '@kubecity/netfilter';
import { FakeIpset, FakeNetfilter } from '@kubecity/netfilter/testing';
import type { RulesReport } from '@kubecity/protocol';
import { type KubeRoutingOverride, RoutingTracker } from '@kubecity/routing';
import { Compiler, parseSaveAll, routesAll } from '@kubecity/ruleset';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Mode } from '../src/config/mode.ts';
import { createMetrics } from '../src/metrics.ts';
import { removeRules } from '../src/rules/cleanup.ts';
import { decideCourse } from '../src/rules/course.ts';
import { DriftCheck } from '../src/rules/drift-check.ts';
import { anyRouting } from '../src/rules/kernel-reading.ts';
import { Lease } from '../src/rules/lease.ts';
import { ModeSwitch } from '../src/rules/mode-switch.ts';
import { type Applied, RuleLoop } from '../src/rules/rule-loop.ts';
import { RuleSync } from '../src/rules/rule-sync.ts';
import { realClock } from '../src/runner.ts';
import { TriggerTimes } from '../src/trigger-times.ts';
import { IDLE } from './idle-figures.ts';
import { OPTIONS, service, slice } from './rule-world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const log = pino({ level: 'silent' });
const NOBODY: KubeProxyHere = { kubeProxy: 'none', ownsServices: false, evidence: 'no rules of a kube-proxy' };
const PEER: KubeProxyHere = { kubeProxy: 'iptables', ownsServices: true, evidence: 'chain KUBE-SERVICES leads on' };
const NFT_PEER: KubeProxyHere = { ...PEER, kubeProxy: 'nftables' };
const GUARDED = 'PREROUTING -m set --match-set CITY-LEASE-4 dst -j CITY-SERVICES';
const OPEN = 'PREROUTING -j CITY-SERVICES';

describe('the course', () => {
  const facts = {
    wished: 'replace' as Mode,
    takeOver: false,
    kubeProxy: NOBODY,
    acting: undefined as Mode | undefined,
  };
  it.each([
    ['alone', {}, { mode: 'replace' }],
    ['beside a kube-proxy', { kubeProxy: PEER }, { mode: undefined, remark: /takeOver: true/ }],
    ['told to take over', { kubeProxy: PEER, takeOver: true }, { mode: 'replace', front: 'iptables' }],
    ['to take over from nftables', { kubeProxy: NFT_PEER, takeOver: true }, { mode: 'replace', front: 'nft' }],
    ['replacing alone again', { acting: 'replace' }, { mode: 'replace', front: 'iptables' }],
    ['beside a kube-proxy, as before', { kubeProxy: PEER, acting: 'replace' }, { mode: 'replace' }],
    ['from steer, not told to', { kubeProxy: PEER, acting: 'steer' }, { mode: 'steer', remark: /refused/ }],
    ['steering', { wished: 'steer', kubeProxy: PEER }, { mode: 'steer', front: 'iptables' }],
    ['steering beside nftables', { wished: 'steer', kubeProxy: NFT_PEER }, { mode: 'steer', front: 'nft' }],
    ['steering alone', { wished: 'steer' }, { mode: 'steer', remark: /only Services with overrides/ }],
    ['handed back', { wished: 'steer', kubeProxy: PEER, acting: 'replace' }, { mode: 'steer' }],
    ['nobody to hand back to', { wished: 'steer', acting: 'replace' }, { mode: 'replace', remark: /start kube-proxy/ }],
    ['observing', { wished: 'observe', acting: 'steer' }, { mode: 'observe' }],
    [
      'nobody to leave it to',
      { wished: 'observe', acting: 'replace' },
      { mode: 'replace', remark: /mode observe is refused/ },
    ],
  ] as const)('%s', (_name, given, { mode, ...more }) => {
    const course = decideCourse({ ...facts, ...given });
    expect(course.mode).toBe(mode);
    if ('front' in more) expect(course.front).toBe(more.front);
    if ('remark' in more) expect(course.remark).toMatch(more.remark);
    else expect(course.remark).toBeUndefined();
  });
});

const drain: KubeRoutingOverride = {
  metadata: {
    namespace: 'shop',
    name: 'cart-drain',
    uid: 'd',
    generation: 1,
    creationTimestamp: '1970-01-01T00:00:00Z',
  },
  spec: { service: 'cart', backends: { addresses: ['10.244.1.1'] }, drain: {} },
};

function setUp(wish: { mode: Mode; takeOver?: boolean }, kernel = new FakeNetfilter(), ipset = new FakeIpset()) {
  const node = { mode: wish.mode, takeOver: wish.takeOver ?? false, kubeProxy: PEER };
  const tracker = new RoutingTracker({ name: 'node-a' });
  for (const [i, name] of ['cart', 'till'].entries()) {
    tracker.setService(service(name, `10.96.0.${i + 1}`));
    tracker.setEndpointSlice(slice(name, `10.244.${i + 1}.1`, `10.244.${i + 1}.2`));
  }
  const seen = { reports: [] as RulesReport[], applied: [] as Applied[], looks: 0, leases: [] as string[] };
  const restore = ipset.restore.bind(ipset);
  ipset.restore = async (text) => {
    const commits = await restore(text);
    if (text.includes('LEASE')) seen.leases.push(text);
    return commits;
  };
  const sync = new RuleSync({ compiler: new Compiler(OPTIONS), netfilter: kernel, ipset });
  const modes = new ModeSwitch({
    wished: () => node,
    findKubeProxy: async () => {
      seen.looks++;
      return node.kubeProxy;
    },
    foundRouting: () => anyRouting([kernel]),
    changed: ({ mode, front }, before) => {
      if (before && before.front !== front) lease.move();
      sync.configure({ ...OPTIONS, inFront: mode === 'steer' });
      sync.forget();
    },
    due: () => loop.request(),
    clock: realClock,
  });
  const lease = new Lease({
    sets: ipset,
    families: ['IPv4'],
    seconds: () => 15,
    isSound: (family) => loop.isSound(family),
    wrote() {},
    clock: realClock,
    log,
  });
  const loop = new RuleLoop({
    tracker,
    families: new Map([['IPv4', sync]]),
    drift: new DriftCheck(undefined, Date.now, log),
    modes,
    lease,
    clear: async () => void (await removeRules([kernel], ipset)),
    triggers: new TriggerTimes(0),
    health: { queued() {}, updated() {} },
    metrics: createMetrics(IDLE),
    clock: realClock,
    log,
    pace: () => ({ minSyncMs: 100, syncPeriodMs: 30_000, checkMs: 5_000 }),
    wished: () => node.mode,
    writing() {},
    applied: (applied) => seen.applied.push(applied),
    reported: (report) => seen.reports.push(report),
    held() {},
    cut: () => undefined,
    isolated() {},
    drifted() {},
  });
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const nat = async () => parseSaveAll(await kernel.save());
  return { node, tracker, kernel, ipset, seen, modes, lease, loop, pass, nat };
}

describe('a node', () => {
  it('observes: nothing is written, no override acknowledged, and all is known', async () => {
    const { loop, tracker, kernel, seen, pass } = setUp({ mode: 'observe' });
    tracker.setOverride(drain);
    loop.begin();
    await pass(10);
    expect(kernel.restores).toEqual([]);
    expect(loop.waiting()).toBeUndefined();
    expect(seen.reports).toMatchObject([{ mode: 'observe', inSync: true, acknowledged: [], chains: 0 }]);
    expect(seen.applied[0]?.changed.size).toBe(2);
    await pass(600_000);
    expect(kernel.restores).toEqual([]);
  });

  it('steers what an override acts on, and nothing else; the lease is opened when the rules were read back', async () => {
    const { loop, tracker, kernel, seen, pass, nat, lease } = setUp({ mode: 'steer' });
    loop.begin();
    await pass(10);
    const none = await nat();
    expect(none.jumps.nat).toContain(GUARDED);
    expect(none.chains.nat.get('CITY-ADDRESSES')).toEqual([]);
    expect(seen.leases[0]).toMatch(/^create CITY-LEASE-4/);
    expect(seen.leases[1]).toMatch(/^add CITY-LEASE-4 0.0.0.0\/1 timeout 15 -exist\nadd CITY-LEASE-4 128/);
    tracker.setOverride(drain);
    loop.request();
    await pass(1000);
    const doors = (await nat()).chains.nat.get('CITY-ADDRESSES');
    expect(doors).toEqual([expect.stringContaining('"shop/cart:http" -g CITY-S-')]);
    expect(seen.reports.at(-1)).toMatchObject({ mode: 'steer', servicePorts: 1, acknowledged: [{ state: 'applied' }] });
    const renewed = seen.leases.length;
    await pass(60_000);
    expect(seen.leases.length - renewed).toBe(12);
    expect(lease.age).toBeLessThanOrEqual(5000);
    kernel.restore = async () => {
      throw new Error('the lock is held');
    };
    tracker.deleteOverride(drain);
    loop.request();
    await pass(100);
    const failed = seen.leases.length;
    await pass(60_000);
    expect(seen.leases.length).toBe(failed);
  });

  it('goes back without a hole: doors of a released override go in the transaction that takes their chains', async () => {
    const { loop, tracker, kernel, pass, nat } = setUp({ mode: 'steer' });
    tracker.setOverride(drain);
    loop.begin();
    await pass(10);
    kernel.restores.length = 0;
    tracker.deleteOverride(drain);
    loop.request();
    await pass(1000);
    expect(kernel.restores).toHaveLength(1);
    expect(kernel.restores[0]?.match(/^COMMIT$/gm)).toHaveLength(1);
    expect([...(await nat()).chains.nat.keys()].filter((chain) => chain.startsWith('CITY-S-'))).toEqual([]);
  });

  it('says that a mode is carried out when its rules stand, and not before', async () => {
    const { node, loop, kernel, pass } = setUp({ mode: 'steer', takeOver: true });
    loop.begin();
    await pass(10);
    expect(loop.carriedOut).toBe('steer');
    const write = kernel.restore.bind(kernel);
    const gate = Promise.withResolvers<void>();
    kernel.restore = async (text) => {
      await gate.promise;
      return write(text);
    };
    node.mode = 'replace';
    loop.request();
    await pass(1000);
    expect(loop.mode).toBe('replace');
    expect(loop.carriedOut).toBe('steer');
    gate.resolve();
    await pass(1000);
    expect(loop.carriedOut).toBe('replace');
  });

  it('is not taken from a kube-proxy unasked, looks again, and takes over when it is told to', async () => {
    const { node, loop, kernel, seen, pass, nat } = setUp({ mode: 'replace' });
    loop.begin();
    await pass(10);
    expect(kernel.restores).toEqual([]);
    expect(loop.waiting()).toMatch(/mode replace is refused: a kube-proxy in iptables mode/);
    expect(seen.reports.at(-1)).toMatchObject({ inSync: false, problems: [{ field: 'mode' }] });
    const looks = seen.looks;
    await pass(90_000);
    expect(seen.looks - looks).toBe(3);
    node.takeOver = true;
    loop.request();
    await pass(1000);
    expect((await nat()).jumps.nat).toContain(OPEN);
    expect(loop.waiting()).toBeUndefined();
  });

  it('begins to replace by itself when kube-proxy is gone', async () => {
    const { node, loop, pass, nat } = setUp({ mode: 'replace' });
    loop.begin();
    await pass(10);
    node.kubeProxy = NOBODY;
    await pass(31_000);
    expect((await nat()).jumps.nat).toContain(OPEN);
  });

  it('changes its mode while it runs, each time in one commit for the way in', async () => {
    const { node, loop, tracker, kernel, ipset, seen, pass, nat } = setUp({ mode: 'replace', takeOver: true });
    tracker.setOverride(drain);
    loop.begin();
    await pass(10);
    const become = async (mode: Mode) => {
      node.mode = mode;
      kernel.restores.length = 0;
      seen.leases.length = 0;
      loop.request();
      await pass(1000);
    };
    await become('steer');
    expect((await nat()).jumps.nat).toContain(GUARDED);
    expect(routesAll(await nat())).toBe(false);
    // Open before the rules name it: what was steered so far stays so.
    expect(seen.leases.slice(0, 2)).toEqual([expect.stringMatching(/^create/), expect.stringMatching(/^add/)]);
    expect(kernel.restores).toHaveLength(1);
    await become('replace');
    expect(routesAll(await nat())).toBe(true);
    expect(kernel.restores).toHaveLength(1);
    expect([...ipset.sets]).toEqual([]);
    await become('observe');
    expect((await nat()).chains.nat.size).toBe(0);
    expect(kernel.restores[0]).toMatch(/^\*nat\n-D /);
    expect(seen.reports.at(-1)).toMatchObject({ mode: 'observe', acknowledged: [] });
    await become('replace');
    expect((await nat()).chains.nat.get('CITY-ADDRESSES')).toHaveLength(2);
  });

  it('keeps the rules that a former agent left when nobody else routes, and goes on looking after them', async () => {
    const { kernel, ipset, loop: former, pass } = setUp({ mode: 'replace', takeOver: true });
    former.begin();
    await pass(10);
    await former.stop();
    const { node, loop, tracker, seen, nat } = setUp({ mode: 'steer' }, kernel, ipset);
    node.kubeProxy = NOBODY;
    loop.begin();
    await pass(10);
    expect(seen.reports.at(-1)).toMatchObject({ mode: 'replace', inSync: true });
    expect(seen.reports.at(-1)?.problems[0]?.message).toMatch(/nobody else routes Services/);
    tracker.setEndpointSlice(slice('till', '10.244.2.9'));
    loop.request();
    await pass(1000);
    expect(await kernel.save('nat')).toContain('10.244.2.9:8080');
    node.kubeProxy = PEER;
    await pass(31_000);
    expect(routesAll(await nat())).toBe(false);
    expect(seen.reports.at(-1)).toMatchObject({ mode: 'steer', problems: [] });
  });

  it('moves its jumps back in front of kube-proxy', async () => {
    const { loop, kernel, pass, nat } = setUp({ mode: 'steer' });
    loop.begin();
    await pass(10);
    kernel.meddle('nat', (chains) => {
      chains.set('KUBE-SERVICES', []);
      chains.get('PREROUTING')?.unshift('-j KUBE-SERVICES');
    });
    expect((await nat()).overtaken).toEqual([GUARDED]);
    await pass(10_000);
    expect((await nat()).overtaken).toEqual([]);
  });

  it('says why when what else routes here cannot be read, and goes on when it can', async () => {
    const { modes, loop, pass, seen } = setUp({ mode: 'steer' });
    const settle = vi.spyOn(modes, 'settle').mockRejectedValueOnce(new Error('nft is away'));
    loop.begin();
    await pass(10);
    expect(loop.waiting()).toMatch(/nft is away/);
    expect(seen.reports.at(-1)).toMatchObject({ inSync: false, error: expect.stringContaining('nft is away') });
    await pass(3000);
    expect(settle.mock.calls.length).toBeGreaterThan(1);
    expect(loop.waiting()).toBeUndefined();
  });
});

describe('the lease', () => {
  it('is open on the other side before the rules come there, and not when it had run out', async () => {
    const { node, loop, lease, seen, pass } = setUp({ mode: 'steer' });
    loop.begin();
    await pass(29_000);
    node.kubeProxy = NFT_PEER;
    seen.leases.length = 0;
    await pass(2000);
    const made = seen.leases.findIndex((text) => text.startsWith('create'));
    expect(seen.leases[made]).toMatch(/^create/);
    expect(seen.leases[made + 1]).toMatch(/^add/);
    lease.stop();
    seen.leases.length = 0;
    lease.move();
    await lease.prepare(false);
    expect(seen.leases).toEqual([expect.stringMatching(/^create/)]);
  });

  it('ends at once when the agent stops, and is not made anew for that', async () => {
    const { loop, lease, seen, pass } = setUp({ mode: 'steer' });
    await lease.end();
    expect(seen.leases).toEqual([]);
    loop.begin();
    await pass(10);
    await loop.stop();
    await lease.end();
    expect(seen.leases.at(-1)).toMatch(/timeout 1 -exist/);
    const last = seen.leases.length;
    await pass(60_000);
    expect(seen.leases.length).toBe(last);
    expect(lease.age).toBeUndefined();
  });
});
