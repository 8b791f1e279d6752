import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, ensureCrd, resources } from '@kubecity/kube';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { ipset, iptables } from '@kubecity/netfilter';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { removeRules } from '../src/rules/cleanup.ts';
import { Lab, NODE_ADDRESS } from './lab/lab.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubecity-parity-'));
const socketPath = join(folder, 'api.sock');
const configFile = join(folder, 'agent.yaml');
const lab = new Lab();
const taken = createServer();
let api: MiniApiServer;
let agent: ChildProcess;

const EXTERNAL = '198.51.100.20';

/** Policy Local behind every door, and the only endpoint on another node. */
function putFront(): void {
  const metadata = { namespace: 'shop', name: 'front' };
  api.put({
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.20',
      internalTrafficPolicy: 'Local',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 31_020,
      externalIPs: [EXTERNAL],
      ports: [{ name: 'http', port: 80, nodePort: 30_020, protocol: 'TCP' }],
    },
  });
  api.put({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, name: 'front-x', labels: { 'kubernetes.io/service-name': 'front' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.244.2.1'], conditions: { ready: true }, nodeName: 'node-b' }],
  });
}

const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 50 });
const setting = (name: string) => readFileSync(`/proc/sys/net/${name}`, 'utf8').trim();
const page = async (path: string, port = 10_249) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();

beforeAll(async () => {
  api = await startMiniApiServer({ socketPath });
  const client = connect({ socketPath });
  await ensureCrd(client);
  await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  await client.close();
  const addresses = [{ type: 'InternalIP', address: NODE_ADDRESS }];
  api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' }, status: { addresses } });
  putFront();
  taken.listen(31_020, '0.0.0.0');
  await once(taken, 'listening');
  writeFileSync(configFile, 'syncPeriodMs: 30000\n');
  const flags = [
    `--config=${configFile}`,
    '--node-name=Node-A',
    `--kube-socket=${socketPath}`,
    '--conntrack-udp-timeout-seconds=77',
    '--log-level=fatal',
  ];
  agent = spawn(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url)), ...flags], {
    stdio: 'inherit',
  });
  await eventually(async () => expect(JSON.parse(await page('/healthz'))).toMatchObject({ healthy: true }));
});
afterAll(async () => {
  agent.kill();
  await once(agent, 'exit');
  await api.close();
  taken.close();
  await removeRules([iptables(), iptables({ family: 'IPv6' })], ipset());
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

it('tells the Node that it starts, and the Service whose health check node port is taken', async () => {
  const client = connect({ socketPath });
  const about = (kind: string, name: string) => expect.objectContaining({ kind, name });
  const events = async () => (await client.list(resources.events)).items;
  await eventually(async () => {
    expect(await events()).toContainEqual(
      expect.objectContaining({ type: 'Normal', reason: 'Starting', regarding: about('Node', 'node-a') }),
    );
    const reason = 'FailedToStartServiceHealthcheck';
    const regarding = about('Service', 'front');
    expect(await events()).toContainEqual(
      expect.objectContaining({ type: 'Warning', reason, action: 'Listen', regarding }),
    );
  });
  await client.close();
});

it('opens the port at the next sync after it has become free', async () => {
  taken.close();
  await once(taken, 'close');
  putFront();
  await eventually(async () =>
    expect(JSON.parse(await page('/', 31_020))).toEqual({
      service: { namespace: 'shop', name: 'front' },
      localEndpoints: 0,
      serviceProxyHealthy: true,
    }),
  );
});

it('counts the service ports that drop here because their endpoints are elsewhere', async () => {
  const metrics = await page('/metrics');
  for (const policy of ['internal', 'external']) {
    expect(metrics).toContain(
      `kubeproxy_sync_proxy_rules_no_local_endpoints_total{traffic_policy="${policy}",ip_family="IPv4"} 1\n`,
    );
  }
  expect(metrics).toMatch(/^kubeproxy_sync_proxy_rules_service_changes_total [1-9]/m);
  expect(metrics).toMatch(/^kubeproxy_sync_proxy_rules_endpoint_changes_total [1-9]/m);
});

it('makes the kernel settings that it was asked for, and those of node ports on loopback', () => {
  expect(setting('netfilter/nf_conntrack_udp_timeout')).toBe('77');
  expect(setting('ipv4/conf/all/route_localnet')).toBe('1');
});

it('tells on loopback what it is, how it was started and what its health checks said', async () => {
  expect(await page('/statusz')).toMatch(/\nPaths: .* \/metrics \/metrics\/slis /);
  expect(await page('/flagz')).toMatch(/\nconntrack-udp-timeout-seconds=77\n(.*\n)*node-name=node-a\n/);
  await page('/healthz');
  expect(await page('/metrics/slis')).toMatch(/^kubernetes_healthcheck{name="routing",type="healthz"} 1$/m);
});

it('closes the doors at external IPs and opens those for profiles while it runs', async () => {
  const rules = () => execFileSync('iptables-save', { encoding: 'utf8' });
  expect(rules()).toContain(EXTERNAL);
  expect(await page('/debug/pprof/heap?seconds=1')).toBe('404 page not found\n');
  writeFileSync(configFile, 'allowExternalIPs: false\nprofiling: true\n');
  await eventually(async () => expect(rules()).not.toContain(EXTERNAL));
  expect(rules()).toContain('10.96.0.20');
  expect(await page('/flagz')).toMatch(/\nallow-external-ips=false\n(.*\n)*profiling=true\n/);
  expect(JSON.parse(await page('/debug/pprof/heap?seconds=1'))).toHaveProperty('head');
});
