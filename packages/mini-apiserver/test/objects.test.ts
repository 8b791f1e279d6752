import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, pod, ready, service, startApi } from './api-client.ts';

let api: Api;
beforeEach(async () => {
  api = await startApi({ now: () => Date.UTC(2026, 10, 22, 12) });
});
afterEach(() => api.close());

const SERVICES = '/api/v1/namespaces/default/services';
const PODS = '/api/v1/namespaces/default/pods';
const MERGE = 'application/merge-patch+json';

describe('writing objects', () => {
  test('a new object gets uid, time and resourceVersion, and its status is not the author’s', async () => {
    const { code, body } = await api.call('POST', SERVICES, {
      ...service('web'),
      status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } },
    });
    expect(code).toBe(201);
    expect(body.metadata).toMatchObject({
      name: 'web',
      namespace: 'default',
      creationTimestamp: '2026-11-22T12:00:00Z',
    });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(100);
    expect(body.status).toEqual({ loadBalancer: {} });
  });

  test('generateName draws a free suffix', async () => {
    const { body } = await api.call('POST', PODS, { ...pod(''), metadata: { generateName: 'web-' } });
    expect(body.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
  });

  test('the same name twice is AlreadyExists, a missing namespace NotFound', async () => {
    await api.call('POST', SERVICES, service('web'));
    const twice = await api.call('POST', SERVICES, service('web'));
    expect(twice).toMatchObject({
      code: 409,
      body: { kind: 'Status', reason: 'AlreadyExists', message: 'services "web" already exists' },
    });
    const nowhere = await api.call('POST', '/api/v1/namespaces/mars/services', service('web'));
    expect(nowhere).toMatchObject({ code: 404, body: { reason: 'NotFound', message: 'namespaces "mars" not found' } });
  });

  test('a PUT with an old resourceVersion is a Conflict, one without it goes through', async () => {
    const { body: first } = await api.call('POST', SERVICES, service('web'));
    const changed = { ...first, metadata: { ...first.metadata, labels: { a: '1' } } };
    expect((await api.call('PUT', `${SERVICES}/web`, changed)).code).toBe(200);
    const late = await api.call('PUT', `${SERVICES}/web`, changed);
    expect(late).toMatchObject({ code: 409, body: { reason: 'Conflict', details: { name: 'web', kind: 'services' } } });
    const { resourceVersion: _, ...metadata } = changed.metadata;
    expect((await api.call('PUT', `${SERVICES}/web`, { ...changed, metadata })).code).toBe(200);
  });

  test('an update that changes nothing writes nothing', async () => {
    const { body: first } = await api.call('POST', SERVICES, service('web'));
    const { body: again } = await api.call('PATCH', `${SERVICES}/web`, { metadata: { labels: null } }, MERGE);
    expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test('the status subresource changes status alone, the object itself all but status', async () => {
    await api.call('POST', PODS, pod('p'));
    const { body } = await api.call(
      'PATCH',
      `${PODS}/p/status`,
      { ...ready('10.1.0.9'), spec: { nodeName: 'other' } },
      MERGE,
    );
    expect(body).toMatchObject({ spec: { nodeName: 'n1' }, status: { podIP: '10.1.0.9' } });
    const { body: after } = await api.call(
      'PATCH',
      `${PODS}/p`,
      { status: { podIP: '10.1.0.1' }, metadata: { labels: { a: 'b' } } },
      MERGE,
    );
    expect(after).toMatchObject({ metadata: { labels: { a: 'b' } }, status: { podIP: '10.1.0.9' } });
  });

  test('generation counts changes of the specification', async () => {
    const path = '/apis/apps/v1/namespaces/default/deployments';
    const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const spec = { selector: { matchLabels: { app: 'x' } }, template };
    const { body } = await api.call('POST', path, { metadata: { name: 'd' }, spec });
    expect(body.metadata.generation).toBe(1);
    expect(body.spec).toMatchObject({ replicas: 1, strategy: { type: 'RollingUpdate' } });
    const labeled = await api.call('PATCH', `${path}/d`, { metadata: { labels: { a: 'b' } } }, MERGE);
    expect(labeled.body.metadata.generation).toBe(1);
    const scaled = await api.call('PATCH', `${path}/d/scale`, { spec: { replicas: 4 } }, MERGE);
    expect(scaled.body).toMatchObject({ kind: 'Scale', spec: { replicas: 4 }, status: { selector: 'app=x' } });
    expect((await api.call('GET', `${path}/d`)).body).toMatchObject({
      metadata: { generation: 2 },
      spec: { replicas: 4 },
    });
  });

  test('dryRun answers as if, and stores nothing', async () => {
    expect((await api.call('POST', `${SERVICES}?dryRun=All`, service('web'))).code).toBe(201);
    expect((await api.call('GET', `${SERVICES}/web`)).code).toBe(404);
  });

  test('JSON patch applies, and a failing test operation is refused', async () => {
    await api.call('POST', SERVICES, service('web'));
    const type = 'application/json-patch+json';
    const done = await api.call(
      'PATCH',
      `${SERVICES}/web`,
      [{ op: 'replace', path: '/spec/ports/0/port', value: 81 }],
      type,
    );
    expect(done.body.spec.ports[0].port).toBe(81);
    const failed = await api.call('PATCH', `${SERVICES}/web`, [{ op: 'test', path: '/spec/type', value: 'X' }], type);
    expect(failed).toMatchObject({ code: 422, body: { reason: 'Invalid' } });
  });

  test('server-side apply is refused by name', async () => {
    const { code, body } = await api.call('PATCH', `${SERVICES}/web`, {}, 'application/apply-patch+yaml');
    expect(code).toBe(415);
    expect(body.message).toContain('no server-side apply');
  });
});

describe('unknown fields', () => {
  const typo = { ...service('web'), spec: { ports: [{ port: 80, prot: 'TCP' }] } };

  test('Strict refuses them in kube-apiserver’s words', async () => {
    const { code, body } = await api.call('POST', `${SERVICES}?fieldValidation=Strict`, typo);
    expect(code).toBe(400);
    expect(body.message).toBe(
      'Service in version "v1" cannot be handled as a Service: strict decoding error: unknown field "spec.ports[0].prot"',
    );
  });

  test('otherwise they are dropped with a warning', async () => {
    const { code, body, warnings } = await api.call('POST', SERVICES, typo);
    expect(code).toBe(201);
    expect(body.spec.ports[0]).not.toHaveProperty('prot');
    expect(warnings).toBe('299 - "unknown field \\"spec.ports[0].prot\\""');
  });

  test('a field of the wrong type is a BadRequest that names it', async () => {
    const { code, body } = await api.call('POST', SERVICES, service('web', { ports: [{ port: 'http' }] }));
    expect(code).toBe(400);
    expect(body.message).toContain('spec.ports[0].port');
  });
});

describe('deleting', () => {
  test('a pod on a node waits for its kubelet', async () => {
    await api.call('POST', PODS, pod('p'));
    const { body } = await api.call('DELETE', `${PODS}/p`, { gracePeriodSeconds: 7 });
    expect(body.metadata).toMatchObject({ deletionTimestamp: '2026-11-22T12:00:07Z', deletionGracePeriodSeconds: 7 });
    expect((await api.call('GET', `${PODS}/p`)).code).toBe(200);
    await api.call('DELETE', `${PODS}/p`, { gracePeriodSeconds: 0 });
    expect((await api.call('GET', `${PODS}/p`)).code).toBe(404);
  });

  test('a pod without a node goes at once', async () => {
    await api.call('POST', PODS, pod('p', {}, ''));
    await api.call('DELETE', `${PODS}/p`);
    expect((await api.call('GET', `${PODS}/p`)).code).toBe(404);
  });

  test('a finalizer keeps the object until it is taken off', async () => {
    const kept = { metadata: { name: 'c', finalizers: ['kubecity.dev/x'] } };
    await api.call('POST', '/api/v1/namespaces/default/configmaps', kept);
    const path = '/api/v1/namespaces/default/configmaps/c';
    const { body } = await api.call('DELETE', path);
    expect(body.metadata.deletionTimestamp).toBeDefined();
    await api.call('PATCH', path, { metadata: { finalizers: null } }, MERGE);
    expect((await api.call('GET', path)).code).toBe(404);
  });

  test('dependents go with their last owner, unless orphaned', async () => {
    const owner = (await api.call('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'owner' } }))
      .body;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid }];
    await api.call('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'child', ownerReferences } });
    await api.call('DELETE', '/api/v1/namespaces/default/configmaps/owner');
    expect((await api.call('GET', '/api/v1/namespaces/default/configmaps/child')).code).toBe(404);
  });

  test('preconditions are kept', async () => {
    await api.call('POST', SERVICES, service('web'));
    const { code, body } = await api.call('DELETE', `${SERVICES}/web`, { preconditions: { uid: 'another' } });
    expect(code).toBe(409);
    expect(body.message).toContain('UID in precondition: another');
  });

  test('a namespace takes its content along and goes when empty', async () => {
    await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
    await api.call('POST', '/api/v1/namespaces/shop/services', service('web'));
    await api.call('POST', '/api/v1/namespaces/shop/pods', pod('p'));
    const { body } = await api.call('DELETE', '/api/v1/namespaces/shop');
    expect(body.status.phase).toBe('Terminating');
    expect((await api.call('GET', '/api/v1/namespaces/shop/services/web')).code).toBe(404);
    const late = await api.call('POST', '/api/v1/namespaces/shop/services', service('late'));
    expect(late).toMatchObject({ code: 403, body: { reason: 'Forbidden' } });
    await api.call('DELETE', '/api/v1/namespaces/shop/pods/p', { gracePeriodSeconds: 0 });
    expect((await api.call('GET', '/api/v1/namespaces/shop')).code).toBe(404);
  });

  test('deletecollection obeys the selector', async () => {
    await api.call('POST', PODS, pod('a', { app: 'x' }, ''));
    await api.call('POST', PODS, pod('b', { app: 'y' }, ''));
    await api.call('DELETE', `${PODS}?labelSelector=app%3Dx`);
    expect(
      (await api.call('GET', PODS)).body.items.map((one: { metadata: { name: string } }) => one.metadata.name),
    ).toEqual(['b']);
  });
});

test('the back door stores what validation refuses', async () => {
  const odd = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'odd', namespace: 'default' },
    spec: { ports: [{ port: 0 }] },
  };
  api.server.put(odd);
  expect((await api.call('GET', `${SERVICES}/odd`)).body.spec).toEqual({ ports: [{ port: 0 }] });
});
