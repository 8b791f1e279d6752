import { FakeIpset, FakeNetfilter } from '@kubecity/netfilter/testing';
import { RoutingTracker } from '@kubecity/routing';
import { Compiler } from '@kubecity/ruleset';
import pino from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createMetrics } from '../src/metrics.ts';
import { DriftCheck } from '../src/rules/drift-check.ts';
import { RuleLoop } from '../src/rules/rule-loop.ts';
import { RuleSync } from '../src/rules/rule-sync.ts';
import { realClock } from '../src/runner.ts';
import { TRIGGER_TIME, TriggerTimes } from '../src/trigger-times.ts';
import { IDLE } from './idle-figures.ts';
import { REPLACE } from './replacing.ts';
import { OPTIONS, service, slice } from './rule-world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const log = pino({ level: 'silent' });

function setUp() {
  const tracker = new RoutingTracker({ name: 'node-a' });
  const kernel = new FakeNetfilter();
  const metrics = createMetrics(IDLE);
  const triggers = new TriggerTimes(0);
  const health: string[] = [];
  const loop = new RuleLoop({
    tracker,
    families: new Map([
      ['IPv4', new RuleSync({ compiler: new Compiler(OPTIONS), netfilter: kernel, ipset: new FakeIpset() })],
    ]),
    drift: new DriftCheck(undefined, Date.now, log),
    triggers,
    health: {
      queued: (family, at) => health.push(`queued ${family} ${at}`),
      updated: (family, at) => health.push(`updated ${family} ${at}`),
    },
    metrics,
    clock: realClock,
    log,
    ...REPLACE,
    pace: () => ({ minSyncMs: 100, syncPeriodMs: 30_000, checkMs: 5_000 }),
    writing: () => health.push('writing'),
    applied: () => health.push('applied'),
    reported: () => health.push('reported'),
    held() {},
    cut: () => undefined,
    isolated() {},
    drifted() {},
  });
  const figure = async (name: string, labels = '{ip_family="IPv4"}') => {
    const line = (await metrics.registry.metrics())
      .split('\n')
      .find((text) => text.startsWith(`kubeproxy_${name}${labels} `));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
  };
  return { tracker, kernel, triggers, health, loop, figure, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

it('a sync is measured as kube-proxy measures it, in the order of what follows it', async () => {
  const { tracker, triggers, health, loop, figure, pass } = setUp();
  tracker.setService(service('cart', '10.96.0.9'));
  const changed = slice('cart', '10.244.1.1');
  tracker.setEndpointSlice(changed);
  triggers.set({
    ...changed,
    metadata: { ...changed.metadata, annotations: { [TRIGGER_TIME]: new Date(970_000).toISOString() } },
  });
  loop.begin();
  await pass(10);
  expect(health).toEqual(['queued IPv4 1000000', 'writing', 'updated IPv4 1000000', 'applied', 'reported']);
  expect(await figure('network_programming_duration_seconds_sum')).toBe(30);
  expect(await figure('sync_proxy_rules_last_timestamp_seconds')).toBe(1000);
  expect(await figure('sync_proxy_rules_last_queued_timestamp_seconds')).toBe(1000);
  expect(await figure('sync_full_proxy_rules_duration_seconds_count')).toBe(1);
  expect(await figure('sync_partial_proxy_rules_duration_seconds_count')).toBeUndefined();
  const rules = await figure('sync_proxy_rules_iptables_total', '{table="nat",ip_family="IPv4"}');
  expect(await figure('sync_proxy_rules_iptables_last', '{table="nat",ip_family="IPv4"}')).toBe(rules);
  tracker.setEndpointSlice(slice('cart', '10.244.1.2'));
  loop.request();
  await pass(200);
  expect(await figure('sync_partial_proxy_rules_duration_seconds_count')).toBe(1);
  expect(await figure('sync_proxy_rules_iptables_last', '{table="nat",ip_family="IPv4"}')).toBe(1);
  await loop.stop();
});

it('a failed sync is counted, tried again within the sync period as a whole, and nothing follows it but a report', async () => {
  const { tracker, kernel, health, loop, figure, pass } = setUp();
  loop.begin();
  await pass(10);
  health.length = 0;
  kernel.failNext();
  tracker.setService(service('cart', '10.96.0.9'));
  loop.request();
  await pass(200);
  // Health counts the failure as an update that waits, and nothing else follows.
  expect(health).toEqual(['queued IPv4 1000010', 'writing', 'queued IPv4 1000100', 'reported']);
  expect(await figure('sync_proxy_rules_iptables_restore_failures_total')).toBe(1);
  expect(await figure('sync_proxy_rules_iptables_partial_restore_failures_total')).toBe(1);
  await pass(30_000);
  expect(health.slice(4, 6)).toEqual(['writing', expect.stringMatching(/^updated IPv4 /)]);
  expect(await figure('sync_full_proxy_rules_duration_seconds_count')).toBeGreaterThan(1);
  expect(await kernel.save('filter')).toContain('-d 10.96.0.9/32');
  await loop.stop();
});
