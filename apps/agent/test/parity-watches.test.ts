import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type KubeClient } from '@kubecity/kube';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { type KubeNode, RoutingTracker } from '@kubecity/routing';
import pino from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DirectoryNews } from '../src/directory.ts';
import { OverrideObjects } from '../src/override-objects.ts';
import { watchCluster } from '../src/watches.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubecity-watches-'));
const tracker = new RoutingTracker({ name: 'node-a' });
const seen = { counted: [] as string[], nodes: [] as (string | undefined)[], synced: 0, api: new Set<string>() };
const stop = new AbortController();
let api: MiniApiServer;
let client: KubeClient;

const service = (name: string, labels: Record<string, string> = {}) =>
  api.put({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name, labels },
    spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  });
const slice = (name: string, labels: Record<string, string> = {}) =>
  api.put({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name, labels: { 'kubernetes.io/service-name': 'cart', ...labels } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.244.1.1'] }],
  });
const node = (name: string) => api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 });

beforeEach(async () => {
  const socketPath = join(folder, 'api.sock');
  api = await startMiniApiServer({ socketPath });
  client = connect({ socketPath });
});
afterEach(async () => {
  stop.abort();
  await client.close();
  await api.close();
  rmSync(folder, { recursive: true });
});

it('asks for the Services and slices that are ours, and waits for every list', async () => {
  const OTHER = { 'service.kubernetes.io/service-proxy-name': 'mesh' };
  api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  service('cart');
  slice('cart-1');
  slice('cart-headless', { 'service.kubernetes.io/headless': '' });
  node('node-a');
  node('node-b');
  watchCluster(
    client,
    {
      tracker,
      overrides: new OverrideObjects(tracker),
      directory: new DirectoryNews(() => {}),
      triggers: { set() {}, delete() {} },
      rights: { refused() {}, granted() {} },
      nodeName: 'node-a',
      ownNode: (own: KubeNode | undefined) => seen.nodes.push(own?.metadata.name),
      counted: (kind) => seen.counted.push(kind),
      changed() {},
      synced: () => seen.synced++,
      apiState: (resource, live) => live && seen.api.add(resource),
    },
    pino({ level: 'silent' }),
    stop.signal,
  );
  // The cluster does not know overrides yet: it has none of them.
  await eventually(() => expect(seen.synced).toBe(1));
  expect(seen.counted.sort()).toEqual(['endpointSlice', 'service']);
  expect(seen.nodes).toEqual(['node-a']);
  expect([...tracker.take().table.servicePorts.keys()]).toEqual(['shop/cart:http/TCP']);
  await eventually(() => expect(seen.api.size).toBe(5));
  // The label takes a Service away from us as its deletion would, and gives it back.
  service('cart', OTHER);
  await eventually(() => expect(seen.counted).toHaveLength(3));
  expect(tracker.take().table.servicePorts.size).toBe(0);
  service('cart');
  await eventually(() => expect(seen.counted).toHaveLength(4));
  expect(tracker.take().table.servicePorts.size).toBe(1);
  node('node-b');
  node('node-a');
  // Made anew under the same name: the old one is gone first.
  await eventually(() => expect(seen.nodes).toEqual(['node-a', undefined, 'node-a']));
});
