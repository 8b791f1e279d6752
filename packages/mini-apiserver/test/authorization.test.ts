import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Api, type Caller, pod, startApi } from './api-client.ts';
import { binding, grant, inNamespace, RBAC, role, rule, user } from './rbac.ts';

let api: Api;
let ann: Caller;

beforeEach(async () => {
  api = await startApi({
    users: [
      { token: 'token-of-ann', name: 'ann', groups: ['night'], access: 'none' },
      { token: 'token-of-view', name: 'view', groups: [], access: 'view' },
      { token: 'token-of-boss', name: 'boss', groups: [], access: 'admin' },
      {
        token: 'token-of-eve',
        name: 'eve',
        groups: [],
        access: 'none',
        grants: [{ namespace: 'shop', rules: [rule('list', 'pods')] }, { rules: [rule('list', 'nodes')] }],
      },
    ],
  });
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
  ann = api.as('token-of-ann');
});
afterEach(() => api.close());

const PODS = '/api/v1/namespaces/shop/pods';
const answer = async (caller: Caller, method: string, path: string, body?: unknown, type?: string) => {
  const { code, body: got } = await caller(method, path, body, type);
  return [code, got.message];
};

test('who holds no role may do nothing but look around and ask about themselves', async () => {
  expect(await answer(ann, 'GET', PODS)).toEqual([
    403,
    'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "shop"',
  ]);
  expect(await answer(ann, 'DELETE', '/api/v1/nodes/n1')).toEqual([
    403,
    'nodes "n1" is forbidden: User "ann" cannot delete resource "nodes" in API group "" at the cluster scope',
  ]);
  expect(await answer(ann, 'GET', '/api/v1/namespaces/shop')).toEqual([
    403,
    'namespaces "shop" is forbidden: User "ann" cannot get resource "namespaces" in API group "" in the namespace "shop"',
  ]);
  expect(await answer(ann, 'PUT', `${PODS}/p/status`)).toEqual([
    403,
    'pods "p" is forbidden: User "ann" cannot update resource "pods/status" in API group "" in the namespace "shop"',
  ]);
  expect(await answer(ann, 'GET', '/logs')).toEqual([403, 'forbidden: User "ann" cannot get path "/logs"']);
  const { body } = await ann('GET', PODS);
  expect(body).toMatchObject({ reason: 'Forbidden', details: { kind: 'pods' } });
  for (const path of ['/api', '/apis', '/apis/apps/v1', '/version', '/openapi/v3']) {
    expect([path, (await ann('GET', path)).code]).toEqual([path, 200]);
  }
});

test('a role holds in its namespace, for its verbs, resources and subresources', async () => {
  await grant(api, user('ann'), 'shop', rule('get list', 'pods pods/status'));
  await api.call('POST', PODS, pod('p'));
  expect((await ann('GET', PODS)).code).toBe(200);
  expect((await ann('GET', `${PODS}/p`)).code).toBe(200);
  expect((await ann('GET', `${PODS}/p/status`)).code).toBe(200);
  expect((await ann('GET', '/api/v1/namespaces/default/pods')).code).toBe(403);
  expect((await ann('GET', '/api/v1/pods')).code).toBe(403);
  expect((await ann('GET', `${PODS}?watch=true`)).code).toBe(403);
  expect((await ann('POST', `${PODS}/p/binding`, {})).code).toBe(403);
  expect((await ann('DELETE', PODS)).body.message).toContain('cannot deletecollection resource "pods"');
});

test('names bind get, update and a list by that name, not create', async () => {
  await grant(api, user('ann'), 'shop', rule('*', 'pods', '', 'p'));
  await api.call('POST', PODS, pod('p'));
  expect((await ann('GET', `${PODS}/p`)).code).toBe(200);
  expect((await ann('GET', `${PODS}/q`)).code).toBe(403);
  expect((await ann('GET', PODS)).code).toBe(403);
  expect((await ann('GET', `${PODS}?fieldSelector=metadata.name%3Dp`)).code).toBe(200);
  expect((await ann('POST', PODS, pod('p'))).code).toBe(403);
});

test('groups and service accounts are subjects; a ClusterRole may be bound in one namespace', async () => {
  await api.call(
    'POST',
    inNamespace('shop', 'rolebindings'),
    binding('n', 'ClusterRole/view', { kind: 'Group', name: 'night' }),
  );
  expect((await ann('GET', PODS)).code).toBe(200);
  expect((await ann('GET', '/api/v1/pods')).code).toBe(403);
  expect((await ann('GET', '/api/v1/nodes')).code).toBe(403);
  const account = api.as({ 'impersonate-user': 'system:serviceaccount:shop:default' });
  expect((await account('GET', PODS)).code).toBe(403);
  await grant(api, { kind: 'ServiceAccount', name: 'default' }, 'shop', rule('list', 'pods'));
  expect((await account('GET', PODS)).code).toBe(200);
});

