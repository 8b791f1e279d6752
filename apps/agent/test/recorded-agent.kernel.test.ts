import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, ensureCrd, resources } from '@kubecity/kube';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { ipset, iptables } from '@kubecity/netfilter';
import { Server, type Socket } from 'socket.io';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { removeRules } from '../src/rules/cleanup.ts';
import { Lab, NODE_ADDRESS } from './lab/lab.ts';

/**
 * What a real agent says, message by message. The file of its protocol is what dashboards of later versions are tested with
 * (apps/dashboard/test/server/recorded-agents.test.ts); `RECORD_AGENT=1` writes it anew, from the same words as here.
 */
interface Recording {
  readonly hello: Record<string, unknown> & { readonly protocols: number[] };
  readonly rules: unknown[];
  readonly edges: unknown[];
  readonly answers: Record<string, unknown>;
}

const VIP = '10.96.0.10';
const QUESTIONS = [
  { kind: 'rules', service: 'shop/cart' },
  { kind: 'flows', servicePort: 'shop/cart:http/TCP', limit: 3 },
  { kind: 'preview', changes: [{ kind: 'RoutingOverride', namespace: 'shop', name: 'drain' }] },
];
const folder = mkdtempSync(join(tmpdir(), 'kubecity-recorded-'));
const path = (name: string) => join(folder, name);
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const lab = new Lab();
const server = createServer();
const io = new Server(server);
const recording: Recording = { hello: { protocols: [] }, rules: [], edges: [], answers: {} };
let api: MiniApiServer;
let agent: ChildProcess;
let socket: Socket | undefined;

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 50 });

async function startApi(): Promise<void> {
  api = await startMiniApiServer({ socketPath: path('api.sock') });
  const client = connect({ socketPath: path('api.sock') });
  await ensureCrd(client);
  const meta = { namespace: 'shop' };
  const put = (apiVersion: string, kind: string, object: object) =>
    api.put({ apiVersion, kind, ...object } as Parameters<MiniApiServer['put']>[0]);
  put('v1', 'Namespace', { metadata: { name: 'shop' } });
  put('v1', 'Node', {
    metadata: { name: 'node-a' },
    status: { addresses: [{ type: 'InternalIP', address: NODE_ADDRESS }] },
  });
  const ports = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }];
  put('v1', 'Service', { metadata: { ...meta, name: 'cart' }, spec: { clusterIP: VIP, clusterIPs: [VIP], ports } });
  for (const [name, podIP] of Object.entries({ p1: '10.244.7.1', p2: '10.244.7.2', client: '10.244.7.9' })) {
    const spec = { nodeName: 'node-a', containers: [] };
    put('v1', 'Pod', { metadata: { ...meta, name, uid: `uid-${name}` }, spec, status: { phase: 'Running', podIP } });
  }
  put('discovery.k8s.io/v1', 'EndpointSlice', {
    metadata: { ...meta, name: 'cart-x', labels: { 'kubernetes.io/service-name': 'cart' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: ['p1', 'p2'].map((name) => ({
      addresses: [`10.244.7.${name.slice(1)}`],
      conditions: { ready: true },
      nodeName: 'node-a',
      targetRef: { kind: 'Pod', namespace: 'shop', name, uid: `uid-${name}` },
    })),
  });
  const metadata = { ...meta, name: 'weight' };
  const spec = { service: 'cart', backends: { podNames: ['p2'] }, weight: 10 };
  await client.create(resources.routingOverrides, { ...override, metadata, spec });
  await client.close();
}
const override = { apiVersion: 'kubecity.dev/v1alpha1', kind: 'RoutingOverride' };

beforeAll(async () => {
  writeFileSync(path('token'), 'the token of the recording\n');
  for (const [name, address] of [
    // names and addresses of its own: the suite before may still be taking its namespaces down
    ['rec1', '10.244.7.1'],
    ['rec2', '10.244.7.2'],
  ] as const) {
    lab.addHost(name, address);
    await lab.serve(name, 8080);
  }
  lab.addHost('rec9', '10.244.7.9');
  await startApi();
  io.of('/agents').on('connection', (connected) => {
    socket = connected;
    const { auth } = connected.handshake;
    Object.assign(recording.hello, auth);
    connected.on('rules', (report) => void recording.rules.push(report));
    connected.on('edges', (frame, taken) => {
      recording.edges.push(frame);
      taken();
    });
    connected.emit('welcome', { protocol: Math.max(...recording.hello.protocols), interest: { services: 'all' } });
  });
  await once(server.listen(path('hub.sock')), 'listening');
  const flags = {
    'node-name': 'node-a',
    'kube-socket': path('api.sock'),
    hub: `unix:${path('hub.sock')}`,
    'hub-token-file': path('token'),
    'accounting-ms': '200',
    'accounting-cpu-percent': '100',
    'log-level': 'error',
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  agent = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
});

afterAll(async () => {
  agent.kill();
  await once(agent, 'exit');
  await io.close();
  await api.close();
  await removeRules([iptables(), iptables({ family: 'IPv6' })], ipset());
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

const lastReport = () => recording.rules.at(-1) as { inSync: boolean; acknowledged: unknown[] } | undefined;

it('says what its recording says, field by field', async () => {
  await eventually(() => expect(lastReport()?.acknowledged).toHaveLength(1));
  await eventually(() => expect(recording.edges.length).toBeGreaterThan(0));
  await lab.call('rec9', VIP, 80, 40);
  const opened = () => JSON.stringify(recording.edges).includes('uid-client');
  await eventually(() => expect(opened()).toBe(true));
  await eventually(() => expect(recording.edges.length).toBeGreaterThan(3));
  for (const question of QUESTIONS) recording.answers[question.kind] = await socket?.emitWithAck('ask', question);

  const protocol = Math.max(...recording.hello.protocols);
  const file = new URL(`../../../packages/protocol/testdata/agent-${protocol}.json`, import.meta.url);
  const told = { ...recording, rules: recording.rules.slice(-1) };
  if (process.env.RECORD_AGENT) writeFileSync(file, `${JSON.stringify(told, null, 1)}\n`);
  expect(existsSync(file)).toBe(true);
  expect(shapeOf(told)).toEqual(shapeOf(JSON.parse(readFileSync(file, 'utf8'))));
});

/** Every field that occurs, with the kind of its value; a list counts as all that is in it. */
function shapeOf(value: unknown): string[] {
  const paths = new Set<string>();
  const walk = (at: string, found: unknown): void => {
    if (Array.isArray(found)) for (const one of found) walk(`${at}[]`, one);
    else if (typeof found === 'object' && found !== null) {
      for (const [key, inner] of Object.entries(found)) walk(`${at}.${key}`, inner);
    } else paths.add(`${at}: ${typeof found}`);
  };
  walk('', value);
  // what there is only while something goes on: connections that end, rules that were changed by others
  return [...paths].filter((path) => !/forget|drift|\.flows\[\]|wished|\.state:/.test(path)).sort();
}
