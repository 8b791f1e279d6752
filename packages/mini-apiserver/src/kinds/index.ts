import type { ResourceType } from '../resource-type.ts';
import { configMaps, serviceAccounts, serviceCidrs } from './configuration.ts';
import { customResourceDefinitions } from './crd.ts';
import { deployments } from './deployment.ts';
import { endpointSlices } from './endpointslice.ts';
import { events, newEvents } from './event.ts';
import { namespaces } from './namespace.ts';
import { networkPolicies } from './networkpolicy.ts';
import { nodes } from './node.ts';
import { pods } from './pod.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './rbac.ts';
import { services } from './service.ts';

/** Everything that is served from the start. */
export const builtinTypes: readonly ResourceType[] = [
  namespaces,
  nodes,
  pods,
  services,
  events,
  newEvents,
  serviceAccounts,
  configMaps,
  deployments,
  endpointSlices,
  networkPolicies,
  serviceCidrs,
  customResourceDefinitions,
  roles,
  clusterRoles,
  roleBindings,
  clusterRoleBindings,
];
