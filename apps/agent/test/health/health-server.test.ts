import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serveHealth, serveMetrics } from '../../src/health/health-server.ts';
import { HealthState } from '../../src/health/health-state.ts';
import type { KeptListener } from '../../src/health/listener.ts';
import { SliMetrics } from '../../src/health/sli-metrics.ts';
import { kubeProxyMetrics } from '../../src/kube-proxy-metrics.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };
const CONFIGURATION = { nodeName: 'node-a', hub: { url: 'https://hub' }, anyToken: 'a-secret' };
let trouble: string | undefined;
let registry: Registry;
let failures: string[];
let listeners: KeptListener[];
let blocker: Server | undefined;
let profiling: boolean;
let levels: string[];

beforeEach(() => {
  trouble = undefined;
  registry = new Registry();
  failures = [];
  listeners = [];
  profiling = false;
  levels = [];
});
afterEach(async () => {
  await Promise.all(listeners.map((listener) => listener.close()));
  blocker?.close();
});

const countersOf = (registry: Registry) => ({ ...kubeProxyMetrics(registry), slis: new SliMetrics() });

function healthState(): HealthState {
  const state = new HealthState({
    syncPeriodMs: () => 30_000,
    now: Date.now,
    trouble: () => trouble,
    failing: () => undefined,
    stuck: () => undefined,
  });
  state.setNode({ metadata: {} });
  return state;
}

async function start() {
  const state = healthState();
  const metrics = countersOf(registry);
  const options = { hardFail: true, failed: ({ message }: Error) => failures.push(message) };
  const health = await serveHealth(LOCAL, state, metrics, options);
  const loopback = await serveMetrics(
    LOCAL,
    {
      state,
      counters: metrics,
      registry,
      configuration: () => CONFIGURATION,
      flags: () => new Map(Object.entries({ 'node-name': 'node-a', hub: 'https://hub', 'hub-token': 'a-secret' })),
      process: { version: '1.2.3', startedAt: Date.UTC(2026, 0, 1) },
      profiling: () => profiling,
      setLogLevel: (level) => levels.push(level),
    },
    options,
  );
  listeners.push(health, loopback);
  return { health: `http://127.0.0.1:${health.port}`, loopback: `http://127.0.0.1:${loopback.port}` };
}

it('tells health to strangers, and metrics and reasons to the node alone', async () => {
  const { health, loopback } = await start();
  const good = await fetch(`${health}/healthz?verbose`);
  expect([good.status, good.headers.get('content-type'), good.headers.get('x-content-type-options')]).toEqual([
    200,
    'application/json',
    'nosniff',
  ]);
  trouble = 'iptables-restore: line 3 failed';
  const bad = await fetch(`${health}/healthz`);
  expect(bad.status).toBe(503);
  expect(await bad.text()).not.toContain('iptables');
  expect(await (await fetch(`${loopback}/healthz`)).json()).toMatchObject({ healthy: false, reason: trouble });
  expect((await fetch(`${health}/livez`)).status).toBe(200);
  expect((await fetch(`${health}/metrics`)).status).toBe(404);
  expect(await (await fetch(`${loopback}/proxyMode`)).text()).toBe('iptables');
  const text = await (await fetch(`${loopback}/metrics`)).text();
  for (const line of [
    'kubeproxy_proxy_healthz_total{code="200"} 1',
    'kubeproxy_proxy_healthz_total{code="503"} 2',
    'kubeproxy_proxy_livez_total{code="200"} 1',
  ]) {
    expect(text).toContain(line);
  }
});

