import { type FieldError, forbiddenField, invalidValue, required } from '../field-error.ts';
import { checkLabels, checkLabelValue, checkQualifiedName } from '../metadata.ts';
import { isObject, type Json, listAt, objectAt, stringAt } from '../object.ts';

/** Faults of a meta/v1 LabelSelector, as `ValidateLabelSelector` of k8s.io/apimachinery finds them. */
export function checkLabelSelector(at: string, selector: Json | undefined): FieldError[] {
  return [
    ...checkLabels(`${at}.matchLabels`, objectAt(selector, 'matchLabels')),
    ...listAt(selector, 'matchExpressions').flatMap((one, i) => checkRequirement(`${at}.matchExpressions[${i}]`, one)),
  ];
}

function checkRequirement(at: string, requirement: Json): FieldError[] {
  if (!isObject(requirement)) return [];
  const operator = stringAt(requirement, 'operator') ?? '';
  const values = listAt(requirement, 'values').map(String);
  return [
    ...checkOperator(at, operator, values.length),
    ...checkQualifiedName(`${at}.key`, stringAt(requirement, 'key') ?? ''),
    ...values.flatMap((value, i) => checkLabelValue(`${at}.values[${i}]`, value)),
  ];
}

function checkOperator(at: string, operator: string, values: number): FieldError[] {
  if (['In', 'NotIn'].includes(operator)) {
    const detail = "must be specified when `operator` is 'In' or 'NotIn'";
    return values > 0 ? [] : [required(`${at}.values`, detail)];
  }
  if (['Exists', 'DoesNotExist'].includes(operator)) {
    const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    return values === 0 ? [] : [forbiddenField(`${at}.values`, detail)];
  }
  return [invalidValue(`${at}.operator`, operator, 'not a valid selector operator')];
}
