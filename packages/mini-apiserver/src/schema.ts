import type { Json } from './object.ts';

/** One entry of `x-kubernetes-validations`. */
export interface ValidationRule {
  /** CEL over `self`, and `oldSelf` on updates; true = valid. */
  readonly rule: string;
  readonly message?: string;
  /** CEL that makes the message; wins over `message` unless it fails. */
  readonly messageExpression?: string;
  readonly reason?: string;
  /** JSON path below the value, for the error. */
  readonly fieldPath?: string;
  /** Makes `oldSelf` an optional value, so that the rule also runs on create. */
  readonly optionalOldSelf?: boolean;
}

/** The part of a structural OpenAPI v3 schema (apiextensions.k8s.io/v1) that this server evaluates. */
export interface Schema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  format?: string;
  nullable?: boolean;
  default?: Json;
  properties?: { [name: string]: Schema };
  additionalProperties?: boolean | Schema;
  items?: Schema;
  required?: string[];
  enum?: Json[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-validations'?: ValidationRule[];
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
}

export const fieldPath = (parent: string, name: string): string => (parent === '' ? name : `${parent}.${name}`);
