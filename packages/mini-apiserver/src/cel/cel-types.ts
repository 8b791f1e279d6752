import type { Environment } from '@marcbachmann/cel-js';
import { isObject, type Json, sameJson } from '../object.ts';
import type { Schema } from '../schema.ts';
import { isSchema } from '../schema-prune.ts';
import { celName } from './cel-name.ts';

/** How the values of one schema look to rules. */
export interface CelType {
  /** The type's name in CEL, e.g. `list<int>`. */
  readonly name: string;
  /** The CEL value of a JSON value that fits the schema. */
  readonly value: (json: Json) => unknown;
}

interface Field {
  /** Name in JSON. */
  readonly name: string;
  readonly type: CelType;
}

const same = (json: Json): unknown => json;
const TEXT: CelType = { name: 'string', value: same };
const TIMESTAMP: CelType = { name: 'google.protobuf.Timestamp', value: (json) => new Date(String(json)) };
/** Typed when a rule is evaluated: whole numbers of JSON are CEL's int. */
const ANY: CelType = { name: 'dyn', value: (json) => (Number.isInteger(json) ? BigInt(json as number) : json) };

const SCALARS: { readonly [type: string]: CelType } = {
  string: TEXT,
  boolean: { name: 'bool', value: same },
  integer: { name: 'int', value: (json) => BigInt(json as number) },
  number: { name: 'double', value: same },
};

/** Rules see of an object's metadata only its name. */
const ROOT_FIELDS: readonly (readonly [string, Schema])[] = [
  ['apiVersion', { type: 'string' }],
  ['kind', { type: 'string' }],
  ['metadata', { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } }],
];

/** Where the type of a field, of `items` or of `values` is registered; only letters, digits, `_` and `.` may be in it. */
export const typePath = (parent: string, name: string): string =>
  `${parent}.${celName(name) ?? `x${Buffer.from(name).toString('hex')}`}`;

/** The CEL types of a schema. Object types are registered in the environment under the path where they lie. */
export class CelTypes {
  readonly #environment: Environment;
  readonly #made = new Map<string, CelType | undefined>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** `path` names the place in dotted words; undefined for a value that has no type, which rules cannot reach. */
  of(schema: Schema, path: string): CelType | undefined {
    const known = this.#made.get(path);
    if (known !== undefined || this.#made.has(path)) return known;
    const type = this.#make(schema, path);
    const made = type !== undefined && schema.nullable ? orNull(type) : type;
    this.#made.set(path, made);
    return made;
  }

  #make(schema: Schema, path: string): CelType | undefined {
    if (schema['x-kubernetes-int-or-string']) return ANY;
    switch (schema.type) {
      case 'array': {
        const item = schema.items && this.of(schema.items, typePath(path, 'items'));
        return item && { name: `list<${item.name}>`, value: (json) => (json as Json[]).map(item.value) };
      }
      case 'object':
        return isSchema(schema.additionalProperties)
          ? this.#map(schema.additionalProperties, path)
          : this.#object(schema, path);
      case 'string':
        return schema.format === 'date-time' || schema.format === 'date' ? TIMESTAMP : TEXT;
      default:
        return schema.type && SCALARS[schema.type];
    }
  }

  #map(values: Schema, path: string): CelType | undefined {
    const type = this.of(values, typePath(path, 'values'));
    if (type === undefined) return undefined;
    const value = (json: Json) => {
      const entries = Object.entries(isObject(json) ? json : {});
      return new Map(entries.map(([key, one]) => [key, type.value(one ?? null)]));
    };
    return { name: `map<string, ${type.name}>`, value };
  }

  #object(schema: Schema, path: string): CelType | undefined {
    const embedded = path === 'object' || schema['x-kubernetes-embedded-resource'] === true;
    const properties = { ...schema.properties, ...(embedded ? Object.fromEntries(ROOT_FIELDS) : {}) };
    if (Object.keys(properties).length === 0 && schema['x-kubernetes-preserve-unknown-fields']) return undefined;
    const fields = new Map<string, Field>();
    for (const [name, property] of Object.entries(properties)) {
      const escaped = celName(name);
      const type = this.of(property, typePath(path, name));
      if (escaped !== undefined && type !== undefined) fields.set(escaped, { name, type });
    }
    return this.#register(path, fields);
  }

  #register(path: string, fields: ReadonlyMap<string, Field>): CelType {
    // The library tells types by their constructor, so each has one of its own.
    class CelObject {
      readonly #json: Json;

      constructor(json: Json) {
        this.#json = json;
        for (const [escaped, { name, type }] of fields) {
          const found = isObject(json) && Object.hasOwn(json, name) ? json[name] : undefined;
          if (found !== undefined) Reflect.set(this, escaped, type.value(found));
        }
      }

      equals(other: CelObject): boolean {
        return sameJson(this.#json, other.#json);
      }
    }
    const types = Object.fromEntries([...fields].map(([escaped, { type }]) => [escaped, type.name]));
    this.#environment.registerType(path, { ctor: CelObject, fields: types });
    this.#environment.registerOperator(`${path} == ${path}`, (a: CelObject, b: CelObject) => a.equals(b));
    return { name: path, value: (json) => new CelObject(json) };
  }
}

/** A value that may be null has no type of its own in the library. */
const orNull = ({ value }: CelType): CelType => ({
  name: 'dyn',
  value: (json) => (json === null ? null : value(json)),
});
