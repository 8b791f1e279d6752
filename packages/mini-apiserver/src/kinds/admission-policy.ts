import { AdmissionPolicy } from '../admission/admission-policy.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../field-error.ts';
import { type Json, type KubeObject, listAt, objectAt, stringAt } from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, text } from './columns.ts';

const GROUP = 'admissionregistration.k8s.io';

export const admissionPolicies = builtin({
  group: GROUP,
  plural: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
  model: 'V1ValidatingAdmissionPolicy',
  namespaced: false,
  status: true,
  generation: true,
  rules: { validate: validatePolicy },
  columns: [NAME, text('Validations', (policy) => String(listAt(policy, 'spec', 'validations').length)), AGE],
});

export const admissionPolicyBindings = builtin({
  group: GROUP,
  plural: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
  model: 'V1ValidatingAdmissionPolicyBinding',
  namespaced: false,
  rules: { validate: validateBinding },
  columns: [NAME, text('PolicyName', (binding) => stringAt(binding, 'spec', 'policyName') ?? ''), AGE],
});

const OPERATIONS = ['CREATE', 'UPDATE'];

/** What is not evaluated here is refused, so that no policy seems to hold that does not. */
function validatePolicy(policy: KubeObject): FieldError[] {
  const spec = objectAt(policy, 'spec');
  const errors: FieldError[] = [];
  if (spec.paramKind !== undefined) errors.push(notBuilt('spec.paramKind'));
  if (listAt(spec, 'auditAnnotations').length > 0) errors.push(notBuilt('spec.auditAnnotations'));
  const rules = listAt(spec, 'matchConstraints', 'resourceRules');
  if (rules.length === 0) errors.push(required('spec.matchConstraints.resourceRules'));
  rules.forEach((rule, index) => {
    listAt(rule, 'operations').forEach((operation, place) => {
      const at = `spec.matchConstraints.resourceRules[${index}].operations[${place}]`;
      if (!OPERATIONS.includes(String(operation))) errors.push(notSupported(at, operation, OPERATIONS));
    });
  });
  errors.push(...checkMatch('spec.matchConstraints', spec.matchConstraints));
  if (listAt(spec, 'validations').length === 0) {
    errors.push(required('spec.validations', 'validations or auditAnnotations must be specified'));
  }
  return [...errors, ...new AdmissionPolicy(policy).faults];
}

function validateBinding(binding: KubeObject): FieldError[] {
  const spec = objectAt(binding, 'spec');
  const errors = checkMatch('spec.matchResources', spec.matchResources);
  if (!spec.policyName) errors.push(required('spec.policyName'));
  if (spec.paramRef !== undefined) errors.push(notBuilt('spec.paramRef'));
  const actions = listAt(spec, 'validationActions');
  if (actions.length === 0) errors.push(required('spec.validationActions'));
  actions.forEach((action, index) => {
    if (action !== 'Deny') errors.push(notSupported(`spec.validationActions[${index}]`, action, ['Deny']));
  });
  if (listAt(spec, 'matchResources', 'resourceRules').length > 0) {
    errors.push(notBuilt('spec.matchResources.resourceRules'));
  }
  return errors;
}

function checkMatch(at: string, match: Json | undefined): FieldError[] {
  const errors = ['objectSelector', 'excludeResourceRules']
    .filter((field) => objectAt(match)[field] !== undefined)
    .map((field) => notBuilt(`${at}.${field}`));
  const selector = objectAt(match, 'namespaceSelector');
  if (listAt(selector, 'matchExpressions').length > 0) {
    errors.push(notBuilt(`${at}.namespaceSelector.matchExpressions`));
  }
  const strange = Object.entries(objectAt(selector, 'matchLabels')).filter(([, value]) => typeof value !== 'string');
  return [
    ...errors,
    ...strange.map(([key, value]) =>
      invalidValue(`${at}.namespaceSelector.matchLabels[${key}]`, value, 'must be text'),
    ),
  ];
}

const notBuilt = (field: string): FieldError => forbiddenField(field, 'this server does not evaluate it');
