import type { Api } from './api-client.ts';

export const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const apiGroup = 'rbac.authorization.k8s.io';

export interface Rule {
  readonly verbs: string[];
  readonly apiGroups?: string[];
  readonly resources?: string[];
  readonly resourceNames?: string[];
  readonly nonResourceURLs?: string[];
}

export const rule = (verbs: string, resources: string, group = '', ...resourceNames: string[]): Rule => ({
  verbs: verbs.split(' '),
  apiGroups: [group],
  resources: resources.split(' '),
  ...(resourceNames.length > 0 ? { resourceNames } : {}),
});

export const role = (name: string, ...rules: Rule[]) => ({ metadata: { name }, rules });

export const user = (name: string) => ({ kind: 'User', apiGroup, name });

/** `ref` is `Role/name` or `ClusterRole/name`. */
export function binding(name: string, ref: string, ...subjects: object[]) {
  const [kind, to] = ref.split('/');
  return { metadata: { name }, roleRef: { apiGroup, kind, name: to }, subjects };
}

export const inNamespace = (namespace: string, plural: string) => `${RBAC}/namespaces/${namespace}/${plural}`;

/** Gives `subject` the rules in one namespace, or with none in the whole cluster. */
export async function grant(api: Api, subject: object, namespace: string | undefined, ...rules: Rule[]): Promise<void> {
  const name = `grant-${JSON.stringify([subject, rules]).replaceAll(/[^a-z]/gi, '')}`.slice(0, 200).toLowerCase();
  const [roles, bindings, kind] = namespace
    ? [inNamespace(namespace, 'roles'), inNamespace(namespace, 'rolebindings'), 'Role']
    : [`${RBAC}/clusterroles`, `${RBAC}/clusterrolebindings`, 'ClusterRole'];
  for (const [path, body] of [
    [roles, role(name, ...rules)],
    [bindings, binding(name, `${kind}/${name}`, subject)],
  ] as const) {
    const { code, body: answer } = await api.call('POST', path, body);
    if (code !== 201) throw new Error(answer.message);
  }
}