test('a binding that goes takes the right along; one to no role says so', async () => {
  const bindings = inNamespace('shop', 'rolebindings');
  await api.call('POST', bindings, binding('b', 'Role/none', user('ann')));
  expect((await ann('GET', PODS)).body.message).toContain(
    'in the namespace "shop": RBAC: role.rbac.authorization.k8s.io "none" not found',
  );
  await api.call('POST', inNamespace('shop', 'roles'), role('none', rule('list', 'pods')));
  expect((await ann('GET', PODS)).code).toBe(200);
  await api.call('DELETE', `${bindings}/b`);
  expect((await ann('GET', PODS)).code).toBe(403);
});

test('the users of the server: readers read everything, admins write, grants hold where they say', async () => {
  const [view, boss] = [api.as('token-of-view'), api.as('token-of-boss')];
  for (const path of ['/api/v1/nodes', `${RBAC}/clusterroles`, PODS, '/logs']) {
    expect([path, (await view('GET', path)).code]).not.toEqual([path, 403]);
  }
  expect((await view('POST', PODS, pod('p'))).code).toBe(403);
  expect((await boss('POST', PODS, pod('p'))).code).toBe(201);
  const eve = api.as('token-of-eve');
  const paths = [PODS, '/api/v1/namespaces/default/pods', '/api/v1/nodes', '/api/v1/pods'];
  expect(await Promise.all(paths.map(async (path) => (await eve('GET', path)).code))).toEqual([200, 403, 200, 403]);
});

test('aggregated roles gather what carries their label, also through one another', async () => {
  const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
  const steering = {
    ...role('steering'),
    metadata: { name: 'steering', labels },
    rules: [rule('get', 'overrides', 'x.y')],
  };
  await api.call('POST', `${RBAC}/clusterroles`, steering);
  for (const name of ['view', 'edit', 'admin']) {
    const { body } = await api.call('GET', `${RBAC}/clusterroles/${name}`);
    expect(body.rules).toContainEqual(steering.rules[0]);
  }
  const { body: admin } = await api.call('GET', `${RBAC}/clusterroles/admin`);
  expect(admin.rules).toContainEqual(expect.objectContaining({ resources: ['roles', 'rolebindings'] }));
  await api.call('DELETE', `${RBAC}/clusterroles/steering`);
  const { body: view } = await api.call('GET', `${RBAC}/clusterroles/view`);
  expect(view.rules).not.toContainEqual(steering.rules[0]);
});

test('nobody gives rights that they do not have', async () => {
  await grant(
    api,
    user('ann'),
    'shop',
    rule('create update', 'roles rolebindings', 'rbac.authorization.k8s.io'),
    rule('get list', 'pods'),
  );
  const roles = inNamespace('shop', 'roles');
  const bindings = inNamespace('shop', 'rolebindings');
  expect((await ann('POST', roles, role('mine', rule('get', 'pods')))).code).toBe(201);
  expect(
    await answer(ann, 'POST', roles, role('more', rule('get delete watch', 'pods'), rule('*', 'services'))),
  ).toEqual([
    403,
    'roles.rbac.authorization.k8s.io "more" is forbidden: user "ann" (groups=["night" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "watch"]}\n' +
      '{APIGroups:[""], Resources:["services"], Verbs:["*"]}',
  ]);
  const { body: mine } = await api.call('GET', `${roles}/mine`);
  expect((await ann('PUT', `${roles}/mine`, { ...mine, rules: [rule('*', 'pods')] })).code).toBe(403);
  expect((await ann('POST', bindings, binding('self', 'Role/mine', user('bob')))).code).toBe(201);
  expect((await ann('POST', bindings, binding('edit', 'ClusterRole/edit', user('ann')))).code).toBe(403);
  expect(await answer(ann, 'POST', bindings, binding('none', 'Role/none', user('ann')))).toEqual([
    404,
    'roles.rbac.authorization.k8s.io "none" not found',
  ]);
  await grant(api, user('ann'), 'shop', rule('bind', 'clusterroles', 'rbac.authorization.k8s.io', 'edit'));
  expect((await ann('POST', bindings, binding('edit', 'ClusterRole/edit', user('ann')))).code).toBe(201);
  expect((await ann('POST', bindings, binding('admin', 'ClusterRole/admin', user('ann')))).code).toBe(403);
  await grant(api, user('ann'), 'shop', rule('escalate', 'roles', 'rbac.authorization.k8s.io', 'mine', 'all'));
  expect((await ann('PUT', `${roles}/mine`, { ...mine, rules: [rule('*', 'pods')] })).code).toBe(200);
  expect((await ann('POST', roles, role('all', rule('*', '*', '*')))).code).toBe(403);
  await grant(api, user('ann'), 'shop', rule('escalate', 'roles', 'rbac.authorization.k8s.io'));
  expect((await ann('POST', roles, role('all', rule('*', '*', '*')))).code).toBe(201);
});

