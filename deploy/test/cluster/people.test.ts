import { join } from 'node:path';
import { type KubeClient, type KubeError, resources } from '@kubecity/kube';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { build, DEPLOY, objectsIn } from '../kustomization.ts';
import type { Rule } from '../rights.ts';
import { type Grounds, kinds, openGrounds } from './grounds.ts';

const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const policyKind = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const;
const policies = { ...policyKind, plural: 'validatingadmissionpolicies' };
const bindings = { ...policyKind, plural: 'validatingadmissionpolicybindings' };

const roles = build(join(DEPLOY, 'base')).filter(({ kind }) => kind === 'ClusterRole');
const rulesOf = (name: string) => roles.find(({ metadata }) => metadata.name === name)?.rules as unknown as Rule[];

let grounds: Grounds;
let viewer: KubeClient;
let operator: KubeClient;
let mayEmpty: KubeClient;
beforeAll(async () => {
  grounds = await openGrounds();
  const become = (...names: string[]) => grounds.become({ cluster: names.flatMap(rulesOf), namespace: [] });
  viewer = await become('kubecity-viewer');
  operator = await become('kubecity-viewer', 'kubecity-operator');
  mayEmpty = await become('kubecity-operator', 'kubecity-may-empty');
});
afterAll(() => grounds.close());

const { routingOverrides, clusterRoutingOverrides } = resources;
let count = 0;
const override = (spec: object = {}, annotations?: Record<string, string>) => ({
  metadata: { namespace: grounds.namespace, name: `o-${++count}`, ...(annotations && { annotations }) },
  spec: { service: 'cart', weight: 50, ...spec },
});
const everywhere = (spec: object = {}) => ({
  metadata: { name: `${grounds.namespace}-${++count}` },
  spec: { backends: { zones: ['nowhere'] }, weight: 50, ...spec },
});

