import { FakeIpset, FakeNetfilter } from '@kubecity/netfilter/testing';
import type { RulesReport } from '@kubecity/protocol';
import { type KubeRoutingOverride, RoutingTracker } from '@kubecity/routing';
import { Compiler } from '@kubecity/ruleset';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HeldRules } from '../src/draining/drain-plan.ts';
import { createMetrics } from '../src/metrics.ts';
import { DriftCheck } from '../src/rules/drift-check.ts';
import { type Applied, RuleLoop } from '../src/rules/rule-loop.ts';
import { RuleSync } from '../src/rules/rule-sync.ts';
import type { Isolated } from '../src/rules/suspects.ts';
import { realClock } from '../src/runner.ts';
import { TriggerTimes } from '../src/trigger-times.ts';
import { IDLE } from './idle-figures.ts';
import { REPLACE } from './replacing.ts';
import { OPTIONS, service, slice } from './rule-world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const log = pino({ level: 'silent' });

/** nf_tables' count of transactions, moved by the fakes as the kernel moves it. */
class Generation {
  id = 1;
  read = async () => this.id;
  close(): void {}
}

function counted(kernel: FakeNetfilter, generation: Generation): FakeNetfilter {
  const restore = kernel.restore.bind(kernel);
  kernel.restore = async (text) => {
    const commits = await restore(text);
    generation.id += commits;
    return commits;
  };
  return kernel;
}