test('an aggregation rule needs all rights', async () => {
  await grant(api, user('ann'), undefined, rule('create', 'clusterroles', 'rbac.authorization.k8s.io'));
  const gathering = { ...role('all'), aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } };
  expect(await answer(ann, 'POST', `${RBAC}/clusterroles`, gathering)).toEqual([
    403,
    'clusterroles.rbac.authorization.k8s.io "all" is forbidden: must have cluster-admin privileges to use the aggregationRule',
  ]);
  expect((await api.as('token-of-boss')('POST', `${RBAC}/clusterroles`, gathering)).code).toBe(201);
});

test.each<[string, string, object, string]>([
  [
    'no verbs',
    'roles',
    { rules: [{ apiGroups: [''], resources: ['pods'] }] },
    'rules[0].verbs: Required value: verbs must contain at least one value',
  ],
  [
    'no group',
    'roles',
    { rules: [{ verbs: ['get'], resources: ['pods'] }] },
    'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
  ],
  [
    'no resource',
    'roles',
    { rules: [{ verbs: ['get'], apiGroups: [''] }] },
    'rules[0].resources: Required value: resource rules must supply at least one resource',
  ],
  [
    'URLs in a namespace',
    'roles',
    { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
    'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
  ],
  [
    'a role of another kind',
    'rolebindings',
    binding('x', 'Pod/p'),
    'roleRef.kind: Unsupported value: "Pod": supported values: "ClusterRole", "Role"',
  ],
  ['a role without name', 'rolebindings', binding('x', 'Role/'), 'roleRef.name: Required value'],
  [
    'a subject of no kind',
    'rolebindings',
    binding('x', 'Role/r', { kind: 'Robot', name: 'r' }),
    'subjects[0].kind: Unsupported value: "Robot"',
  ],
  [
    'a subject without name',
    'rolebindings',
    binding('x', 'Role/r', { kind: 'User' }),
    'subjects[0].name: Required value',
  ],
])('refuses %s', async (_, plural, body, words) => {
  const { code, body: got } = await api.call('POST', inNamespace('shop', plural), { metadata: { name: 'x' }, ...body });
  expect([code, got.reason]).toEqual([422, 'Invalid']);
  expect(got.message).toContain(words);
});

test('a binding keeps its role; names may hold colons', async () => {
  const bindings = `${RBAC}/clusterrolebindings`;
  const { code, body } = await api.call(
    'POST',
    bindings,
    binding('a:b', 'ClusterRole/view', { kind: 'ServiceAccount', name: 's', namespace: 'shop' }),
  );
  expect(code).toBe(201);
  const moved = await api.call('PUT', `${bindings}/a:b`, { ...body, roleRef: { ...body.roleRef, name: 'edit' } });
  expect(moved.body.message).toContain('cannot change roleRef');
  const homeless = binding('c', 'ClusterRole/view', { kind: 'ServiceAccount', name: 's' });
  expect((await api.call('POST', bindings, homeless)).body.message).toContain('subjects[0].namespace: Required value');
  expect((await api.call('POST', bindings, binding('a/b', 'ClusterRole/view'))).body.message).toContain(
    "may not contain '/'",
  );
});

const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
const asked = (resourceAttributes: object) => ({ spec: { resourceAttributes } });

test('reviews of access answer by the same roles', async () => {
  await grant(api, user('ann'), 'shop', rule('get', 'pods pods/status'));
  const may = async (attributes: object) =>
    (await ann('POST', `${AUTHORIZATION}/selfsubjectaccessreviews`, asked(attributes))).body.status;
  const pods = { verb: 'get', resource: 'pods', namespace: 'shop' };
  expect(await may(pods)).toEqual({
    allowed: true,
    reason: expect.stringMatching(/^RBAC: allowed by RoleBinding "grant-.*\/shop" of Role ".*" to User "ann"$/),
  });
  expect(await may({ ...pods, subresource: 'status' })).toMatchObject({ allowed: true });
  expect(await may({ ...pods, subresource: 'log' })).toEqual({ allowed: false });
  expect(await may({ ...pods, namespace: '' })).toEqual({ allowed: false });
  expect((await ann('POST', `${AUTHORIZATION}/subjectaccessreviews`, asked(pods))).code).toBe(403);

  const review = async (spec: object) =>
    (await api.call('POST', `${AUTHORIZATION}/subjectaccessreviews`, { spec })).body;
  expect((await review({ user: 'ann', resourceAttributes: pods })).status.allowed).toBe(true);
  expect((await review({ user: 'bob', resourceAttributes: pods })).status).toEqual({ allowed: false });
  expect((await review({ groups: ['system:masters'], resourceAttributes: pods })).status).toEqual({ allowed: true });
  expect((await review({ user: 'view', nonResourceAttributes: { path: '/logs', verb: 'get' } })).status.allowed).toBe(
    true,
  );
  expect((await review({ user: 'ann', nonResourceAttributes: { path: '/logs', verb: 'get' } })).status.allowed).toBe(
    false,
  );
  expect((await review({ user: 'ann' })).message).toContain(
    'exactly one of nonResourceAttributes or resourceAttributes must be specified',
  );
  expect((await review({ resourceAttributes: pods })).message).toContain(
    'spec.user: Invalid value: "": at least one of user or group must be specified',
  );
});

test('a review of rules lists what somebody may in a namespace', async () => {
  await grant(api, user('ann'), 'shop', rule('get', 'pods', '', 'p'));
  const rules = async (namespace: string) =>
    (await ann('POST', `${AUTHORIZATION}/selfsubjectrulesreviews`, { spec: { namespace } })).body.status;
  const pods = { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['p'] };
  const found = await rules('shop');
  expect(found.resourceRules).toContainEqual(pods);
  expect(found.resourceRules).toContainEqual(expect.objectContaining({ resources: ['selfsubjectreviews'] }));
  expect(found.nonResourceRules).toContainEqual(expect.objectContaining({ verbs: ['get'] }));
  expect(found.incomplete).toBe(false);
  expect((await rules('default')).resourceRules).not.toContainEqual(pods);
  expect((await ann('POST', `${AUTHORIZATION}/selfsubjectrulesreviews`, { spec: {} })).code).toBe(400);
});

const WHO = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const who = async (caller: Caller) => (await caller('POST', WHO, {})).body.status.userInfo;

test('impersonation needs the right for the user, each group, the uid and each extra value', async () => {
  const token = { authorization: 'Bearer token-of-ann' };
  const acting = (more: Record<string, string | string[]>) => api.as({ ...token, ...more });
  expect(await answer(acting({ 'impersonate-user': 'bob' }), 'GET', PODS)).toEqual([
    403,
    'users "bob" is forbidden: User "ann" cannot impersonate resource "users" in API group "" at the cluster scope',
  ]);
  await grant(
    api,
    user('ann'),
    undefined,
    rule('impersonate', 'users', '', 'bob'),
    rule('impersonate', 'groups', '', 'ops'),
  );
  const bob = { 'impersonate-user': 'bob', 'impersonate-group': ['ops'] };
  expect(await who(acting(bob))).toEqual({ username: 'bob', groups: ['ops', 'system:authenticated'] });
  expect(await answer(acting({ ...bob, 'impersonate-group': ['ops', 'system:masters'] }), 'GET', PODS)).toEqual([
    403,
    'groups "system:masters" is forbidden: User "ann" cannot impersonate resource "groups" in API group "" at the cluster scope',
  ]);
  expect((await answer(acting({ ...bob, 'impersonate-uid': '7' }), 'GET', PODS))[1]).toContain(
    'cannot impersonate resource "uids" in API group "authentication.k8s.io"',
  );
  const scopes = { 'impersonate-extra-acme.com%2Fscopes': ['view'] };
  expect((await answer(acting({ ...bob, ...scopes }), 'GET', PODS))[1]).toContain(
    'cannot impersonate resource "userextras/acme.com/scopes"',
  );
  await grant(
    api,
    user('ann'),
    undefined,
    rule('impersonate', 'uids userextras/acme.com/scopes', 'authentication.k8s.io'),
  );
  expect(await who(acting({ ...bob, ...scopes, 'impersonate-uid': '7' }))).toEqual({
    username: 'bob',
    uid: '7',
    groups: ['ops', 'system:authenticated'],
    extra: { 'acme.com/scopes': ['view'] },
  });
  expect((await acting({ 'impersonate-group': 'ops' })('GET', PODS)).code).toBe(500);
});

test('a service account that is acted as has the groups of its namespace', async () => {
  await grant(api, user('ann'), 'shop', rule('impersonate', 'serviceaccounts'));
  const acting = (name: string) => api.as({ authorization: 'Bearer token-of-ann', 'impersonate-user': name });
  expect(await who(acting('system:serviceaccount:shop:default'))).toEqual({
    username: 'system:serviceaccount:shop:default',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
  });
  expect((await acting('system:serviceaccount:default:default')('GET', PODS)).body.message).toContain(
    'cannot impersonate resource "serviceaccounts" in API group "" in the namespace "default"',
  );
});
