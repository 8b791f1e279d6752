import {
  AppsV1Api,
  AuthenticationV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  RbacAuthorizationV1Api,
  type V1Pod,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MiniApiServer, startMiniApiServer } from '../src/index.ts';
import { lampDefinition } from './lamp.ts';

let server: MiniApiServer;
let admin: KubeConfig;
let viewer: KubeConfig;
let core: CoreV1Api;

beforeAll(async () => {
  server = await startMiniApiServer({
    listen: { host: '127.0.0.1', port: 0 },
    users: [
      { token: 'admin-token', name: 'admin', groups: ['system:masters'], access: 'admin' },
      { token: 'view-token', name: 'viewer', groups: [], access: 'view' },
    ],
  });
  admin = load('admin');
  viewer = load('viewer');
  core = admin.makeApiClient(CoreV1Api);
});
afterAll(() => server.close());

function load(user: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(server.kubeconfig(user));
  return config;
}

const pod = (name: string): V1Pod => ({
  metadata: { name, labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'web:1' }] },
});

test('CoreV1Api: create, read, patch, replace, list, delete', async () => {
  const created = await core.createNamespacedPod({ namespace: 'default', body: pod('p') });
  expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
  const body = [{ op: 'add', path: '/metadata/labels/tier', value: 'front' }];
  const patched = await core.patchNamespacedPod({ name: 'p', namespace: 'default', body });
  expect(patched.metadata?.labels).toEqual({ app: 'web', tier: 'front' });
  patched.metadata = { ...patched.metadata, annotations: { note: 'x' } };
  await core.replaceNamespacedPod({ name: 'p', namespace: 'default', body: patched });
  const { items } = await core.listPodForAllNamespaces({ labelSelector: 'tier=front' });
  expect(items.map((one) => one.metadata?.annotations)).toEqual([{ note: 'x' }]);
  await core.deleteNamespacedPod({ name: 'p', namespace: 'default' });
  await expect(core.readNamespacedPod({ name: 'p', namespace: 'default' })).rejects.toMatchObject({ code: 404 });
});

test('Watch hears of objects in order', async () => {
  const seen: string[] = [];
  const { metadata } = await core.listNamespacedPod({ namespace: 'default' });
  await new Promise<void>((resolve, reject) => {
    const heard = (phase: string, object: V1Pod) => {
      seen.push(`${phase} ${object.metadata?.name}`);
      if (seen.length === 3) started.then((controller) => controller.abort()).then(resolve, reject);
    };
    const query = { resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true };
    const started = new Watch(admin).watch('/api/v1/namespaces/default/pods', query, heard, () => {});
    started
      .then(async () => {
        for (const name of ['a', 'b']) await core.createNamespacedPod({ namespace: 'default', body: pod(name) });
        await core.deleteNamespacedPod({ name: 'a', namespace: 'default' });
      })
      .catch(reject);
  });
  expect(seen).toEqual(['ADDED a', 'ADDED b', 'DELETED a']);
});

test('CustomObjectsApi serves a definition made over HTTP', async () => {
  const custom = admin.makeApiClient(CustomObjectsApi);
  const crds = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' };
  await custom.createClusterCustomObject({ ...crds, body: lampDefinition });
  const lamps = { group: 'city.example', version: 'v1', namespace: 'default', plural: 'lamps' };
  const body = {
    apiVersion: 'city.example/v1',
    kind: 'Lamp',
    metadata: { name: 'l' },
    spec: { street: 'a', weight: 1 },
  };
  await custom.createNamespacedCustomObject({ ...lamps, body });
  const list = await custom.listNamespacedCustomObject(lamps);
  expect(list.items).toMatchObject([{ kind: 'Lamp', spec: { colour: 'white' } }]);
  const bad = { ...body, metadata: { name: 'bad' }, spec: { street: 'a', weight: 2000 } };
  await expect(custom.createNamespacedCustomObject({ ...lamps, body: bad })).rejects.toMatchObject({ code: 422 });
});

