import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Api, startApi } from './api-client.ts';
import { lampDefinition } from './lamp.ts';
import { grant, rule, user } from './rbac.ts';

const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
const LAMPS = '/apis/city.example/v1/namespaces/shop/lamps';

let api: Api;

beforeAll(async () => {
  api = await startApi();
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'shop', labels: { careful: 'yes' } } });
  await api.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', lampDefinition);
  await grant(api, user('bob'), undefined, rule('get create update patch', 'lamps lamps/status', 'city.example'));
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.call('DELETE', POLICIES);
  await api.call('DELETE', BINDINGS);
  await api.call('DELETE', LAMPS);
});

const matching = {
  resourceRules: [
    { apiGroups: ['city.example'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['lamps'] },
  ],
};
const policy = (spec: object) => ({ metadata: { name: 'p' }, spec: { matchConstraints: matching, ...spec } });
const binding = (spec: object = {}) => ({
  metadata: { name: 'b' },
  spec: { policyName: 'p', validationActions: ['Deny'], ...spec },
});
async function hold(spec: object, bound: object = {}): Promise<void> {
  expect((await api.call('POST', POLICIES, policy(spec))).body).toMatchObject({ kind: 'ValidatingAdmissionPolicy' });
  expect((await api.call('POST', BINDINGS, binding(bound))).code).toBe(201);
}
const lamp = (weight: number, more: object = {}) => ({
  metadata: { name: 'l', ...more },
  spec: { street: 'a', weight },
});
const bob = () => api.as({ 'impersonate-user': 'bob' });
const light = { validations: [{ expression: 'object.spec.weight < 10', message: 'too heavy', reason: 'Invalid' }] };

test('a bound policy refuses what its expression denies, by its reason and in its words, also in a dry run', async () => {
  await hold(light);
  const refused = await api.call('POST', LAMPS, lamp(11));
  expect([refused.code, refused.body.reason]).toEqual([422, 'Invalid']);
  expect(refused.body.message).toBe(
    `lamps.city.example "l" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: too heavy`,
  );
  expect((await api.call('POST', `${LAMPS}?dryRun=All`, lamp(11))).code).toBe(422);
  expect((await api.call('POST', LAMPS, lamp(9))).code).toBe(201);
  const patch = await api.call('PATCH', `${LAMPS}/l`, { spec: { weight: 12 } }, 'application/merge-patch+json');
  expect(patch.code).toBe(422);
});

test('an unbound policy, one for another resource and one for other namespaces refuse nothing', async () => {
  await api.call('POST', POLICIES, policy(light));
  expect((await api.call('POST', LAMPS, lamp(11))).code).toBe(201);
  const selecting = (value: string) => ({ namespaceSelector: { matchLabels: { careful: value } } });
  await api.call('POST', BINDINGS, binding({ matchResources: selecting('no') }));
  await api.call('DELETE', `${LAMPS}/l`);
  expect((await api.call('POST', LAMPS, lamp(11))).code).toBe(201);
  await api.call('DELETE', `${LAMPS}/l`);
  await api.call('DELETE', `${BINDINGS}/b`);
  await api.call('POST', BINDINGS, binding({ matchResources: selecting('yes') }));
  expect((await api.call('POST', LAMPS, lamp(11))).code).toBe(422);
});

test('conditions, variables, the old object, and a message that is computed', async () => {
  const atMost = (most: number) => ({
    matchConditions: [{ name: 'changed', expression: 'oldObject == null || object.spec != oldObject.spec' }],
    variables: [
      { name: 'most', expression: `namespaceObject.metadata.labels.careful == 'yes' ? ${most} : 50` },
      { name: 'fits', expression: 'object.spec.weight <= variables.most' },
    ],
    validations: [{ expression: 'variables.fits', messageExpression: "'at most ' + string(variables.most)" }],
  });
  await hold(atMost(5));
  expect((await api.call('POST', LAMPS, lamp(6))).body.message).toContain('denied request: at most 5');
  expect((await api.call('POST', LAMPS, lamp(5))).code).toBe(201);
  await api.call('DELETE', `${POLICIES}/p`);
  expect((await api.call('POST', POLICIES, policy(atMost(1)))).code).toBe(201);
  const patch = (body: object) => api.call('PATCH', `${LAMPS}/l`, body, 'application/merge-patch+json');
  expect((await patch({ metadata: { labels: { a: 'b' } } })).code).toBe(200);
  expect((await patch({ spec: { weight: 4 } })).body.message).toContain('denied request: at most 1');
});

test('the authorizer answers for whoever asks, and a verb of our own is as good as any', async () => {
  await hold({
    validations: [
      {
        expression:
          "authorizer.group('city.example').resource('lamps').namespace(request.namespace).check('dim').allowed()",
        messageExpression: "request.userInfo.username + ' may not'",
        reason: 'Forbidden',
      },
    ],
  });
  const refused = await bob()('POST', LAMPS, lamp(1));
  expect([refused.code, refused.body.message]).toEqual([403, expect.stringContaining('denied request: bob may not')]);
  await grant(api, user('bob'), 'shop', rule('dim', 'lamps', 'city.example'));
  expect((await bob()('POST', LAMPS, lamp(1))).code).toBe(201);
});

test('what cannot be evaluated is refused, unless the policy says to ignore that', async () => {
  const broken = { validations: [{ expression: 'object.spec.nothing == 1' }] };
  await hold(broken);
  expect((await api.call('POST', LAMPS, lamp(1))).body.message).toContain('expression resulted in error');
  await api.call('DELETE', `${POLICIES}/p`);
  await api.call('POST', POLICIES, policy({ ...broken, failurePolicy: 'Ignore' }));
  expect((await api.call('POST', LAMPS, lamp(1))).code).toBe(201);
});

describe('a policy that could not hold is refused by name', () => {
  test.each([
    ['spec.validations[0].expression', { validations: [{ expression: 'object.spec.weight <' }] }],
    ['spec.validations[0].expression', { validations: [{ expression: "'text'" }] }],
    ['spec.validations', {}],
    ['spec.paramKind', { ...light, paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }],
    ['spec.matchConstraints.objectSelector', { ...light, matchConstraints: { ...matching, objectSelector: {} } }],
  ])('%s', async (field, spec) => {
    const { code, body } = await api.call('POST', POLICIES, policy(spec));
    expect(code).toBe(422);
    expect(body.details.causes.map((cause: { field: string }) => cause.field)).toContain(field);
  });
});
