import type { ResourceType } from '../resource-type.ts';
import { admissionPolicies, admissionPolicyBindings } from './admission-policy.ts';
import { configMaps, serviceAccounts, serviceCidrs } from './configuration.ts';
import { customResourceDefinitions } from './crd.ts';
import { daemonSets } from './daemonset.ts';
import { deployments } from './deployment.ts';
import { disruptionBudgets } from './disruption-budget.ts';
import { endpointSlices } from './endpointslice.ts';
import { events, newEvents } from './event.ts';
import { ingresses } from './ingress.ts';
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
  daemonSets,
  endpointSlices,
  networkPolicies,
  ingresses,
  disruptionBudgets,
  admissionPolicies,
  admissionPolicyBindings,
  serviceCidrs,
  customResourceDefinitions,
  roles,
  clusterRoles,
  roleBindings,
  clusterRoleBindings,
];
