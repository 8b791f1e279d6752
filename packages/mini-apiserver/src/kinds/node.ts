import { isObject, type KubeObject, listAt, objectAt, stringAt } from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, text } from './columns.ts';

export const nodes = builtin({
  plural: 'nodes',
  kind: 'Node',
  model: 'V1Node',
  shortNames: ['no'],
  namespaced: false,
  status: true,
  fieldSelectors: ['spec.unschedulable'],
  // A node registers itself together with its status, as kubelets do.
  rules: { keepsStatusOnCreate: true },
  columns: [
    NAME,
    text('Status', nodeStatus),
    text('Roles', roles),
    AGE,
    text('Version', (node) => info(node, 'kubeletVersion')),
    text('Internal-IP', (node) => address(node, 'InternalIP'), true),
    text('External-IP', (node) => address(node, 'ExternalIP'), true),
    text('OS-Image', (node) => info(node, 'osImage') || '<unknown>', true),
    text('Kernel-Version', (node) => info(node, 'kernelVersion') || '<unknown>', true),
    text('Container-Runtime', (node) => info(node, 'containerRuntimeVersion') || '<unknown>', true),
  ],
});

const info = (node: KubeObject, field: string) => stringAt(node, 'status', 'nodeInfo', field) ?? '';

function nodeStatus(node: KubeObject): string {
  const ready = listAt(node, 'status', 'conditions').find((one) => isObject(one) && one.type === 'Ready');
  const status = ready === undefined ? 'Unknown' : stringAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return objectAt(node, 'spec').unschedulable === true ? `${status},SchedulingDisabled` : status;
}

function roles(node: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const found = Object.keys(node.metadata.labels ?? {}).filter((key) => key.startsWith(prefix));
  return found.length === 0 ? '<none>' : found.map((key) => key.slice(prefix.length)).join(',');
}

function address(node: KubeObject, type: string): string {
  const found = listAt(node, 'status', 'addresses').find((one) => isObject(one) && one.type === type);
  return stringAt(found, 'address') ?? '<none>';
}
