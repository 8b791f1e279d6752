import type { EventNews, Regarding } from '@kubecity/kube';
import { kindOf, type Override, type Problem } from '@kubecity/routing';

/** Who tells, in `reportingController`. */
export const EVENT_CONTROLLER = 'kubecity.dev/agent';

/** `uid` makes `kubectl describe node` find the event; it knows either the Node's own or, as of old, its name. */
const node = (name: string): Regarding => ({ kind: 'Node', name, uid: name });

function service(key: string): Regarding {
  const [namespace = '', name = ''] = key.split('/');
  return { kind: 'Service', namespace, name };
}

function routingOverride({ namespace, name, uid }: Override): Regarding {
  const place = namespace === '' ? {} : { namespace };
  return { apiVersion: 'kubecity.dev/v1alpha1', kind: kindOf({ name, namespace }), ...place, name, uid };
}

/** Every event that the agent writes. Reasons that kube-proxy has too are spelled as there. */
export const agentEvents = {
  starting: (nodeName: string, version: string, mode: string): EventNews => ({
    type: 'Normal',
    reason: 'Starting',
    action: 'StartKubecityAgent',
    regarding: node(nodeName),
    note: `Kubecity ${version} begins in mode ${mode}`,
  }),

  /** @param remark why it is not the mode of the configuration, or what should be known of it */
  modeRemark: (nodeName: string, remark: string): EventNews => ({
    type: 'Warning',
    reason: 'KubecityMode',
    action: 'DecideMode',
    regarding: node(nodeName),
    note: remark,
  }),

  modeChanged: (nodeName: string, mode: string): EventNews => ({
    type: 'Normal',
    reason: 'KubecityMode',
    action: 'ChangeMode',
    regarding: node(nodeName),
    note: `mode ${mode} is carried out on this node`,
  }),

  /** @param key `namespace/name` */
  serviceHealthcheckFailed: (nodeName: string, key: string, port: number, error: Error): EventNews => ({
    type: 'Warning',
    reason: 'FailedToStartServiceHealthcheck',
    action: 'Listen',
    regarding: service(key),
    note: `node ${nodeName} failed to start healthcheck "${key}" on port ${port}: ${error.message}`,
  }),

  healthListenerFailed: (nodeName: string, error: Error): EventNews => ({
    type: 'Warning',
    reason: 'FailedToStartProxierHealthcheck',
    action: 'Listen',
    regarding: node(nodeName),
    note: `/healthz cannot be served: ${error.message}`,
  }),

  metricsListenerFailed: (nodeName: string, error: Error): EventNews => ({
    type: 'Warning',
    reason: 'FailedToStartMetricServer',
    action: 'Listen',
    regarding: node(nodeName),
    note: `/metrics cannot be served: ${error.message}`,
  }),

  /** The kernel refuses the rules of one Service; all others are programmed. */
  serviceNotProgrammed: (nodeName: string, key: string, error: string): EventNews => ({
    type: 'Warning',
    reason: 'FailedToProgramService',
    action: 'ProgramRules',
    regarding: service(key),
    note: `node ${nodeName} cannot route this Service: ${error}`,
  }),

  /** @param connections open ones that were left at the deadline */
  drainDeadline: (nodeName: string, override: Override, connections: number): EventNews => ({
    type: 'Warning',
    reason: 'DrainDeadline',
    action: 'EndConnections',
    regarding: routingOverride(override),
    note: `node ${nodeName}: the deadline is over; ends the ${connections} connections that are left, at most ${override.spec.drain?.cutPerSecond} per second`,
  }),

  countersOff: (nodeName: string, on: boolean): EventNews => ({
    type: 'Warning',
    reason: 'ConnectionCountersOff',
    action: 'CountConnections',
    regarding: node(nodeName),
    note: on
      ? 'another hand had switched off net.netfilter.nf_conntrack_acct; it is on again, connections begun meanwhile have no counters'
      : 'net.netfilter.nf_conntrack_acct is off and cannot be switched on: connections have no counters',
  }),

  /** @param code why, of the refusals of the protocol */
  hubRefused: (nodeName: string, code: string, message: string): EventNews => ({
    type: 'Warning',
    reason: 'DashboardRefused',
    action: 'ConnectToDashboard',
    regarding: node(nodeName),
    note: `the dashboard does not let this agent in (${code}): ${message}. Routing goes on`,
  }),

  /** @param message what may not be read, what follows, and what to do */
  rightsMissing: (nodeName: string, message: string): EventNews => ({
    type: 'Warning',
    reason: 'RightsMissing',
    action: 'WatchCluster',
    regarding: node(nodeName),
    note: message,
  }),

  /** Its pods of this node stay closed as far as it cannot be read. */
  policyUnreadable: (nodeName: string, { namespace, name, field, message }: Problem): EventNews => ({
    type: 'Warning',
    reason: 'NetworkPolicyUnreadable',
    action: 'EnforceNetworkPolicy',
    regarding: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace, name },
    note: `node ${nodeName}: ${field}: ${message}. What cannot be read allows nothing`,
  }),

  /** @param message names the node and its range, and what it overlaps */
  routeRefused: (nodeName: string, message: string): EventNews => ({
    type: 'Warning',
    reason: 'RouteRefused',
    action: 'KeepRoutes',
    regarding: node(nodeName),
    note: `no route to these pods from node ${nodeName}: ${message}`,
  }),

  kernelDrift: (nodeName: string, drift: string): EventNews => ({
    type: 'Warning',
    reason: 'KernelDrift',
    action: 'RepairRules',
    regarding: node(nodeName),
    note: `another hand changed our rules; they are repaired: ${drift}`,
  }),
};
