import { type FieldError, invalidValue, notSupported } from '../field-error.ts';
import { type Json, type KubeObject, objectAt, stringAt, valueAt } from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, text } from './columns.ts';
import { checkLabelSelector } from './label-selector.ts';

const amount = (field: string) => (budget: KubeObject) => String(valueAt(budget, 'spec', field) ?? 'N/A');

/** Kept and checked; nobody evicts here. */
export const disruptionBudgets = builtin({
  group: 'policy',
  plural: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  model: 'V1PodDisruptionBudget',
  shortNames: ['pdb'],
  status: true,
  generation: true,
  rules: { validate },
  columns: [
    NAME,
    text('Min Available', amount('minAvailable')),
    text('Max Unavailable', amount('maxUnavailable')),
    AGE,
  ],
});

function validate(budget: KubeObject): FieldError[] {
  const { minAvailable, maxUnavailable } = objectAt(budget, 'spec');
  const errors = checkLabelSelector('spec.selector', valueAt(budget, 'spec', 'selector'));
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const both = 'minAvailable and maxUnavailable cannot be both set';
    errors.push(invalidValue('spec', { minAvailable, maxUnavailable }, both));
  }
  errors.push(...checkAmount('spec.minAvailable', minAvailable), ...checkAmount('spec.maxUnavailable', maxUnavailable));
  const policies = ['AlwaysAllow', 'IfHealthyBudget'];
  const policy = stringAt(budget, 'spec', 'unhealthyPodEvictionPolicy');
  if (policy !== undefined && !policies.includes(policy)) {
    errors.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, policies));
  }
  return errors;
}

function checkAmount(at: string, amount: Json | undefined): FieldError[] {
  if (typeof amount === 'number' && amount < 0) {
    return [invalidValue(at, amount, 'must be greater than or equal to 0')];
  }
  const isPercent = typeof amount === 'string' && /^(100|\d{1,2})%$/.test(amount);
  if (typeof amount !== 'string' || isPercent) return [];
  return [invalidValue(at, amount, "a valid percent string must be a numeric string followed by an ending '%'")];
}
