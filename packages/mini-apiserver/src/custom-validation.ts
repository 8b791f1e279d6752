import { CelValidator } from './cel/cel-validator.ts';
import { type FieldError, type FieldErrorReason, invalidValue } from './field-error.ts';
import type { KubeObject } from './object.ts';
import type { Schema } from './schema.ts';
import { validateSchema } from './schema-validate.ts';

/** After these a value may not be what rules take it for, so they are not evaluated. */
const BLOCKING: ReadonlySet<FieldErrorReason> = new Set([
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

const UNCHECKED = invalidValue(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

/** Validates objects of a custom resource: first its schema, then the rules in it. */
export function customValidation(schema: Schema) {
  const rules = new CelValidator(schema);
  return (object: KubeObject, old: KubeObject | undefined): FieldError[] => {
    const errors = validateSchema(schema, object);
    if (rules.isEmpty) return errors;
    if (errors.some(({ reason }) => BLOCKING.has(reason))) return [...errors, UNCHECKED];
    return [...errors, ...rules.check(object, old)];
  };
}
