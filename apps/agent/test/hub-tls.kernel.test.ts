import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect, ensureCrd, type KubeClient, type Resource, resources } from '@kubecity/kube';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { ipset, iptables } from '@kubecity/netfilter';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { removeRules } from '../src/rules/cleanup.ts';
import { Lab, NODE_ADDRESS } from './lab/lab.ts';

/** An agent and a dashboard as in a cluster: TLS, a certificate that the API tells, ServiceAccount tokens that the kubelet renews. */
const folder = mkdtempSync(join(tmpdir(), 'kubecity-hub-tls-'));
const path = (name: string) => join(folder, name);
const program = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const serviceAccounts: Resource = { group: '', version: 'v1', plural: 'serviceaccounts', namespaced: true };
const PLACE = { namespace: 'kubecity', name: 'kubecity-dashboard-ca' };
const VIP = '10.96.0.10';
/** Below the ports that the kernel gives by itself: nobody has it while the dashboard is away. */
const HUB_PORT = 8443;

const lab = new Lab();
let api: MiniApiServer;
let client: KubeClient;
let agent: ChildProcess;
let hub: ChildProcess;
let hubUrl: string;

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 50 });

async function startHub(): Promise<void> {
  const flags = {
    'kube-socket': path('api.sock'),
    listen: '127.0.0.1:0',
    'agent-listen': `127.0.0.1:${HUB_PORT}`,
    'agent-auth': 'serviceaccount',
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  const file = program('../../dashboard/testing/pageless-dashboard.ts');
  hub = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: hub.stdout as NodeJS.ReadableStream }), 'line');
  hubUrl = String(line);
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** As the kubelet writes a projected token: whole, by a rename. */
async function giveToken(pod: string): Promise<void> {
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: pod };
  const wish: { metadata: { name: string }; spec: object; status?: { token: string } } = {
    metadata: { ...PLACE, name: 'kubecity-agent' },
    spec: { audiences: ['kubecity-dashboard'], expirationSeconds: 600, boundObjectRef },
  };
  const { status } = await client.create(serviceAccounts, wish, 'token');
  writeFileSync(path('next'), `${status?.token}\n`);
  renameSync(path('next'), path('token'));
}

const addPod = (name: string, nodeName: string) => {
  const containers = [{ name: 'agent', image: 'agent:1' }];
  const spec = { nodeName, serviceAccountName: 'kubecity-agent', containers };
  return client.create(resources.pods, { metadata: { ...PLACE, name }, spec });
};

const figure = async (name: string): Promise<number> => {
  const text = await (await fetch(`${hubUrl}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1) ?? Number.NaN,
  );
};
const live = () => figure('kubecity_hub_agents{state="live"}');
const refusals = async () =>
  (await client.list<{ reason?: string; note?: string }>(resources.events)).items
    .filter(({ reason }) => reason === 'DashboardRefused')
    .map(({ note }) => note);

beforeAll(async () => {
  lab.addHost('tls1', '10.244.8.1');
  await lab.serve('tls1', 8080);
  lab.addHost('tls9', '10.244.8.9');
  api = await startMiniApiServer({ socketPath: path('api.sock') });
  client = connect({ socketPath: path('api.sock') });
  await ensureCrd(client);
  for (const name of ['kubecity', 'shop']) await client.create(resources.namespaces, { metadata: { name } });
  await client.create(serviceAccounts, { metadata: { ...PLACE, name: 'kubecity-agent' } });
  await client.create(resources.configMaps, { metadata: PLACE });
  const addresses = [{ type: 'InternalIP', address: NODE_ADDRESS }];
  api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' }, status: { addresses } });
  await addPod('agent-a', 'node-a');
  await addPod('agent-b', 'node-b');
  const ports = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }];
  const cart = { namespace: 'shop', name: 'cart' };
  api.put({ apiVersion: 'v1', kind: 'Service', metadata: cart, spec: { clusterIP: VIP, clusterIPs: [VIP], ports } });
  api.put({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...cart, name: 'cart-x', labels: { 'kubernetes.io/service-name': 'cart' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.244.8.1'], conditions: { ready: true }, nodeName: 'node-a' }],
  });
  await giveToken('agent-a');
  const flags = {
    'node-name': 'node-a',
    'kube-socket': path('api.sock'),
    hub: `https://localhost:${HUB_PORT}`,
    'hub-token-file': path('token'),
    'hub-ca-config-map': `${PLACE.namespace}/${PLACE.name}`,
    'accounting-ms': '200',
    'accounting-cpu-percent': '100',
    'log-level': 'fatal',
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  agent = spawn(process.execPath, [program('../src/main.ts'), ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  await startHub();
});

afterAll(async () => {
  await Promise.all([kill(agent), kill(hub)]);
  await client.close();
  await api.close();
  await removeRules([iptables(), iptables({ family: 'IPv6' })], ipset());
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

it('they find each other: the dashboard’s certificate through the API, the agent by its token', async () => {
  await eventually(async () => expect(await live()).toBe(1));
  expect(await refusals()).toEqual([]);
});

it('a dashboard that was killed comes back with another certificate, and the agent to it; routing goes on meanwhile', async () => {
  await kill(hub);
  expect(await lab.call('tls9', VIP, 80, 20)).toEqual({ 'tls1 10.244.8.9': 20 });
  await startHub();
  await eventually(async () => expect(await live()).toBe(1));
  const map = await client.get<{ data?: Record<string, string> }>(resources.configMaps, PLACE);
  expect(map.data?.['ca.crt']?.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
});

it('with a token of another node it is refused, says so at its Node, and is let in with its own', async () => {
  await giveToken('agent-b');
  await kill(hub);
  await startHub();
  const why = 'the token is of node node-b: it does not speak for node-a';
  await eventually(async () =>
    expect(await refusals()).toEqual([`the dashboard does not let this agent in (forbidden): ${why}. Routing goes on`]),
  );
  // Known once the hub has read the cluster, which may take longer than a refusal.
  await eventually(async () => expect(await live()).toBe(0));
  await giveToken('agent-a');
  await eventually(async () => expect(await live()).toBe(1));
  expect(await figure('kubecity_hub_refused_total{door="agents",code="forbidden"}')).toBeGreaterThan(0);
});
