import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, ensureCrd, type KubeClient, resources } from '@kubecity/kube';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { expectLost, Handshakes } from './lab/handshakes.ts';
import { Lab, NODE_ADDRESS, tool } from './lab/lab.ts';
import { Caller } from './takeover/caller.ts';
import { CITY, NODE, POD_RANGE, PODS, SHOP, WEB } from './takeover/city.ts';
import { RecordedNftKubeProxy } from './takeover/kube-proxy-nft.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kubecity-steer-nft-'));
const apiSocket = join(folder, 'api.sock');
const HEALTH = '127.0.0.1:12256';
const METRICS = '127.0.0.1:12249';
const CLIENT = '10.244.1.9';
const [P1, P2] = [`p1 ${CLIENT}`, `p2 ${CLIENT}`];
/** Of two equal backends one gets none of so many calls with a chance of 2^-60. */
const MANY = 60;

const TARGETS = [
  { name: 'web', address: WEB.clusterIP, port: 80 },
  { name: 'port', address: NODE_ADDRESS, port: WEB.nodePort },
  { name: 'shop', address: SHOP.clusterIP, port: 80 },
];

const lab = new Lab();
const handshakes = new Handshakes();
const kubeProxy = new RecordedNftKubeProxy();
let api: MiniApiServer;
let client: KubeClient;
let agent: ChildProcess;
let caller: Caller;
let held: Awaited<ReturnType<Lab['open']>>;

beforeAll(async () => {
  for (const [name, address] of Object.entries(PODS)) {
    lab.addHost(name, address);
    await lab.serve(name, 8080);
    handshakes.countAtServer(name, 8080);
  }
  lab.addHost('pod', CLIENT);
  for (const key of ['net.ipv4.icmp_ratelimit=0', 'net.ipv4.conf.all.send_redirects=0']) tool(`sysctl -qw ${key}`);
  api = await startMiniApiServer({ socketPath: apiSocket });
  client = connect({ socketPath: apiSocket });
  await ensureCrd(client);
  await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'city' } });
  for (const object of CITY) api.put(object);
  await kubeProxy.start();
  handshakes.countAtCaller('pod', TARGETS);
  held = await lab.open('pod', WEB.clusterIP, 80);
  caller = new Caller('pod', TARGETS);
  await startAgent('steer');
});

afterAll(async () => {
  agent.kill('SIGKILL');
  caller.close();
  held.close();
  await once(run('cleanup'), 'exit');
  await kubeProxy.cleanUp();
  await client.close();
  await api.close();
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

async function startAgent(mode: string, more: readonly string[] = []): Promise<void> {
  agent = run(
    ...['--node-name', NODE, '--kube-socket', apiSocket, '--cluster-cidr', POD_RANGE, '--mode', mode],
    ...['--lease-seconds', '3', '--health-listen', HEALTH, '--metrics-listen', METRICS, '--check-ms', '500'],
    ...['--log-level', 'fatal', ...more],
  );
  await vi.waitFor(async () => expect((await fetch(`http://${HEALTH}/healthz`)).status).toBe(200), {
    timeout: 30_000,
    interval: 50,
  });
}

async function stopAgent(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const exit = once(agent, 'exit');
  agent.kill(signal);
  await exit;
}

function run(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [main, ...args], { stdio: 'inherit' });
}

async function drain(address: string): Promise<void> {
  await client.create(resources.routingOverrides, {
    apiVersion: 'kubecity.dev/v1alpha1',
    kind: 'RoutingOverride',
    metadata: { namespace: 'city', name: 'drain' },
    spec: { service: 'web', backends: { addresses: [address] }, drain: {} },
  });
}

/** Who answers new connections: of at least so many for each target that begin from now on. */
async function answers(): Promise<Record<string, string[]>> {
  // What is under way was begun before.
  await caller.tally();
  await rest(100);
  await caller.tally();
  const seen = new Map<string, number>();
  const calls = (target: string) =>
    [...seen].reduce((sum, [answer, count]) => sum + (answer.startsWith(`${target} `) ? count : 0), 0);
  while (['web', 'port', 'shop'].some((target) => calls(target) < MANY)) {
    await rest(50);
    for (const [answer, count] of Object.entries(await caller.tally()))
      seen.set(answer, (seen.get(answer) ?? 0) + count);
  }
  const by = Object.groupBy([...seen.keys()].sort(), (answer) => answer.slice(0, answer.indexOf(' ')));
  return Object.fromEntries(
    Object.entries(by).map(([target, list = []]) => [target, list.map((answer) => answer.slice(target.length + 1))]),
  );
}

const BOTH = { web: [P1, P2], port: [`p1 ${NODE_ADDRESS}`, `p2 ${NODE_ADDRESS}`], shop: [P1, P2] };
const STEERED = { ...BOTH, web: [P2], port: [`p2 ${NODE_ADDRESS}`] };
const eventually = (is: object) =>
  vi.waitFor(async () => expect(await answers()).toEqual(is), { timeout: 40_000, interval: 100 });
const metric = async (name: string) => {
  const text = await (await fetch(`http://${METRICS}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(name));
};

let first: string;

it('leaves all to kube-proxy while no override is there', async () => {
  first = await held.ask();
  expect(await answers()).toEqual(BOTH);
  expect(tool('nft list tables')).toContain('table ip kubecity');
  expect(tool('iptables-save -t nat')).not.toContain('CITY-SERVICES');
});

it('steers the Service that an override names, and no other', async () => {
  await drain(PODS.p1);
  await eventually(STEERED);
  expect(await held.ask()).toBe(first);
});

it('renews its lease and does not take that for another hand', async () => {
  const figures = () =>
    Promise.all(['kubecity_drift_total', 'kubeproxy_sync_full_proxy_rules_duration_seconds_count'].map(metric));
  const before = await figures();
  expect(before.flat()).toHaveLength(3);
  // Longer than the lease, and many checks.
  await rest(4000);
  expect(await answers()).toEqual(STEERED);
  expect(await figures()).toEqual(before);
});

it('is killed: its rules stop matching, kube-proxy serves, and nobody is cut', async () => {
  await stopAgent('SIGKILL');
  expect(await answers()).toMatchObject({ shop: BOTH.shop });
  await eventually(BOTH);
  expect(await held.ask()).toBe(first);
  expect(tool('nft list table ip kubecity')).toContain('10.244.1.2:8080');
});

it('begins again where its rules still stand', async () => {
  await startAgent('steer');
  await eventually(STEERED);
  expect(await held.ask()).toBe(first);
});

it('observes: nothing of it is left', async () => {
  await stopAgent('SIGTERM');
  await startAgent('observe');
  await eventually(BOTH);
  expect(tool('nft list tables')).not.toContain('kubecity');
  expect(tool('iptables-save')).not.toContain('CITY-');
  expect(tool('ipset list -n')).toBe('');
  expect(await held.ask()).toBe(first);
});

it('takes over: all Services are routed in front of the table that is still there, and without it', async () => {
  await stopAgent('SIGTERM');
  await startAgent('replace', ['--take-over', 'true']);
  await eventually(STEERED);
  expect(tool('nft list table ip kubecity')).not.toContain('CITY-LEASE');
  await kubeProxy.cleanUp();
  expect(await answers()).toEqual(STEERED);
  expect(await held.ask()).toBe(first);
});

it('no first packet got lost meanwhile', async () => {
  await caller.pause();
  await expectLost(handshakes, { asked: 0, answered: 0 });
});