test('the scale of a Deployment', async () => {
  const apps = admin.makeApiClient(AppsV1Api);
  const labels = { app: 'd' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const body = { metadata: { name: 'd' }, spec: { selector: { matchLabels: labels }, template } };
  await apps.createNamespacedDeployment({ namespace: 'default', body });
  const scale = await apps.readNamespacedDeploymentScale({ name: 'd', namespace: 'default' });
  await apps.replaceNamespacedDeploymentScale({
    name: 'd',
    namespace: 'default',
    body: { ...scale, spec: { replicas: 3 } },
  });
  expect((await apps.readNamespacedDeployment({ name: 'd', namespace: 'default' })).spec?.replicas).toBe(3);
});

test('a viewer reads and may not write; nobody comes without a token', async () => {
  const reading = viewer.makeApiClient(CoreV1Api);
  await expect(reading.listNamespace()).resolves.toBeDefined();
  await expect(reading.createNamespacedPod({ namespace: 'default', body: pod('x') })).rejects.toMatchObject({
    code: 403,
    body: expect.stringContaining('User \\"viewer\\" cannot create resource \\"pods\\"'),
  });
  const stranger = load('admin');
  for (const user of stranger.users) Object.assign(user, { token: 'wrong' });
  await expect(stranger.makeApiClient(CoreV1Api).listNamespace()).rejects.toMatchObject({ code: 401 });
});

test('reviews of tokens and of access', async () => {
  const review = (token: string) =>
    admin.makeApiClient(AuthenticationV1Api).createTokenReview({ body: { spec: { token } } });
  expect((await review('view-token')).status).toMatchObject({ authenticated: true, user: { username: 'viewer' } });
  expect((await review('nothing')).status).toMatchObject({ authenticated: false });
  const may = async (config: KubeConfig, verb: string) => {
    const body = { spec: { resourceAttributes: { verb, resource: 'pods', namespace: 'default' } } };
    const { status } = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({ body });
    return status?.allowed;
  };
  expect(await may(admin, 'delete')).toBe(true);
  expect(await may(viewer, 'list')).toBe(true);
  expect(await may(viewer, 'delete')).toBe(false);
});

test('a ServiceAccount with a role, by the token that it asked for', async () => {
  const rbac = admin.makeApiClient(RbacAuthorizationV1Api);
  const namespace = 'default';
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }];
  await rbac.createNamespacedRole({ namespace, body: { metadata: { name: 'reads' }, rules } });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads' };
  const subjects = [{ kind: 'ServiceAccount', name: 'default' }];
  await rbac.createNamespacedRoleBinding({ namespace, body: { metadata: { name: 'reads' }, roleRef, subjects } });
  const { status } = await core.createNamespacedServiceAccountToken({
    namespace,
    name: 'default',
    body: { spec: { audiences: [], expirationSeconds: 600 } },
  });
  const account = load('admin');
  for (const user of account.users) Object.assign(user, { token: status?.token });
  const pods = account.makeApiClient(CoreV1Api);
  await expect(pods.listNamespacedPod({ namespace })).resolves.toBeDefined();
  await expect(pods.listNamespace()).rejects.toMatchObject({ code: 403 });
  const body = { spec: { namespace } };
  const asked = account.makeApiClient(AuthorizationV1Api);
  const review = await asked.createSelfSubjectRulesReview({ body });
  expect(review.status?.resourceRules).toContainEqual(
    expect.objectContaining({ resources: ['pods'], verbs: ['list'] }),
  );
});

test('options that would open it to others are refused', async () => {
  await expect(startMiniApiServer({ listen: { host: '0.0.0.0', port: 0 } })).rejects.toThrow('not a loopback address');
  await expect(startMiniApiServer({})).rejects.toThrow('socketPath, listen or both');
  expect(() => server.kubeconfig('nobody')).toThrow('no user nobody');
});
