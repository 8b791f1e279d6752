import type { Environment } from '@marcbachmann/cel-js';
import { compile, type Program, wordsOf } from '../cel/cel-program.ts';
import { type FieldError, invalidValue } from '../field-error.ts';
import { type Json, type KubeObject, listAt, objectAt, stringAt } from '../object.ts';
import { admissionEnvironment } from './admission-environment.ts';

/** Why a policy refuses a request. */
export interface Denial {
  readonly reason: 'Forbidden' | 'Invalid' | 'Unauthorized' | 'RequestEntityTooLarge';
  readonly message: string;
}

/** What the expressions of a policy see, by their names there. */
export type AdmissionContext = Readonly<Record<string, unknown>>;

interface Expression {
  readonly text: string;
  readonly program: Program | undefined;
}

interface Validation extends Expression {
  readonly message: string | undefined;
  readonly messageExpression: Program | undefined;
  readonly reason: Denial['reason'];
}

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'] as const;

/** The compiled expressions of one ValidatingAdmissionPolicy. Whom it is asked about, its bindings say. */
export class AdmissionPolicy {
  readonly faults: FieldError[] = [];
  readonly #environment: Environment = admissionEnvironment();
  readonly #conditions: readonly Expression[];
  readonly #variables: readonly (readonly [name: string, expression: Expression])[];
  readonly #validations: readonly Validation[];
  /** What cannot be evaluated counts as refused. */
  readonly #failing: boolean;

  constructor(policy: KubeObject) {
    const list = (field: string) => listAt(policy, 'spec', field).map((entry) => objectAt(entry));
    this.#failing = stringAt(policy, 'spec', 'failurePolicy') !== 'Ignore';
    this.#conditions = list('matchConditions').map((entry, index) =>
      this.#expression(`spec.matchConditions[${index}].expression`, entry.expression, 'bool'),
    );
    this.#variables = list('variables').map((entry, index) => [
      String(entry.name),
      this.#expression(`spec.variables[${index}].expression`, entry.expression, undefined),
    ]);
    this.#validations = list('validations').map((entry, index) => this.#validation(entry, index));
  }

  /** Undefined: the request is none of this policy's business, or fine. */
  check(context: AdmissionContext): Denial | undefined {
    try {
      const whole = { ...context, variables: {} as Record<string, unknown> };
      if (!this.#conditions.every(({ program }) => program?.(whole) === true)) return undefined;
      for (const [name, { program }] of this.#variables) whole.variables[name] = program?.(whole);
      const failed = this.#validations.find(({ program }) => program?.(whole) !== true);
      return failed && { reason: failed.reason, message: told(failed, whole) };
    } catch (error) {
      if (!this.#failing) return undefined;
      return { reason: 'Invalid', message: `expression resulted in error: ${wordsOf(error)}` };
    }
  }

  #validation(entry: Record<string, Json | undefined>, index: number): Validation {
    const at = `spec.validations[${index}]`;
    const reason = REASONS.find((known) => known === entry.reason) ?? 'Invalid';
    const { message, messageExpression } = entry;
    return {
      ...this.#expression(`${at}.expression`, entry.expression, 'bool'),
      reason,
      message: typeof message === 'string' ? message : undefined,
      messageExpression:
        messageExpression === undefined
          ? undefined
          : this.#expression(`${at}.messageExpression`, messageExpression, 'string').program,
    };
  }

  #expression(at: string, given: Json | undefined, wanted: 'bool' | 'string' | undefined): Expression {
    const text = typeof given === 'string' ? given : '';
    const compiled = compile(this.#environment, text, 'expression', wanted);
    if ('program' in compiled) return { text, program: compiled.program };
    this.faults.push(invalidValue(at, given, compiled.fault));
    return { text, program: undefined };
  }
}

/** A message expression that fails or says nothing gives way to the message. */
function told({ text, message, messageExpression }: Validation, context: AdmissionContext): string {
  try {
    const said = messageExpression?.(context);
    if (typeof said === 'string' && said.trim() !== '') return said.trim();
  } catch {
    // kube-apiserver falls back in silence too
  }
  return message ?? `failed expression: ${text.trim()}`;
}
