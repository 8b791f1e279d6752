import { type FieldError, invalidValue, required } from '../field-error.ts';
import { checkLabels } from '../metadata.ts';
import { type JsonObject, type KubeObject, objectAt, sameJson } from '../object.ts';
import { validatePodSpec } from './pod-validation.ts';

/** Faults of what Deployments and DaemonSets have in common: a selector, and the template of the pods that it finds. */
export function checkPodTemplate(spec: JsonObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const wanted = objectAt(spec, 'selector', 'matchLabels');
  const labels = objectAt(spec, 'template', 'metadata', 'labels');
  if (spec.selector === undefined) errors.push(required('spec.selector'));
  else if (Object.entries(wanted).some(([key, value]) => labels[key] !== value)) {
    errors.push(invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  errors.push(...checkLabels('spec.template.metadata.labels', labels));
  errors.push(...validatePodSpec('spec.template.spec', objectAt(spec, 'template', 'spec')));
  if (old !== undefined && !sameJson(spec.selector, objectAt(old, 'spec').selector)) {
    errors.push(invalidValue('spec.selector', spec.selector, 'field is immutable'));
  }
  return errors;
}
