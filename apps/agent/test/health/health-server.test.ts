import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serveHealth, serveMetrics } from '../../src/health/health-server.ts';
import { HealthState } from '../../src/health/health-state.ts';
import type { KeptListener } from '../../src/health/listener.ts';
import { kubeProxyMetrics } from '../../src/kube-proxy-metrics.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };
const CONFIGURATION = { nodeName: 'node-a', hub: { url: 'https://hub' }, hubToken: 'a-secret' };
let trouble: string | undefined;
let registry: Registry;
let failures: string[];
let listeners: KeptListener[];
let blocker: Server | undefined;

beforeEach(() => {
  trouble = undefined;
  registry = new Registry();
  failures = [];
  listeners = [];
});
afterEach(async () => {
  await Promise.all(listeners.map((listener) => listener.close()));
  blocker?.close();
});

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
  const metrics = kubeProxyMetrics(registry);
  const options = { hardFail: true, failed: ({ message }: Error) => failures.push(message) };
  const health = await serveHealth(LOCAL, state, metrics, options);
  const loopback = await serveMetrics(
    LOCAL,
    { state, counters: metrics, registry, configuration: () => CONFIGURATION },
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
  const kept = await serveHealth({ ...LOCAL, port }, healthState(), kubeProxyMetrics(registry), {
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
  await expect(serveHealth({ ...LOCAL, port }, healthState(), kubeProxyMetrics(registry), options)).rejects.toThrow(
    'EADDRINUSE',
  );
});

it('shows the configuration in effect on loopback, without tokens', async () => {
  const { health, loopback } = await start();
  const answer = await fetch(`${loopback}/configz`);
  expect(await answer.json()).toEqual({ kubecity: { nodeName: 'node-a', hub: { url: 'https://hub' } } });
  expect((await fetch(`${health}/configz`)).status).toBe(404);
});