describe('roles', () => {
  test('a viewer sees what the map shows, and steers nothing', async () => {
    for (const resource of [
      resources.services,
      resources.pods,
      resources.nodes,
      resources.endpointSlices,
      resources.networkPolicies,
      routingOverrides,
    ]) {
      await viewer.list(resource, { limit: 1 });
    }
    await expect(viewer.create(routingOverrides, override())).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('an operator steers in namespaces and everywhere, and changes nothing else', async () => {
    const made = await operator.create<ReturnType<typeof override>>(routingOverrides, override());
    await operator.patch(routingOverrides, made.metadata, { spec: { weight: 10 } }, 'merge');
    await operator.delete(routingOverrides, made.metadata);
    const whole = await operator.create<ReturnType<typeof everywhere>>(clusterRoutingOverrides, everywhere());
    await operator.delete(clusterRoutingOverrides, whole.metadata);
    const service = { metadata: { namespace: grounds.namespace, name: 'x' }, spec: { ports: [{ port: 1 }] } };
    await expect(operator.create(resources.services, service)).rejects.toMatchObject({ code: 'forbidden' });
    const status = { namespace: grounds.namespace, name: 'x', subresource: 'status' };
    await expect(operator.patch(routingOverrides, status, { status: {} }, 'merge')).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  test('whoever may view or edit a namespace may view or steer its overrides', () => {
    const labels = Object.fromEntries(roles.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
    expect(labels['kubecity-aggregate-to-view']).toHaveProperty(
      ['rbac.authorization.k8s.io/aggregate-to-view'],
      'true',
    );
    expect(labels['kubecity-aggregate-to-edit']).toHaveProperty(
      ['rbac.authorization.k8s.io/aggregate-to-edit'],
      'true',
    );
    for (const name of ['kubecity-aggregate-to-view', 'kubecity-aggregate-to-edit']) {
      for (const rule of rulesOf(name))
        expect(rule).toMatchObject({ apiGroups: ['kubecity.dev'], resources: ['routingoverrides'] });
    }
  });
});

const outcome = (client: KubeClient, object: object): Promise<string> =>
  client.create(routingOverrides, object).then(
    () => 'taken',
    (error: KubeError) => error.code,
  );

/** A cluster before Kubernetes 1.30 does not serve them. */
const servesPolicies = async () => (await grounds.raw('GET', POLICIES)).status === 200;

describe('admission policies', () => {
  beforeAll(async () => {
    if (!(await servesPolicies())) return;
    // under names of their own, and about this namespace only: the cluster may be somebody's
    for (const file of ['allow-empty', 'reason', 'author']) {
      const [policy, binding] = objectsIn(join(DEPLOY, 'components/admission', `${file}.yaml`));
      const name = `${grounds.namespace}-${file}`;
      const selected = { 'kubernetes.io/metadata.name': grounds.namespace };
      await grounds.admin.create(policies, { ...policy, metadata: { name } });
      // biome-ignore lint/suspicious/noExplicitAny: a binding as the file has it
      const { spec } = binding as any;
      const matchLabels = { ...spec.matchResources?.namespaceSelector.matchLabels, ...selected };
      await grounds.admin.create(bindings, {
        ...binding,
        metadata: { name },
        spec: { ...spec, policyName: name, matchResources: { namespaceSelector: { matchLabels } } },
      } as object);
    }
    // they take effect a moment after they are written
    const refusals = () => [override({ allowEmpty: true }), override({}, { 'kubecity.dev/by': 'nobody' })];
    await vi.waitFor(
      async () => {
        const codes = await Promise.all(refusals().map((object) => outcome(operator, object)));
        expect(codes).toEqual(['forbidden', 'invalid']);
      },
      { timeout: 60_000, interval: 500 },
    );
  });
  afterAll(async () => {
    if (!(await servesPolicies())) return;
    for (const file of ['allow-empty', 'reason', 'author']) {
      await grounds.admin.delete(bindings, { name: `${grounds.namespace}-${file}` });
      await grounds.admin.delete(policies, { name: `${grounds.namespace}-${file}` });
    }
  });

  test('allowEmpty takes a right of its own, to set it and to change what such an override does', async ({ skip }) => {
    if (!(await servesPolicies())) return skip('not served by this cluster');
    await expect(operator.create(routingOverrides, override({ allowEmpty: true }))).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('kubecity-may-empty'),
    });
    const made = await mayEmpty.create<ReturnType<typeof override>>(routingOverrides, override({ allowEmpty: true }));
    const change = (client: KubeClient, patch: object) => client.patch(routingOverrides, made.metadata, patch, 'merge');
    await expect(change(operator, { spec: { weight: 0 } })).rejects.toMatchObject({ code: 'forbidden' });
    // neither its label nor its end is anything new, and to take allowEmpty away makes it safer
    await change(operator, { metadata: { labels: { a: 'b' } } });
    await change(operator, { spec: { allowEmpty: false } });
    await operator.delete(routingOverrides, made.metadata);
  });

  test('who wrote an override can name only themselves', async ({ skip }) => {
    if (!(await servesPolicies())) return skip('not served by this cluster');
    const { user } = await operator.whoAmI();
    const by = (name: string) => override({}, { 'kubecity.dev/by': name });
    await expect(operator.create(routingOverrides, by('ana'))).rejects.toMatchObject({
      message: expect.stringContaining('ana did not write this'),
    });
    const made = await operator.create<ReturnType<typeof by>>(routingOverrides, by(user));
    // somebody else may change it and leave the name, or write their own
    await mayEmpty.patch(routingOverrides, made.metadata, { spec: { weight: 1 } }, 'merge');
    const forged = { metadata: { annotations: { 'kubecity.dev/by': 'ana' } } };
    await expect(mayEmpty.patch(routingOverrides, made.metadata, forged, 'merge')).rejects.toMatchObject({
      code: 'invalid',
    });
  });

  test('a namespace may ask for reasons; whatever reaches everywhere needs one', async ({ skip }) => {
    if (!(await servesPolicies())) return skip('not served by this cluster');
    await operator.create(routingOverrides, override());
    const label = { metadata: { labels: { 'kubecity.dev/require-reason': 'true' } } };
    await grounds.admin.patch(kinds.namespaces, { name: grounds.namespace }, label, 'merge');
    const refused = (spec: object) => outcome(operator, override(spec));
    await expect.poll(() => refused({}), { timeout: 60_000 }).toBe('invalid');
    expect(await refused({ reason: ' ' })).toBe('invalid');
    expect(await refused({ reason: 'INC-123' })).toBe('taken');
    await expect(operator.create(clusterRoutingOverrides, everywhere())).rejects.toMatchObject({ code: 'invalid' });
    const whole = everywhere({ reason: 'INC-123' });
    await operator.create(clusterRoutingOverrides, whole);
    await operator.delete(clusterRoutingOverrides, whole.metadata);
  });
});
