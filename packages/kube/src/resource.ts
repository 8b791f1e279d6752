/** One kind of object, as the API server's paths name it. */
export interface Resource {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const core = (plural: string, namespaced = true): Resource => ({ group: '', version: 'v1', plural, namespaced });

/** Every kind that Kubecity reads or writes. */
export const resources = {
  services: core('services'),
  pods: core('pods'),
  nodes: core('nodes', false),
  namespaces: core('namespaces', false),
  configMaps: core('configmaps'),
  /** The same events as `events`, under the names that every role for readers knows. */
  coreEvents: core('events'),
  events: { group: 'events.k8s.io', version: 'v1', plural: 'events', namespaced: true },
  endpointSlices: { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', namespaced: true },
  deployments: { group: 'apps', version: 'v1', plural: 'deployments', namespaced: true },
  daemonSets: { group: 'apps', version: 'v1', plural: 'daemonsets', namespaced: true },
  networkPolicies: { group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies', namespaced: true },
  routingOverrides: { group: 'kubecity.dev', version: 'v1alpha1', plural: 'routingoverrides', namespaced: true },
  clusterRoutingOverrides: {
    group: 'kubecity.dev',
    version: 'v1alpha1',
    plural: 'clusterroutingoverrides',
    namespaced: false,
  },
  customResourceDefinitions: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    namespaced: false,
  },
} as const satisfies Record<string, Resource>;

/** Where an object or a list of objects is. Without a namespace a list goes over all of them. */
export interface Place {
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** The API server's path of an object or a list: `/apis/apps/v1/namespaces/shop/deployments/cart`. */
export function pathOf(resource: Resource, { namespace, name, subresource }: Place = {}): string {
  const group = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  const sub = subresource === undefined ? '' : `/${subresource}`;
  return `${group}/${resource.version}${scope}/${resource.plural}${object}${sub}`;
}

/** For messages: `get routingoverrides shop/cart-drain`. */
export function describe(verb: string, resource: Resource, { namespace, name, subresource }: Place = {}): string {
  const what = subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;
  if (name !== undefined) return `${verb} ${what} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  return namespace === undefined ? `${verb} ${what}` : `${verb} ${what} in ${namespace}`;
}
