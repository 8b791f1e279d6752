import { type Environment, Optional } from '@marcbachmann/cel-js';
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../field-error.ts';
import type { Json } from '../object.ts';
import type { Schema, ValidationRule } from '../schema.ts';
import type { CelType } from './cel-types.ts';

/** What is wrong with a rule, and in which of its fields. */
export interface RuleFault {
  readonly field: 'rule' | 'messageExpression' | 'fieldPath' | 'message' | 'reason';
  readonly detail: string;
}

type Program = (context: { readonly self: unknown; readonly oldSelf?: unknown }) => unknown;

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
    if ('fault' in compiled) faults.push(compiled.fault);
    else {
      this.#program = compiled.program;
      this.usesOldSelf = compiled.names.has('oldSelf');
    }
    if (rule.messageExpression !== undefined) {
      const message = compile(scope, rule.messageExpression, 'messageExpression', 'string');
      if ('fault' in message) faults.push(message.fault);
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

type Compiled = { readonly program: Program; readonly names: ReadonlySet<string> } | { readonly fault: RuleFault };

function compile(scope: Environment, text: string, field: RuleFault['field'], wanted: string): Compiled {
  if (text.trim() === '') return { fault: { field, detail: `${field} is not specified` } };
  try {
    const program = scope.parse(text);
    const { names, presences } = readTree(program.ast);
    const { error, type } = program.check();
    const fault = error ?? scope.check(asReads(text, presences)).error;
    if (fault !== undefined) return { fault: { field, detail: compilationError(text, fault) } };
    if (type !== wanted && type !== 'dyn') {
      return { fault: { field, detail: `must evaluate to a ${wanted}` } };
    }
    return { program, names };
  } catch (error) {
    return { fault: { field, detail: compilationError(text, error) } };
  }
}

/** Names that an expression uses, and where its calls of `has` begin. */
function readTree(root: unknown): { names: Set<string>; presences: number[] } {
  const names = new Set<string>();
  const presences: number[] = [];
  const visit = (node: unknown) => {
    if (Array.isArray(node)) node.forEach(visit);
    if (typeof node !== 'object' || node === null || !('op' in node && 'args' in node && 'start' in node)) return;
    if (node.op === 'id') names.add(String(node.args));
    if (node.op === 'call' && Array.isArray(node.args) && node.args[0] === 'has') presences.push(Number(node.start));
    visit(node.args);
  };
  visit(root);
  return { names, presences };
}

/**
 * The library lets `has` ask for fields that the schema does not have; kube-apiserver refuses them. `dyn(…)`, as long as
 * `has(…)`, reads the field instead, so the type check looks at it.
 */
function asReads(text: string, presences: readonly number[]): string {
  return presences.reduce((read, at) => `${read.slice(0, at)}dyn${read.slice(at + 3)}`, text);
}

function compilationError(text: string, error: unknown): string {
  const start = rangeOf(error);
  const before = text.slice(0, start).split('\n');
  const place = `<input>:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  const words = wordsOf(error)
    .replace(/^No such key: (.*)$/, "undefined field '$1'")
    .replace(/^Unknown variable: (.*)$/, "undeclared reference to '$1' (in container '')");
  return `compilation failed: ERROR: ${place}: ${words}`;
}

function rangeOf(error: unknown): number {
  const range = typeof error === 'object' && error !== null && 'range' in error ? error.range : undefined;
  return typeof range === 'object' && range !== null && 'start' in range ? Number(range.start) : 0;
}

/** The library's messages go on with a drawing of the expression. */
function wordsOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'summary' in error && error.summary) return String(error.summary);
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
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
