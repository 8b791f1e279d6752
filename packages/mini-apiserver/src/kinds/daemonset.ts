import { type FieldError, invalidValue, notSupported } from '../field-error.ts';
import { ensureObject, isObject, type KubeObject, numberAt, objectAt, setDefault, stringAt } from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, text } from './columns.ts';
import { podTemplateDefaults } from './pod-defaults.ts';
import { checkPodTemplate } from './pod-template.ts';

const count = (name: string, field: string) => text(name, (one) => String(numberAt(one, 'status', field) ?? 0));

/** Kept and checked; no controller makes pods of it. */
export const daemonSets = builtin({
  group: 'apps',
  plural: 'daemonsets',
  kind: 'DaemonSet',
  model: 'V1DaemonSet',
  shortNames: ['ds'],
  categories: ['all'],
  status: true,
  generation: true,
  rules: {
    defaults,
    validate,
    complete: (set, old) => {
      if (old === undefined) {
        set.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
      }
    },
  },
  columns: [
    NAME,
    count('Desired', 'desiredNumberScheduled'),
    count('Current', 'currentNumberScheduled'),
    count('Ready', 'numberReady'),
    count('Up-to-date', 'updatedNumberScheduled'),
    count('Available', 'numberAvailable'),
    AGE,
  ],
});

function defaults(set: KubeObject): void {
  const spec = ensureObject(set, 'spec');
  setDefault(spec, 'revisionHistoryLimit', 10);
  const strategy = ensureObject(spec, 'updateStrategy');
  setDefault(strategy, 'type', 'RollingUpdate');
  if (strategy.type === 'RollingUpdate') {
    const rolling = ensureObject(strategy, 'rollingUpdate');
    setDefault(rolling, 'maxUnavailable', 1);
    setDefault(rolling, 'maxSurge', 0);
  }
  if (isObject(spec.template)) podTemplateDefaults(spec.template);
}

function validate(set: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = objectAt(set, 'spec');
  const errors = checkPodTemplate(spec, old);
  const at = 'spec.updateStrategy';
  const types = ['OnDelete', 'RollingUpdate'];
  const type = stringAt(spec, 'updateStrategy', 'type');
  if (!types.includes(String(type))) errors.push(notSupported(`${at}.type`, type, types));
  const { maxUnavailable, maxSurge } = objectAt(spec, 'updateStrategy', 'rollingUpdate');
  if (type === 'RollingUpdate' && isNone(maxUnavailable) && isNone(maxSurge)) {
    errors.push(invalidValue(`${at}.rollingUpdate.maxUnavailable`, maxUnavailable, 'cannot be 0 when maxSurge is 0'));
  }
  if (type === 'RollingUpdate' && !isNone(maxUnavailable) && !isNone(maxSurge)) {
    const detail = 'may not be set when maxUnavailable is not 0';
    errors.push(invalidValue(`${at}.rollingUpdate.maxSurge`, maxSurge, detail));
  }
  const policy = stringAt(spec, 'template', 'spec', 'restartPolicy');
  if (policy !== 'Always') errors.push(notSupported('spec.template.spec.restartPolicy', policy, ['Always']));
  return errors;
}

const isNone = (amount: unknown): boolean => amount === undefined || amount === 0 || amount === '0%' || amount === '0';
