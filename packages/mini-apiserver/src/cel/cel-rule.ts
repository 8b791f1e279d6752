import { type Environment, Optional } from '@marcbachmann/cel-js';
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../field-error.ts';
import type { Json } from '../object.ts';
import type { Schema, ValidationRule } from '../schema.ts';
import { compile, type Program, wordsOf } from './cel-program.ts';
import type { CelType } from './cel-types.ts';

/** What is wrong with a rule, and in which of its fields. */
export interface RuleFault {
  readonly field: 'rule' | 'messageExpression' | 'fieldPath' | 'message' | 'reason';
  readonly detail: string;
}

const REASONS = ['FieldValueRequired', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueDuplicate'];
const LONGEST_MESSAGE = 5 * 1024;

/** One compiled entry of `x-kubernetes-validations`. */
export class CelRule {
  readonly #rule: ValidationRule;
  readonly #schema: Schema;
  readonly #type: CelType;
  readonly #program: Program | undefined;
  readonly #message: Program | undefined;
  /** Field below the value that the error is told of, `''` for the value itself. */
  readonly #field: string = '';
  readonly usesOldSelf: boolean = false;
  /** A rule with faults is never evaluated. */
  readonly faults: readonly RuleFault[];

  /** `environment` knows the types of the schema. */
  constructor(rule: ValidationRule, schema: Schema, type: CelType, environment: Environment) {
    this.#rule = rule;
    this.#schema = schema;
    this.#type = type;
    const faults = checkTexts(rule);
    const old = rule.optionalOldSelf ? `optional<${type.name}>` : type.name;
    const scope = environment.clone().registerVariable('self', type.name).registerVariable('oldSelf', old);
    const compiled = compile(scope, rule.rule ?? '', 'rule', 'bool');
    if ('fault' in compiled) faults.push({ field: 'rule', detail: compiled.fault });
    else {
      this.#program = compiled.program;
      this.usesOldSelf = compiled.names.has('oldSelf');
    }
    if (rule.messageExpression !== undefined) {
      const message = compile(scope, rule.messageExpression, 'messageExpression', 'string');
      if ('fault' in message) faults.push({ field: 'messageExpression', detail: message.fault });
      else this.#message = message.program;
    }
    if (rule.fieldPath !== undefined) {
      const path = pathBelow(rule.fieldPath, schema);
      if (path === undefined) faults.push({ field: 'fieldPath', detail: 'does not refer to a valid field' });
      else this.#field = path;
    }
    this.faults = faults;
  }

  /** The fault of `json` at `path`, in the words of kube-apiserver; `old` is its value before an update. */
  check(json: Json, old: Json | undefined, path: string): FieldError | undefined {
    const { optionalOldSelf } = this.#rule;
    if (this.#program === undefined || (this.usesOldSelf && old === undefined && !optionalOldSelf)) return undefined;
    const before = old === undefined || old === null ? undefined : this.#type.value(old);
    const oldSelf = optionalOldSelf ? (before === undefined ? Optional.none() : Optional.of(before)) : before;
    const context = { self: this.#type.value(json), ...(oldSelf === undefined ? {} : { oldSelf }) };
    try {
      if (this.#program(context) === true) return undefined;
    } catch (error) {
      const told = `${lowerFirst(wordsOf(error))} evaluating rule: ${this.#name()}`;
      return invalidValue(path || '<nil>', this.#shown(), told);
    }
    return this.#error(`${path}${this.#field}`.replace(/^\./, '') || '<nil>', this.#told(context));
  }

  #error(field: string, detail: string): FieldError {
    switch (this.#rule.reason) {
      case 'FieldValueForbidden':
        return forbiddenField(field, detail);
      case 'FieldValueRequired':
        return required(field, detail);
      case 'FieldValueDuplicate':
        return duplicate(field, this.#shown());
      default:
        return invalidValue(field, this.#shown(), detail);
    }
  }

  /** kube-apiserver shows the type in place of the value, which may be large. */
  #shown(): string {
    return this.#schema.type ?? '';
  }

  #name(): string {
    return (this.#rule.message || this.#rule.rule).trim();
  }

  #told(context: Parameters<Program>[0]): string {
    const { message, rule } = this.#rule;
    return this.#expressed(context) ?? (message ? message.trim() : `failed rule: ${rule.trim()}`);
  }

  /** A message expression that fails or says nothing gives way to `message`. */
  #expressed(context: Parameters<Program>[0]): string | undefined {
    try {
      const text = this.#message?.(context);
      const trimmed = typeof text === 'string' ? text.trim() : '';
      return trimmed === '' || trimmed.includes('\n') || trimmed.length > LONGEST_MESSAGE ? undefined : trimmed;
    } catch {
      return undefined;
    }
  }
}

function checkTexts({ rule = '', message, messageExpression, reason }: ValidationRule): RuleFault[] {
  const faults: RuleFault[] = [];
  if (message?.includes('\n')) {
    faults.push({ field: 'message', detail: 'message must not contain line breaks' });
  }
  if (rule.trim().includes('\n') && !message && !messageExpression) {
    faults.push({ field: 'message', detail: 'message must be specified if rule contains line breaks' });
  }
  if (reason !== undefined && !REASONS.includes(reason)) {
    faults.push({
      field: 'reason',
      detail: `supported values: ${REASONS.map((one) => JSON.stringify(one)).join(', ')}`,
    });
  }
  return faults;
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** `.drain.existing` or `['drain'].existing` as `.drain.existing`, undefined when the schema has no such field. */
function pathBelow(path: string, schema: Schema): string | undefined {
  let rest = path;
  let found = '';
  let current: Schema | undefined = schema;
  while (rest !== '') {
    const step: RegExpExecArray | null = /^(?:\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\])/.exec(rest);
    const name: string = step?.[1] ?? step?.[2] ?? '';
    const properties: Schema['properties'] = current?.properties;
    if (step === null || properties === undefined || !Object.hasOwn(properties, name)) return undefined;
    current = properties[name];
    found += `.${name}`;
    rest = rest.slice(step[0].length);
  }
  return found === '' ? undefined : found;
}
