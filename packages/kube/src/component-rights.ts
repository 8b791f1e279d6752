import type { AccessAttributes } from './client.ts';

/** One right of a component, and what does not work without it. */
export interface ComponentRight extends AccessAttributes {
  readonly without: string;
}

export type Component = 'agent' | 'dashboard';

/** Where the manifests of `deploy/` put everything. */
export const NAMESPACE = 'kubecity';
export const serviceAccountOf = (component: Component): string => `kubecity-${component}`;

const every = (verbs: readonly string[], group: string, resources: readonly string[], without: string) =>
  resources.flatMap((resource) => verbs.map((verb): ComponentRight => ({ verb, group, resource, without })));

const WATCH = ['list', 'watch'];
const OVERRIDES = ['routingoverrides', 'clusterroutingoverrides'];

/** What the Roles of `deploy/base` grant: a test compares them. */
export const componentRights: Readonly<Record<Component, readonly ComponentRight[]>> = {
  agent: [
    ...every(WATCH, '', ['services', 'nodes'], 'no Service is routed'),
    ...every(WATCH, 'discovery.k8s.io', ['endpointslices'], 'no Service is routed'),
    ...every(WATCH, '', ['pods'], 'overrides cannot choose by label, and flows have no names'),
    ...every(WATCH, '', ['namespaces'], 'floors of namespaces are not known'),
    ...every(WATCH, 'networking.k8s.io', ['networkpolicies'], 'no NetworkPolicy is enforced where isolation is on'),
    ...every(WATCH, 'kubecity.dev', OVERRIDES, 'nothing is steered'),
    ...every(['create', 'patch'], 'events.k8s.io', ['events'], 'what happens on a node is in its log only'),
    {
      verb: 'get',
      group: '',
      resource: 'configmaps',
      namespace: NAMESPACE,
      name: 'kubecity-dashboard-ca',
      without: 'the dashboard is not trusted, and the map shows no traffic',
    },
    {
      verb: 'get',
      group: 'apps',
      resource: 'daemonsets',
      namespace: NAMESPACE,
      name: 'kubecity-agent',
      without: 'rules stay on the nodes when Kubecity is removed',
    },
  ],
  dashboard: [
    ...every(WATCH, '', ['namespaces', 'nodes', 'pods', 'services'], 'the map is not whole'),
    ...every(WATCH, 'discovery.k8s.io', ['endpointslices'], 'the map shows no backends'),
    ...every(WATCH, '', ['events'], 'the map shows no events of the cluster'),
    ...every(WATCH, 'kubecity.dev', OVERRIDES, 'the map shows no overrides'),
    ...OVERRIDES.map(
      (resource): ComponentRight => ({
        verb: 'patch',
        group: 'kubecity.dev',
        resource,
        subresource: 'status',
        without: 'overrides have no status, and kubecity --wait waits for ever',
      }),
    ),
    ...every(['create'], 'events.k8s.io', ['events'], 'changes are told in the audit trail only'),
    ...OVERRIDES.map(
      (plural): ComponentRight => ({
        verb: 'get',
        group: 'apiextensions.k8s.io',
        resource: 'customresourcedefinitions',
        name: `${plural}.kubecity.dev`,
        without: 'a definition of another version goes unnoticed',
      }),
    ),
    ...every(['create'], 'authentication.k8s.io', ['tokenreviews'], 'agents are refused'),
    ...['get', 'update'].map(
      (verb): ComponentRight => ({
        verb,
        group: '',
        resource: 'configmaps',
        namespace: NAMESPACE,
        name: 'kubecity-dashboard-ca',
        without: 'agents do not know the certificate of the dashboard',
      }),
    ),
  ],
};

/** `patch routingoverrides/status.kubecity.dev`, with the namespace and name where it is about one object. */
export function rightInWords({ verb, group, resource, subresource, namespace, name }: AccessAttributes): string {
  const what = `${resource}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`;
  const place = namespace === undefined ? (name ?? '') : `${namespace}/${name ?? ''}`;
  return `${verb} ${what}${place === '' ? '' : ` ${place}`}`;
}
