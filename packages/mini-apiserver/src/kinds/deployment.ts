import { type FieldError, forbiddenField, invalidValue, required } from '../field-error.ts';
import { checkLabels } from '../metadata.ts';
import {
  ensureObject,
  isObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  sameJson,
  setDefault,
  stringAt,
} from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, selectorText, text } from './columns.ts';
import { podTemplateDefaults } from './pod-defaults.ts';
import { validatePodSpec } from './pod-validation.ts';

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
  const wanted = objectAt(spec, 'selector', 'matchLabels');
  const labels = objectAt(spec, 'template', 'metadata', 'labels');
  if (spec.selector === undefined) errors.push(required('spec.selector'));
  else if (Object.entries(wanted).some(([key, value]) => labels[key] !== value)) {
    errors.push(invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  errors.push(...checkLabels('spec.template.metadata.labels', labels));
  errors.push(...validatePodSpec('spec.template.spec', objectAt(spec, 'template', 'spec')));
  const type = stringAt(spec, 'strategy', 'type');
  if (type === 'Recreate' && objectAt(spec, 'strategy').rollingUpdate !== undefined) {
    const detail = "may not be specified when strategy `type` is 'Recreate'";
    errors.push(forbiddenField('spec.strategy.rollingUpdate', detail));
  }
  if (old !== undefined && !sameJson(spec.selector, objectAt(old, 'spec').selector)) {
    errors.push(invalidValue('spec.selector', spec.selector, 'field is immutable'));
  }
  return errors;
}
