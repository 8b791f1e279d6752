import { isObject, type JsonObject, type KubeObject, listAt, numberAt, objectAt, stringAt } from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, text } from './columns.ts';
import { podTemplateDefaults } from './pod-defaults.ts';
import { validatePod } from './pod-validation.ts';

export const pods = builtin({
  plural: 'pods',
  kind: 'Pod',
  model: 'V1Pod',
  shortNames: ['po'],
  categories: ['all'],
  status: true,
  fieldSelectors: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  rules: {
    defaults: podTemplateDefaults,
    validate: validatePod,
    complete: (pod, old) => {
      if (old === undefined) pod.status = { phase: 'Pending', qosClass: 'BestEffort' };
    },
  },
  columns: [
    NAME,
    text('Ready', (pod) => `${readyContainers(pod)}/${listAt(pod, 'spec', 'containers').length}`),
    text('Status', podStatus),
    text('Restarts', (pod) => String(restarts(pod))),
    AGE,
    text('IP', (pod) => stringAt(pod, 'status', 'podIP') ?? '<none>', true),
    text('Node', (pod) => stringAt(pod, 'spec', 'nodeName') ?? '<none>', true),
    text('Nominated Node', (pod) => stringAt(pod, 'status', 'nominatedNodeName') ?? '<none>', true),
    text('Readiness Gates', () => '<none>', true),
  ],
});

const containerStatuses = (pod: KubeObject): JsonObject[] =>
  listAt(pod, 'status', 'containerStatuses').filter(isObject);

const readyContainers = (pod: KubeObject) => containerStatuses(pod).filter(({ ready }) => ready === true).length;

const restarts = (pod: KubeObject) =>
  containerStatuses(pod).reduce((sum, one) => sum + (numberAt(one, 'restartCount') ?? 0), 0);

/** The STATUS column: why a container waits or ended says more than the phase. */
function podStatus(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  for (const status of containerStatuses(pod)) {
    const { waiting, terminated } = objectAt(status, 'state');
    const why = stringAt(waiting, 'reason') ?? stringAt(terminated, 'reason');
    if (why !== undefined) return why;
  }
  return stringAt(pod, 'status', 'reason') ?? stringAt(pod, 'status', 'phase') ?? 'Unknown';
}
