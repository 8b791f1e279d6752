import type { Environment } from '@marcbachmann/cel-js';
import { celEnvironment } from '../cel/environment.ts';
import { isObject, type Json } from '../object.ts';

/** Says whether whoever sends the request may do something. */
export type MayThey = (what: {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}) => { readonly allowed: boolean; readonly reason: string };

/** The library tells types by their constructor. */
export class Authorizer {
  readonly may: MayThey;
  constructor(may: MayThey) {
    this.may = may;
  }
}
class GroupCheck {
  readonly may: MayThey;
  readonly group: string;
  constructor(may: MayThey, group: string) {
    this.may = may;
    this.group = group;
  }
}
class ResourceCheck {
  readonly may: MayThey;
  readonly about: Omit<Parameters<MayThey>[0], 'verb'>;
  constructor(may: MayThey, about: ResourceCheck['about']) {
    this.may = may;
    this.about = about;
  }
  with(more: Partial<ResourceCheck['about']>): ResourceCheck {
    return new ResourceCheck(this.may, { ...this.about, ...more });
  }
}
class Decision {
  readonly allowed: boolean;
  readonly reason: string;
  constructor({ allowed, reason }: ReturnType<MayThey>) {
    this.allowed = allowed;
    this.reason = reason;
  }
}

const TYPE = 'kubernetes.authorization';

/** What expressions of admission policies may name, besides what rules of definitions may. */
export function admissionEnvironment(): Environment {
  const environment = celEnvironment()
    .registerType(`${TYPE}.Authorizer`, Authorizer)
    .registerType(`${TYPE}.GroupCheck`, GroupCheck)
    .registerType(`${TYPE}.ResourceCheck`, ResourceCheck)
    .registerType(`${TYPE}.Decision`, Decision)
    .registerFunction(
      `${TYPE}.Authorizer.group(string): ${TYPE}.GroupCheck`,
      (authorizer: Authorizer, group: string) => new GroupCheck(authorizer.may, group),
    )
    .registerFunction(
      `${TYPE}.GroupCheck.resource(string): ${TYPE}.ResourceCheck`,
      ({ may, group }: GroupCheck, resource: string) => new ResourceCheck(may, { group, resource }),
    )
    .registerFunction(
      `${TYPE}.ResourceCheck.check(string): ${TYPE}.Decision`,
      ({ may, about }: ResourceCheck, verb: string) => new Decision(may({ ...about, verb })),
    )
    .registerFunction(`${TYPE}.Decision.allowed(): bool`, ({ allowed }: Decision) => allowed)
    .registerFunction(`${TYPE}.Decision.reason(): string`, ({ reason }: Decision) => reason);
  for (const part of ['subresource', 'namespace', 'name'] as const) {
    environment.registerFunction(
      `${TYPE}.ResourceCheck.${part}(string): ${TYPE}.ResourceCheck`,
      // nothing named is everything there is
      (check: ResourceCheck, value: string) => check.with({ [part]: value === '' ? undefined : value }),
    );
  }
  for (const name of ['object', 'oldObject', 'request', 'namespaceObject', 'variables']) {
    environment.registerVariable(name, 'dyn');
  }
  return environment.registerVariable('authorizer', `${TYPE}.Authorizer`);
}

/** JSON as expressions see it: its whole numbers are CEL's int. */
export function celValue(json: Json | undefined): unknown {
  if (Array.isArray(json)) return json.map(celValue);
  if (isObject(json)) return Object.fromEntries(Object.entries(json).map(([name, field]) => [name, celValue(field)]));
  return typeof json === 'number' && Number.isInteger(json) ? BigInt(json) : (json ?? null);
}