function setUp() {
  const tracker = new RoutingTracker({ name: 'node-a' });
  tracker.setService(service('cart', '10.96.0.9'));
  tracker.setEndpointSlice(slice('cart', '10.244.1.1', '10.244.1.2'));
  const generation = new Generation();
  const kernels = { IPv4: counted(new FakeNetfilter(), generation), IPv6: counted(new FakeNetfilter(), generation) };
  const ipset = new FakeIpset();
  const seen = {
    applied: [] as Applied[],
    reports: [] as RulesReport[],
    held: [] as HeldRules[],
    isolated: [] as Isolated[],
    drifted: [] as string[],
    saves: 0,
  };
  for (const kernel of Object.values(kernels)) {
    const save = kernel.save.bind(kernel);
    kernel.save = async (table) => {
      seen.saves++;
      return save(table);
    };
  }
  const loop = new RuleLoop({
    tracker,
    families: new Map(
      (['IPv4', 'IPv6'] as const).map((family) => [
        family,
        new RuleSync({ compiler: new Compiler({ ...OPTIONS, family }), netfilter: kernels[family], ipset }),
      ]),
    ),
    drift: new DriftCheck(generation, Date.now, log),
    triggers: new TriggerTimes(0),
    health: { queued() {}, updated() {} },
    metrics: createMetrics(IDLE),
    clock: realClock,
    log,
    ...REPLACE,
    pace: () => ({ minSyncMs: 100, syncPeriodMs: 30_000, checkMs: 5_000 }),
    writing() {},
    applied: (applied) => seen.applied.push(applied),
    reported: (report) => seen.reports.push(report),
    held: (held) => seen.held.push(held),
    cut: () => undefined,
    isolated: (isolated) => seen.isolated.push(isolated),
    drifted: (family, difference) => seen.drifted.push(`${family} ${difference}`),
  });
  return { tracker, kernels, generation, loop, seen, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

describe('RuleLoop', () => {
  it('writes nothing before all lists are complete, then says what it did', async () => {
    const { loop, kernels, seen, pass } = setUp();
    loop.request();
    await pass(60_000);
    expect(kernels.IPv4.restores).toEqual([]);
    expect(loop.waiting()).toContain('first lists');
    loop.begin();
    await pass(10);
    expect(loop.waiting()).toBeUndefined();
    expect(seen.reports).toMatchObject([{ inSync: true, servicePorts: 1 }]);
    expect([...(seen.applied[0]?.changed ?? [])]).toEqual(['shop/cart:http/TCP']);
  });

  it('folds a burst of changes into one run', async () => {
    const { loop, tracker, kernels, pass } = setUp();
    loop.begin();
    await pass(10);
    for (let i = 1; i <= 50; i++) {
      tracker.setEndpointSlice(slice('cart', `10.244.1.${i}`));
      loop.request();
    }
    await pass(1000);
    expect(kernels.IPv4.restores).toHaveLength(2);
  });

  it('reads no rule while nobody else writes, and compares all of them when somebody did', async () => {
    const { loop, kernels, generation, seen, pass } = setUp();
    loop.begin();
    await pass(10);
    const saves = seen.saves;
    await pass(600_000);
    expect(seen.saves).toBe(saves);
    kernels.IPv4.meddle('nat', (chains) => chains.set('CITY-SERVICES', []));
    generation.id++;
    await pass(5_100);
    expect(seen.drifted).toEqual([expect.stringContaining('IPv4 nat: chain CITY-SERVICES')]);
    expect(await kernels.IPv4.save('nat')).toContain('-A CITY-SERVICES -j CITY-ADDRESSES');
    expect(seen.reports.at(-1)?.drift?.difference).toContain('IPv4 nat: chain CITY-SERVICES');
    const after = seen.saves;
    await pass(60_000);
    expect(seen.saves).toBe(after);
  });

  it('keeps one family going while the other fails, tells why, and catches up', async () => {
    const { loop, tracker, kernels, seen, pass } = setUp();
    loop.begin();
    await pass(10);
    const restore = kernels.IPv6.restore;
    kernels.IPv6.restore = async () => {
      throw new Error('no IPv6 today');
    };
    tracker.setService(service('six', 'fd00:96::6'));
    tracker.setEndpointSlice(slice('cart', '10.244.1.7'));
    loop.request();
    await pass(200);
    expect(await kernels.IPv4.save('nat')).toContain('10.244.1.7:8080');
    expect(loop.failing()).toContain('IPv6: no IPv6 today');
    expect(seen.reports.at(-1)).toMatchObject({ inSync: false, error: expect.stringContaining('no IPv6 today') });
    expect([...(seen.applied.at(-1)?.changed ?? [])]).toEqual(['shop/cart:http/TCP']);
    // The pauses between tries have grown long by now; news of the other family does not wait for them.
    await pass(60_000);
    tracker.setEndpointSlice(slice('cart', '10.244.1.8'));
    loop.request();
    await pass(1_000);
    expect(await kernels.IPv4.save('nat')).toContain('10.244.1.8:8080');
    kernels.IPv6.restore = restore;
    await pass(30_000);
    expect(loop.failing()).toBeUndefined();
    expect(seen.applied.flatMap(({ changed }) => [...changed])).toContain('shop/six:http/TCP/IPv6');
    expect(await kernels.IPv6.save('filter')).toContain('fd00:96::6/128');
  });

  it('tells once of a service port that the kernel refuses, and tries it again in time', async () => {
    const { loop, tracker, kernels, seen, pass } = setUp();
    loop.begin();
    await pass(10);
    kernels.IPv4.poison(/10\.244\.9\.9:/);
    tracker.setService(service('bad', '10.96.0.10'));
    tracker.setEndpointSlice(slice('bad', '10.244.9.9'));
    loop.request();
    await pass(200);
    expect(seen.isolated).toMatchObject([{ port: { name: 'bad' } }]);
    expect(seen.reports.at(-1)).toMatchObject({ inSync: true, problems: [{ kind: 'Service', name: 'bad' }] });
    await pass(290_000);
    expect(seen.isolated).toHaveLength(1);
    kernels.IPv4.poison(undefined);
    await pass(20_000);
    expect(seen.reports.at(-1)).toMatchObject({ problems: [] });
    expect(await kernels.IPv4.save('nat')).toContain('10.244.9.9:8080');
  });
});

describe('overrides', () => {
  const override = (name: string, spec: object, made = Date.now()): KubeRoutingOverride => ({
    metadata: { namespace: 'shop', name, uid: name, generation: 1, creationTimestamp: new Date(made).toISOString() },
    spec: { service: 'cart', backends: { addresses: ['10.244.1.1'] }, ...spec },
  });
  /** The part of new connections that the first backend gets by the rules that were written last. */
  const chance = async (kernel: FakeNetfilter) => {
    const rule = (await kernel.save('nat')).split('\n').find((line) => line.includes('10.244.1.1:8080'));
    return rule === undefined ? 0 : Number(/--probability ([\d.]+)/.exec(rule)?.[1] ?? 1);
  };

  it('ramp by the clock alone, each step told with its value', async () => {
    const { loop, tracker, kernels, seen, pass } = setUp();
    loop.begin();
    await pass(10);
    tracker.setOverride(override('ramp', { weight: 0, ramp: { from: 100, seconds: 20 } }));
    loop.request();
    await pass(200);
    expect(await chance(kernels.IPv4)).toBeCloseTo(0.5, 5);
    const restores = kernels.IPv4.restores.length;
    for (let second = 1; second <= 20; second += 1) {
      await pass(1000);
      const weight = 100 - second * 5;
      expect(await chance(kernels.IPv4), `after ${second} s`).toBeCloseTo(weight / (weight + 100), 5);
      const [told] = seen.reports.at(-1)?.acknowledged ?? [];
      expect(told?.value ?? 0, `after ${second} s`).toBe(weight);
    }
    expect(kernels.IPv4.restores.length - restores).toBe(20);
    await pass(60_000);
    expect(kernels.IPv4.restores.length - restores).toBe(20);
  });

  it('expire by the clock alone', async () => {
    const { loop, tracker, kernels, seen, pass } = setUp();
    tracker.setOverride(override('drain', { drain: {}, expiresAt: new Date(Date.now() + 90_000).toISOString() }));
    loop.begin();
    await pass(89_000);
    expect(await chance(kernels.IPv4)).toBe(0);
    expect(seen.reports.at(-1)?.acknowledged).toMatchObject([{ state: 'applied' }]);
    await pass(2_000);
    expect(await chance(kernels.IPv4)).toBeCloseTo(0.5, 5);
    expect(seen.reports.at(-1)?.acknowledged).toMatchObject([{ state: 'expired' }]);
  });

  it('step at most once a second, however many they are', async () => {
    const { loop, tracker, kernels, pass } = setUp();
    const made = Date.now();
    for (let i = 1; i <= 9; i += 1) {
      tracker.setService(service(`s${i}`, `10.96.1.${i}`));
      tracker.setEndpointSlice(slice(`s${i}`, `10.244.2.${i}`, `10.244.3.${i}`));
      const backends = { addresses: [`10.244.2.${i}`] };
      const ramp = { from: 100, seconds: 30 };
      tracker.setOverride(override(`o${i}`, { service: `s${i}`, backends, weight: 0, ramp }, made + i * 111));
    }
    loop.begin();
    await pass(35_000);
    expect(kernels.IPv4.restores.length).toBeGreaterThan(25);
    expect(kernels.IPv4.restores.length).toBeLessThanOrEqual(36);
    expect(await kernels.IPv4.save('nat')).not.toMatch(/10\.244\.2\.\d:8080/);
  });

  it('stand where the clock says when the agent begins anew', async () => {
    const { loop, tracker, kernels, pass } = setUp();
    tracker.setOverride(override('ramp', { weight: 0, ramp: { from: 100, seconds: 100 } }, Date.now() - 50_000));
    loop.begin();
    await pass(10);
    expect(await chance(kernels.IPv4)).toBeCloseTo(1 / 3, 2);
    expect(kernels.IPv4.restores).toHaveLength(1);
  });

  it('are acknowledged and held only by what the kernel took', async () => {
    const { loop, tracker, kernels, seen, pass } = setUp();
    loop.begin();
    await pass(10);
    kernels.IPv4.poison(/10\.244\.9\.9:/);
    tracker.setService(service('bad', '10.96.0.10'));
    tracker.setEndpointSlice(slice('bad', '10.244.9.9', '10.244.9.8'));
    const backends = { addresses: ['10.244.9.8'] };
    tracker.setOverride(override('bad', { service: 'bad', backends, drain: { existing: 'cut' } }));
    tracker.setOverride(override('good', { drain: { existing: 'cut' } }));
    loop.request();
    await pass(200);
    const names = () => seen.reports.at(-1)?.acknowledged.map(({ name }) => name);
    expect(names()).toEqual(['good']);
    expect(seen.held.at(-1)).toMatchObject({ isolated: new Set(['shop/bad:http/TCP']) });
    const restore = kernels.IPv6.restore;
    kernels.IPv6.restore = async () => {
      throw new Error('no IPv6 today');
    };
    tracker.setService(service('six', 'fd00:96::6'));
    loop.request();
    await pass(200);
    expect(seen.held.at(-1)?.families).toEqual(new Set(['IPv4']));
    kernels.IPv6.restore = restore;
    kernels.IPv4.poison(undefined);
    await pass(310_000);
    expect(names()).toEqual(['bad', 'good']);
    expect(seen.held.at(-1)).toMatchObject({ isolated: new Set(), families: new Set(['IPv4', 'IPv6']) });
  });
});