async function block(): Promise<number> {
  const server = createServer();
  blocker = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

it('tries again until its address is free', async () => {
  const port = await block();
  const kept = await serveHealth({ ...LOCAL, port }, healthState(), countersOf(registry), {
    hardFail: false,
    retryMs: 10,
    failed: ({ message }) => failures.push(message),
  });
  listeners.push(kept);
  await expect.poll(() => failures.length).toBeGreaterThan(1);
  expect(failures[0]).toContain('EADDRINUSE');
  expect(kept.port).toBeUndefined();
  blocker?.close();
  await expect.poll(() => kept.port).toBe(port);
  expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
});

it('gives up at once when told so', async () => {
  const port = await block();
  const options = { hardFail: true, failed: ({ message }: Error) => failures.push(message) };
  await expect(serveHealth({ ...LOCAL, port }, healthState(), countersOf(registry), options)).rejects.toThrow(
    'EADDRINUSE',
  );
});

it('shows the configuration in effect on loopback, without tokens', async () => {
  const { health, loopback } = await start();
  const answer = await fetch(`${loopback}/configz`);
  expect(await answer.json()).toEqual({ kubecity: { nodeName: 'node-a', hub: { url: 'https://hub' } } });
  expect((await fetch(`${health}/configz`)).status).toBe(404);
});

it('counts each health check by name, apart from the other metrics', async () => {
  const { health, loopback } = await start();
  await fetch(`${health}/healthz`);
  trouble = 'no rules';
  await fetch(`${health}/healthz`);
  await fetch(`${health}/livez`);
  const slis = async () =>
    (await (await fetch(`${loopback}/metrics/slis`)).text()).split('\n').filter((line) => /^kube/.test(line));
  expect((await slis()).toSorted()).toEqual([
    'kubernetes_healthchecks_total{name="node",type="healthz",status="success"} 2',
    'kubernetes_healthchecks_total{name="process",type="healthz",status="success"} 2',
    'kubernetes_healthchecks_total{name="process",type="livez",status="success"} 1',
    'kubernetes_healthchecks_total{name="routing",type="healthz",status="error"} 1',
    'kubernetes_healthchecks_total{name="routing",type="healthz",status="success"} 1',
    'kubernetes_healthchecks_total{name="sync",type="healthz",status="success"} 2',
    'kubernetes_healthchecks_total{name="sync",type="livez",status="success"} 1',
    'kubernetes_healthcheck{name="node",type="healthz"} 1',
    'kubernetes_healthcheck{name="process",type="healthz"} 1',
    'kubernetes_healthcheck{name="process",type="livez"} 1',
    'kubernetes_healthcheck{name="routing",type="healthz"} 0',
    'kubernetes_healthcheck{name="sync",type="healthz"} 1',
    'kubernetes_healthcheck{name="sync",type="livez"} 1',
  ]);
  expect(await (await fetch(`${loopback}/metrics`)).text()).not.toContain('kubernetes_healthcheck');
  expect(await (await fetch(`${loopback}/metrics/slis`, { method: 'DELETE' })).text()).toBe('metrics reset\n');
  expect(await slis()).toEqual([]);
  expect((await fetch(`${health}/metrics/slis`)).status).toBe(404);
});

it('tells its state and its flags in words on loopback, without tokens', async () => {
  const { health, loopback } = await start();
  const page = async (path: string) => {
    const answer = await fetch(`${loopback}${path}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    return answer.text();
  };
  const warning =
    'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is ' +
    'for debugging purposes only.\n\n';
  expect(await page('/flagz')).toBe(
    `\nkubecity-agent flags\n${warning}hub-token=CLASSIFIED\nhub=https://hub\nnode-name=node-a\n`,
  );
  const status = await page('/statusz');
  expect(status.startsWith(`\nkubecity-agent statusz\n${warning}Started: Thu Jan  1 00:00:00 UTC 2026\nUp: `)).toBe(
    true,
  );
  const names = '/configz /flagz /healthz /metrics /metrics/slis /proxyMode /statusz';
  expect(status).toMatch(new RegExp(`\nNode.js version: v24.*\nBinary version: 1.2.3\nPaths: ${names}\n$`));
  profiling = true;
  expect(await page('/statusz')).toContain(
    'Paths: /configz /debug/flags/v /debug/pprof/heap /debug/pprof/profile /flagz',
  );
  for (const path of ['/flagz', '/statusz']) expect((await fetch(`${health}${path}`)).status).toBe(404);
});
