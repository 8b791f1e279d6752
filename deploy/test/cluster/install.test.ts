import { join } from 'node:path';
import { isKubeError, resources } from '@kubecity/kube';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../packages/mini-apiserver/src/object.ts';
import { build, buildWith, DEPLOY, keyOf } from '../kustomization.ts';
import { type Grounds, kinds, openGrounds } from './grounds.ts';

let grounds: Grounds;
let served: Map<string, { readonly name: string; readonly namespaced: boolean }>;
beforeAll(async () => {
  grounds = await openGrounds();
  if (grounds.mini) for (const kind of ['ServiceMonitor', 'PrometheusRule']) await defineStandIn(kind);
  served = new Map();
  for (const group of new Set(everything.map(({ apiVersion }) => apiVersion))) {
    const { status, body } = await grounds.raw('GET', rootOf(group));
    if (status !== 200) continue;
    for (const { kind, name, namespaced } of body.resources) {
      if (!name.includes('/')) served.set(`${group} ${kind}`, { name, namespaced });
    }
  }
});
afterAll(() => grounds.close());

const components = ['monitoring', 'ingress'].map((name) => join(DEPLOY, 'components', name));
const OVERLAYS = ['observe', 'steer', 'replace', 'development'];
const overlay = (name: string) => join(DEPLOY, 'overlays', name);
const everything = [
  ...OVERLAYS.flatMap((name) => build(overlay(name)).map((object) => [name, object] as const)),
  ...buildWith(overlay('steer'), ...components).map((object) => ['with all components', object] as const),
  ...build(join(DEPLOY, 'cleanup')).map((object) => ['cleanup', object] as const),
].map(([where, object]) => ({ where, object, apiVersion: object.apiVersion }));

const rootOf = (apiVersion: string) => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

/** Of the operator of Prometheus, which a cluster has or has not: here only so that the objects are stored and read. */
async function defineStandIn(kind: string): Promise<void> {
  const plural = `${kind.toLowerCase()}s`;
  const group = 'monitoring.coreos.com';
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
  await grounds.admin.create<object>(resources.customResourceDefinitions, definition);
}

/** Into the namespace of these cases: a dry run needs one that is there. */
const moved = (object: KubeObject): KubeObject =>
  object.metadata.namespace === undefined
    ? object
    : { ...object, metadata: { ...object.metadata, namespace: grounds.namespace } };

describe('the server takes every object, unknown fields refused, without keeping it', () => {
  test.each(everything.map(({ where, object }) => [where, keyOf(object), object] as const))(
    '%s: %s',
    async (_where, key, object) => {
      const type = served.get(`${object.apiVersion} ${object.kind}`);
      // a cluster without the operator of Prometheus, or older than the policies
      if (!type)
        return expect(object.apiVersion).toMatch(/^(monitoring\.coreos\.com|admissionregistration\.k8s\.io)\//);
      const place = type.namespaced ? `/namespaces/${grounds.namespace}` : '';
      const collection = `${rootOf(object.apiVersion)}${place}/${type.name}`;
      const dry = '?dryRun=All&fieldValidation=Strict';
      const made = await grounds.raw('POST', collection + dry, moved(object));
      if (made.status === 409) {
        const patched = await grounds.raw('PATCH', `${collection}/${object.metadata.name}${dry}`, moved(object));
        expect(patched.status, `${key}: ${patched.body.message}`).toBe(200);
      } else expect(made.status, `${key}: ${made.body.message}`).toBe(201);
    },
  );

  test('nothing of it was kept', async () => {
    await expect(
      grounds.admin.get(kinds.configMaps, { namespace: grounds.namespace, name: 'kubecity-agent' }),
    ).rejects.toSatisfy((error) => isKubeError(error, 'not-found'));
  });

  test('a misspelt field would be found', async () => {
    const { status } = await grounds.raw(
      'POST',
      `/api/v1/namespaces/${grounds.namespace}/services?dryRun=All&fieldValidation=Strict`,
      { metadata: { name: 'x' }, spec: { port: [] } },
    );
    expect(status).toBe(400);
  });
});

describe('the definitions refuse by field what routing would not understand', () => {
  const { routingOverrides, clusterRoutingOverrides } = resources;
  test.each<[spec: object, field: string]>([
    [{ service: 'cart' }, 'spec.weight'],
    [{ service: 'cart', weight: 1, share: 1 }, 'spec.share'],
    [{ service: 'cart', weight: 1001 }, 'spec.weight'],
    [{ service: 'cart', drain: { existing: 'kill' } }, 'spec.drain.existing'],
    [{ service: 'cart', drain: {}, ramp: { from: 0, seconds: 1 } }, 'spec.ramp'],
    [{ weight: 1 }, 'spec.service'],
    [{ weight: 1, backends: { zones: ['a'] }, ports: ['http'] }, 'spec.ports'],
    [
      { service: 'cart', weight: 1, startAt: '2026-11-23T10:00:00Z', expiresAt: '2026-11-23T09:00:00Z' },
      'spec.expiresAt',
    ],
  ])('%j', async (spec, field) => {
    const object = { metadata: { namespace: grounds.namespace, name: 'refused' }, spec };
    await expect(grounds.admin.create(routingOverrides, object)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(`${field}:`),
    });
  });

  test('a whole one is taken, with its defaults', async () => {
    const name = `${grounds.namespace}-taken`;
    const here = { namespace: grounds.namespace, name };
    const made = await grounds.admin.create(routingOverrides, {
      metadata: here,
      spec: { service: 'a', drain: {} },
    });
    expect(made).toMatchObject({ spec: { allowEmpty: false, drain: { existing: 'wait', sticky: 'expire' } } });
    await grounds.admin.create(clusterRoutingOverrides, {
      metadata: { name },
      spec: { backends: { zones: ['z'] }, weight: 1 },
    });
    await grounds.admin.delete(clusterRoutingOverrides, { name });
  });
});
