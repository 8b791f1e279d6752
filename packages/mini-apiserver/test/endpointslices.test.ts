import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Api, pod, ready, service, startApi } from './api-client.ts';

let api: Api;
beforeEach(async () => {
  api = await startApi();
  const node = { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'zone-a' } } };
  await api.call('POST', '/api/v1/nodes', node);
});
afterEach(() => api.close());

const NS = '/api/v1/namespaces/default';
const MERGE = 'application/merge-patch+json';

interface Slice {
  metadata: { name: string; resourceVersion: string; labels: Record<string, string> };
  endpoints: { addresses: string[]; conditions: object; zone?: string }[];
  ports: { port: number }[];
}

async function slices(name = 'web'): Promise<Slice[]> {
  api.server.settle();
  const query = `labelSelector=kubernetes.io/service-name%3D${name}`;
  return (await api.call('GET', `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?${query}`)).body.items;
}

async function runPod(name: string, ip: string, labels = { app: 'web' }) {
  await api.call('POST', `${NS}/pods`, pod(name, labels));
  await api.call('PATCH', `${NS}/pods/${name}/status`, ready(ip), MERGE);
}

test('a ready pod becomes an endpoint with node, zone, pod and the named port', async () => {
  await api.call('POST', `${NS}/services`, service('web', { ports: [{ name: 'http', port: 80, targetPort: 'web' }] }));
  expect(await slices()).toMatchObject([{ addressType: 'IPv4', endpoints: [], ports: [] }]);
  await runPod('p1', '10.1.0.1');
  const [slice, ...others] = await slices();
  expect(others).toEqual([]);
  const { body } = await api.call('GET', `${NS}/pods/p1`);
  expect(slice).toMatchObject({
    metadata: {
      labels: {
        'kubernetes.io/service-name': 'web',
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
      ownerReferences: [{ kind: 'Service', name: 'web', controller: true }],
    },
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [
      {
        addresses: ['10.1.0.1'],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: 'n1',
        zone: 'zone-a',
        targetRef: { kind: 'Pod', name: 'p1', namespace: 'default', uid: body.metadata.uid },
      },
    ],
  });
});

test('conditions follow readiness and deletion; ended pods do not count', async () => {
  await api.call('POST', `${NS}/services`, service('web'));
  for (const [name, ip] of [
    ['a', '10.1.0.1'],
    ['b', '10.1.0.2'],
    ['c', '10.1.0.3'],
  ] as const)
    await runPod(name, ip);
  await api.call('PATCH', `${NS}/pods/a/status`, ready('10.1.0.1', 'False'), MERGE);
  await api.call('DELETE', `${NS}/pods/b`);
  await api.call('PATCH', `${NS}/pods/c/status`, { status: { phase: 'Succeeded' } }, MERGE);
  const [slice] = await slices();
  expect(slice?.endpoints.map(({ addresses, conditions }) => [addresses[0], conditions])).toEqual([
    ['10.1.0.1', { ready: false, serving: false, terminating: false }],
    ['10.1.0.2', { ready: false, serving: true, terminating: true }],
  ]);
});

test('publishNotReadyAddresses makes every pod ready', async () => {
  await api.call('POST', `${NS}/services`, service('web', { publishNotReadyAddresses: true }));
  await runPod('a', '10.1.0.1');
  await api.call('PATCH', `${NS}/pods/a/status`, ready('10.1.0.1', 'False'), MERGE);
  expect((await slices())[0]?.endpoints[0]?.conditions).toEqual({ ready: true, serving: false, terminating: false });
});

test('at most 100 endpoints in a slice; one change touches one slice; none writes none', async () => {
  await api.call('POST', `${NS}/services`, service('web'));
  for (let index = 0; index < 230; index++) {
    const made = pod(`p${index}`, { app: 'web' });
    const metadata = { ...made.metadata, namespace: 'default' };
    api.server.put({ ...made, metadata, ...ready(`10.1.${index >> 8}.${index & 255}`) } as never);
  }
  const before = await slices();
  expect(before.map(({ endpoints }) => endpoints.length).sort()).toEqual([100, 100, 30]);
  await api.call('PATCH', `${NS}/pods/p42/status`, ready('10.1.0.42', 'False'), MERGE);
  await api.call('PATCH', `${NS}/pods/p43`, { metadata: { annotations: { a: 'b' } } }, MERGE);
  const after = await slices();
  const changed = after.filter(
    (slice) => !before.some(({ metadata }) => metadata.resourceVersion === slice.metadata.resourceVersion),
  );
  expect(changed.length).toBe(1);
  expect(after.map(({ metadata }) => metadata.name)).toEqual(before.map(({ metadata }) => metadata.name));
});

test('a new target port rewrites the slice in place', async () => {
  await api.call('POST', `${NS}/services`, service('web'));
  await runPod('p1', '10.1.0.1');
  const [before] = await slices();
  await api.call('PATCH', `${NS}/services/web`, { spec: { ports: [{ port: 80, targetPort: 9000 }] } }, MERGE);
  const after = await slices();
  expect(after).toMatchObject([{ metadata: { name: before?.metadata.name }, ports: [{ port: 9000 }] }]);
});

test('the zone of a node reaches its endpoints', async () => {
  await api.call('POST', `${NS}/services`, service('web'));
  await runPod('p1', '10.1.0.1');
  await api.call(
    'PATCH',
    '/api/v1/nodes/n1',
    { metadata: { labels: { 'topology.kubernetes.io/zone': 'zone-b' } } },
    MERGE,
  );
  expect((await slices())[0]?.endpoints[0]?.zone).toBe('zone-b');
});

test('a pod that no longer matches leaves; a slice somebody deletes comes back; all go with the Service', async () => {
  await api.call('POST', `${NS}/services`, service('web'));
  await runPod('p1', '10.1.0.1');
  const [slice] = await slices();
  await api.call('DELETE', `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/${slice?.metadata.name}`);
  expect((await slices())[0]?.endpoints.length).toBe(1);
  await api.call('PATCH', `${NS}/pods/p1`, { metadata: { labels: { app: 'other' } } }, MERGE);
  expect((await slices())[0]?.endpoints).toEqual([]);
  await api.call('DELETE', `${NS}/services/web`);
  expect(await slices()).toEqual([]);
});

test('Services without a selector are left to their owner', async () => {
  const mine = {
    metadata: { name: 'mine', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.9.9.9'] }],
  };
  await api.call('POST', `${NS}/services`, service('web', { selector: null }));
  await api.call('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', mine);
  expect((await slices()).map(({ metadata }) => metadata.name)).toEqual(['mine']);
});
