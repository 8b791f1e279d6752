import { type FieldError, forbiddenField, invalidValue } from '../field-error.ts';
import {
  ensureObject,
  isObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  setDefault,
  stringAt,
} from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, selectorText, text } from './columns.ts';
import { podTemplateDefaults } from './pod-defaults.ts';
import { checkPodTemplate } from './pod-template.ts';

export const deployments = builtin({
  group: 'apps',
  plural: 'deployments',
  kind: 'Deployment',
  model: 'V1Deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  status: true,
  scale: true,
  generation: true,
  rules: {
    defaults: deploymentDefaults,
    validate: validateDeployment,
    complete: (deployment, old) => {
      if (old === undefined) deployment.status = {};
    },
  },
  columns: [
    NAME,
    text(
      'Ready',
      (one) => `${numberAt(one, 'status', 'readyReplicas') ?? 0}/${numberAt(one, 'spec', 'replicas') ?? 0}`,
    ),
    text('Up-to-date', (one) => String(numberAt(one, 'status', 'updatedReplicas') ?? 0)),
    text('Available', (one) => String(numberAt(one, 'status', 'availableReplicas') ?? 0)),
    AGE,
    text('Containers', (one) => containers(one, 'name'), true),
    text('Images', (one) => containers(one, 'image'), true),
    text('Selector', (one) => selectorText(objectAt(one, 'spec', 'selector')), true),
  ],
});

function containers(deployment: KubeObject, field: string): string {
  const list = listAt(deployment, 'spec', 'template', 'spec', 'containers');
  return list.map((container) => stringAt(container, field) ?? '').join(',');
}

function deploymentDefaults(deployment: KubeObject): void {
  const spec = ensureObject(deployment, 'spec');
  setDefault(spec, 'replicas', 1);
  setDefault(spec, 'revisionHistoryLimit', 10);
  setDefault(spec, 'progressDeadlineSeconds', 600);
  const strategy = ensureObject(spec, 'strategy');
  setDefault(strategy, 'type', 'RollingUpdate');
  if (strategy.type === 'RollingUpdate') {
    const rolling = ensureObject(strategy, 'rollingUpdate');
    setDefault(rolling, 'maxSurge', '25%');
    setDefault(rolling, 'maxUnavailable', '25%');
  }
  if (isObject(spec.template)) podTemplateDefaults(spec.template);
}

function validateDeployment(deployment: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const spec = objectAt(deployment, 'spec');
  const replicas = numberAt(spec, 'replicas') ?? 0;
  if (replicas < 0) errors.push(invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'));
  errors.push(...checkPodTemplate(spec, old));
  const type = stringAt(spec, 'strategy', 'type');
  if (type === 'Recreate' && objectAt(spec, 'strategy').rollingUpdate !== undefined) {
    const detail = "may not be specified when strategy `type` is 'Recreate'";
    errors.push(forbiddenField('spec.strategy.rollingUpdate', detail));
  }
  return errors;
}
