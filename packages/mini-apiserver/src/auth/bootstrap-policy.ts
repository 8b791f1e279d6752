import { copy, type Json, type JsonObject, type KubeObject } from '../object.ts';
import { RBAC } from './authorizer.ts';
import { AUTHENTICATED, MASTERS } from './identity.ts';
import type { User } from './users.ts';

const READING = ['get', 'list', 'watch'];
const WRITING = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const BASIC_PATHS = ['/healthz', '/livez', '/readyz', '/version', '/version/'];
const DISCOVERY_PATHS = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'];

const rule = (group: string, resources: string[], verbs: string[]): JsonObject => ({
  apiGroups: [group],
  resources,
  verbs,
});
const paths = (nonResourceURLs: string[], verbs = ['get']): JsonObject => ({ nonResourceURLs, verbs });

function clusterRole(name: string, rules: JsonObject[], labels: Record<string, string> = {}): KubeObject {
  const metadata = { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels } };
  return { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata, rules };
}

const gathers = (role: string): Record<string, string> => ({ [`${RBAC}/aggregate-to-${role}`]: 'true' });

/** Gathers the rules of the ClusterRoles that carry the label, also of those that users make. */
const gathering = (role: KubeObject): KubeObject => ({
  ...role,
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: gathers(role.metadata.name) }] },
});

const NAMESPACED = ['configmaps', 'events', 'pods', 'serviceaccounts', 'services'];

/** Reads everything, nodes and roles too, which the ClusterRole `view` of Kubernetes does not. */
const READER = 'mini-apiserver:reader';

/** The ClusterRoles of a new cluster: those of Kubernetes that speak of resources this server has. */
const CLUSTER_ROLES: readonly KubeObject[] = [
  clusterRole('cluster-admin', [rule('*', ['*'], ['*']), paths(['*'], ['*'])]),
  clusterRole('system:discovery', [paths([...BASIC_PATHS, ...DISCOVERY_PATHS])]),
  clusterRole('system:public-info-viewer', [paths(BASIC_PATHS)]),
  clusterRole('system:basic-user', [
    rule('authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
    rule('authentication.k8s.io', ['selfsubjectreviews'], ['create']),
  ]),
  clusterRole('system:auth-delegator', [
    rule('authentication.k8s.io', ['tokenreviews'], ['create']),
    rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
  ]),
  clusterRole(
    'system:aggregate-to-view',
    [
      rule('', [...NAMESPACED, 'namespaces', 'namespaces/status', 'pods/status', 'services/status'], READING),
      rule('apps', ['deployments', 'deployments/scale', 'deployments/status'], READING),
      rule('discovery.k8s.io', ['endpointslices'], READING),
      rule('events.k8s.io', ['events'], READING),
      rule('networking.k8s.io', ['networkpolicies'], READING),
    ],
    gathers('view'),
  ),
  clusterRole(
    'system:aggregate-to-edit',
    [
      rule('', NAMESPACED, WRITING),
      rule('', ['serviceaccounts'], ['impersonate']),
      rule('', ['serviceaccounts/token'], ['create']),
      rule('apps', ['deployments', 'deployments/scale'], WRITING),
      rule('events.k8s.io', ['events'], WRITING),
      rule('networking.k8s.io', ['networkpolicies'], WRITING),
    ],
    gathers('edit'),
  ),
  clusterRole(
    'system:aggregate-to-admin',
    [rule(RBAC, ['roles', 'rolebindings'], [...READING, ...WRITING])],
    gathers('admin'),
  ),
  gathering(clusterRole('view', [], gathers('edit'))),
  gathering(clusterRole('edit', [], gathers('admin'))),
  gathering(clusterRole('admin', [])),
  clusterRole(READER, [rule('*', ['*'], READING), paths(['*'])]),
];

type Subject = { readonly kind: 'User' | 'Group'; readonly name: string };

function binding(name: string, role: string, subjects: readonly Subject[]): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: subjects.map((subject) => ({ apiGroup: RBAC, ...subject })),
  };
}

/** A role and a binding for each grant of a user. */
function granted({ name: user, grants = [] }: User): KubeObject[] {
  return grants.flatMap(({ namespace, rules }, index) => {
    const metadata = { name: `mini-apiserver:${user}:${index}`, namespace };
    const kind = namespace === undefined ? 'ClusterRole' : 'Role';
    const apiVersion = `${RBAC}/v1`;
    const subjects = [{ kind: 'User', apiGroup: RBAC, name: user }];
    const roleRef = { apiGroup: RBAC, kind, name: metadata.name };
    return [
      { apiVersion, kind, metadata, rules: copy(rules as Json[]) },
      { apiVersion, kind: `${kind}Binding`, metadata: { ...metadata }, roleRef, subjects },
    ];
  });
}

/** The roles and bindings of a new cluster with these users. */
export function bootstrapPolicy(users: readonly User[]): KubeObject[] {
  const everybody: Subject = { kind: 'Group', name: AUTHENTICATED };
  const having = (access: User['access']): Subject[] =>
    users.filter((user) => user.access === access).map(({ name }) => ({ kind: 'User', name }));
  return [
    ...CLUSTER_ROLES,
    binding('cluster-admin', 'cluster-admin', [{ kind: 'Group', name: MASTERS }]),
    ...['system:discovery', 'system:basic-user', 'system:public-info-viewer'].map((name) =>
      binding(name, name, [everybody]),
    ),
    binding('mini-apiserver:admins', 'cluster-admin', having('admin')),
    binding('mini-apiserver:readers', READER, having('view')),
    ...users.flatMap(granted),
  ];
}
