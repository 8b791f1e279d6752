import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, ensureCrd, type KubeClient, resources } from '@kubecity/kube';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { RoutingTracker } from '@kubecity/routing';
import pino from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DirectoryNews } from '../src/directory.ts';
import { OverrideObjects } from '../src/override-objects.ts';
import { watchCluster } from '../src/watches.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubecity-override-watches-'));
const tracker = new RoutingTracker({ name: 'node-a' });
const stop = new AbortController();
let api: MiniApiServer;
let client: KubeClient;

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

const FLOOR = 'kubecity.dev/floor';
const namespace = (annotations: Record<string, string>) =>
  api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', annotations } });
const service = (annotations: Record<string, string>) =>
  api.put({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'cart', annotations },
    spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  });
const outcomes = () =>
  tracker.take().table.outcomes.map(({ namespace: of, name, state, cluster }) => [of, name, state, cluster]);
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 });

it('follows overrides of a namespace and of the cluster, and the floors of Services and namespaces', async () => {
  namespace({ other: 'x' });
  service({ other: 'x' });
  api.put({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'cart-1', labels: { 'kubernetes.io/service-name': 'cart' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: ['10.244.1.1', '10.244.1.2'].map((address) => ({ addresses: [address], conditions: { ready: true } })),
  });
  const overrides = new OverrideObjects(tracker);
  let synced = 0;
  watchCluster(
    client,
    {
      ...{ tracker, overrides, directory: new DirectoryNews(() => {}), triggers: { set() {}, delete() {} } },
      ...{ nodeName: 'node-a', ownNode() {}, counted() {}, changed() {}, apiState() {} },
      rights: { refused() {}, granted() {} },
      synced: () => {
        synced += 1;
      },
    },
    pino({ level: 'silent' }),
    stop.signal,
  );
  // The cluster does not know the kinds yet, and has none of them.
  await eventually(() => expect(synced).toBe(1));
  await ensureCrd(client);
  const kind = 'ClusterRoutingOverride';
  const metadata = { name: 'everywhere' };
  const spec = { backends: { addresses: ['10.244.1.1'] }, drain: {} };
  await client.create(resources.clusterRoutingOverrides, { apiVersion: 'kubecity.dev/v1alpha1', kind, metadata, spec });
  await eventually(() => expect(outcomes()).toEqual([['', 'everywhere', 'applied', true]]));
  expect(overrides.get(metadata)).toMatchObject({ spec: { backends: spec.backends } });
  expect(overrides.get({ namespace: 'shop', name: 'everywhere' })).toBeUndefined();

  namespace({ [FLOOR]: '2', other: 'x' });
  await eventually(() => expect(outcomes()).toMatchObject([['', 'everywhere', 'lifted', true]]));
  service({ [FLOOR]: '50%', other: 'x' });
  await eventually(() => expect(outcomes()).toMatchObject([['', 'everywhere', 'applied', true]]));
  service({});
  await eventually(() => expect(outcomes()).toMatchObject([['', 'everywhere', 'lifted', true]]));
  namespace({});
  await eventually(() => expect(outcomes()).toMatchObject([['', 'everywhere', 'applied', true]]));
  await client.delete(resources.clusterRoutingOverrides, metadata);
  await eventually(() => expect(outcomes()).toEqual([]));
  expect(overrides.get(metadata)).toBeUndefined();
});
