import type { FieldError } from '../field-error.ts';
import { isObject, type Json, listAt, sameJson } from '../object.ts';
import { fieldPath, type Schema } from '../schema.ts';
import { isSchema } from '../schema-prune.ts';
import { CelRule, type RuleFault } from './cel-rule.ts';
import { type CelType, CelTypes, typePath } from './cel-types.ts';
import { celEnvironment } from './environment.ts';

/** A rule that cannot be served, and where it stands in the schema: `properties[spec].x-kubernetes-validations[0].rule`. */
export interface SchemaRuleFault {
  readonly at: string;
  readonly value: Json | undefined;
  readonly detail: string;
}

/** The rules of a schema and of what lies in it. */
interface Rules {
  readonly own: readonly CelRule[];
  readonly properties: ReadonlyMap<string, Rules>;
  readonly values: Rules | undefined;
  readonly items: Rules | undefined;
  readonly schema: Schema;
}

/** A place in a schema: in the words of CEL types and of field errors, and where above it old values ceased to correspond. */
interface Place {
  readonly type: string;
  readonly at: string;
  readonly uncorrelated: string | undefined;
}

/** The rules (`x-kubernetes-validations`) of a whole schema, compiled once. */
export class CelValidator {
  readonly faults: SchemaRuleFault[] = [];
  readonly #environment = celEnvironment();
  readonly #types = new CelTypes(this.#environment);
  readonly #rules: Rules | undefined;

  constructor(schema: Schema) {
    if (!hasRules(schema)) return;
    // All types first: a clone of the environment, as each rule has one, ends its registrations.
    this.#types.of(schema, 'object');
    this.#rules = this.#compile(schema, { type: 'object', at: '', uncorrelated: undefined });
  }

  get isEmpty(): boolean {
    return this.#rules === undefined;
  }

  /** What breaks a rule in `object`; on an update rules may compare it with `old`. */
  check(object: Json, old: Json | undefined): FieldError[] {
    return checkValue(this.#rules, object, old, '');
  }

  #compile(schema: Schema, place: Place): Rules | undefined {
    const type = hasRules(schema) ? this.#types.of(schema, place.type) : undefined;
    if (type === undefined) return undefined;
    const { items, additionalProperties: values } = schema;
    const inside = (name: string, step: string): Place => ({
      type: typePath(place.type, name),
      at: join(place.at, step),
      uncorrelated: place.uncorrelated ?? (corresponds(schema) ? undefined : place.at || '<root>'),
    });
    const properties = new Map<string, Rules>();
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const rules = this.#compile(property, inside(name, `properties[${name}]`));
      if (rules !== undefined) properties.set(name, rules);
    }
    return {
      own: this.#own(schema, type, place),
      properties,
      values: isSchema(values) ? this.#compile(values, inside('values', 'additionalProperties')) : undefined,
      items: items && this.#compile(items, inside('items', 'items')),
      schema,
    };
  }

  #own(schema: Schema, type: CelType, { at, uncorrelated }: Place): CelRule[] {
    return (schema['x-kubernetes-validations'] ?? []).map((given, index) => {
      const rule = new CelRule(given, schema, type, this.#environment);
      const fault = ({ field, detail }: RuleFault) => {
        const place = join(at, `x-kubernetes-validations[${index}].${field}`);
        this.faults.push({ at: place, value: given[field], detail });
      };
      rule.faults.forEach(fault);
      if (rule.usesOldSelf && uncorrelated !== undefined) {
        const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`;
        fault({ field: 'rule', detail });
      }
      return rule;
    });
  }
}

/** Whether what lies in a value can be told from what lay there before an update. */
function corresponds(schema: Schema): boolean {
  if (schema.type === 'array') return schema['x-kubernetes-list-type'] === 'map';
  return schema['x-kubernetes-map-type'] !== 'atomic';
}

function hasRules(schema: Schema): boolean {
  const inner = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return schema['x-kubernetes-validations'] !== undefined || inner.some((one) => isSchema(one) && hasRules(one));
}

function checkValue(rules: Rules | undefined, value: Json, old: Json | undefined, path: string): FieldError[] {
  if (rules === undefined || value === null) return [];
  const errors = rules.own.flatMap((rule) => rule.check(value, old, path) ?? []);
  if (Array.isArray(value)) {
    const { items, schema } = rules;
    value.forEach((item, index) => {
      errors.push(...checkValue(items, item, earlierItem(schema, item, old), `${path}[${index}]`));
    });
  } else if (isObject(value)) {
    const before = isObject(old) && corresponds(rules.schema) ? old : {};
    for (const [name, field] of Object.entries(value)) {
      const named = rules.properties.get(name);
      const at = named === undefined && rules.values !== undefined ? `${path}[${name}]` : fieldPath(path, name);
      errors.push(...checkValue(named ?? rules.values, field ?? null, before[name], at));
    }
  }
  return errors;
}

/** The item with the same keys in the list before the update. */
function earlierItem(schema: Schema, item: Json, old: Json | undefined): Json | undefined {
  if (!corresponds(schema) || !isObject(item)) return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return listAt({ old }, 'old').find((one) => isObject(one) && keys.every((key) => sameJson(one[key], item[key])));
}

const join = (at: string, step: string): string => (at === '' ? step : `${at}.${step}`);
