import type {
  KubeEndpointSlice,
  KubeNode,
  KubePod,
  KubeRoutingOverride,
  KubeService,
  ObjectMeta,
} from '@kubecity/routing';

/** The objects the model is made of, by the name under which they are watched. */
export interface CityObjects {
  namespaces: { readonly metadata: ObjectMeta };
  nodes: KubeNode;
  pods: KubePod;
  services: KubeService;
  endpointSlices: KubeEndpointSlice;
  routingOverrides: KubeRoutingOverride;
  clusterRoutingOverrides: KubeRoutingOverride;
}
export type ObjectKind = keyof CityObjects;
export const OBJECT_KINDS = [
  'namespaces',
  'nodes',
  'pods',
  'services',
  'endpointSlices',
  'routingOverrides',
  'clusterRoutingOverrides',
] as const satisfies readonly ObjectKind[];

/** `namespace/name`, or the name alone of what has no namespace. */
export const idOf = ({ namespace, name }: ObjectMeta) => (namespace === undefined ? name : `${namespace}/${name}`);

export const isOverride = (kind: ObjectKind): kind is 'routingOverrides' | 'clusterRoutingOverrides' =>
  kind === 'routingOverrides' || kind === 'clusterRoutingOverrides';

export function overrideKind({ namespace }: ObjectMeta): 'routingOverrides' | 'clusterRoutingOverrides' {
  return namespace ? 'routingOverrides' : 'clusterRoutingOverrides';
}
