import type { z } from 'zod';

/** Says whether a value is what a schema describes, and nothing else: it copies nothing and gives no reasons. */
export type Shape = (value: unknown) => boolean;

/** What we read of zod's own description of a schema. */
interface Definition {
  readonly type: string;
  readonly checks?: readonly z.core.$ZodCheck[];
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly items?: readonly z.core.$ZodType[];
  readonly options?: readonly z.core.$ZodType[];
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, unknown>>;
  /** Of numbers that are whole by their type. */
  readonly check?: string;
  readonly format?: string;
}

/**
 * Reads a schema of the protocol once and gives a test for it, some twenty times as fast as parsing: a frame of a large
 * city has a million values. What it lets pass, zod lets pass, and the other way round.
 * @throws RangeError when the schema has a part that no test is known for
 */
export function shapeOf(schema: z.core.$ZodType): Shape {
  const definition = schema._zod.def as unknown as Definition;
  const own = shapeOfType(definition);
  const checks = (definition.checks ?? []).map(shapeOfCheck);
  return checks.length === 0 ? own : (value) => own(value) && checks.every((check) => check(value));
}

function shapeOfType(definition: Definition): Shape {
  const { type, shape, element, innerType, valueType, items = [], options = [], values, entries } = definition;
  if (type === 'string') return (value) => typeof value === 'string';
  if (type === 'number') return ofNumber(definition);
  if (type === 'boolean') return (value) => typeof value === 'boolean';
  if (type === 'unknown') return () => true;
  if (type === 'literal') return oneOf(values ?? []);
  if (type === 'enum') return oneOf(Object.values(entries ?? {}));
  if (type === 'optional' && innerType) return optional(shapeOf(innerType));
  if (type === 'object' && shape) return ofFields(Object.keys(shape), Object.values(shape).map(shapeOf));
  if (type === 'record' && valueType) return ofValues(shapeOf(valueType));
  if (type === 'array' && element) return ofElements(shapeOf(element));
  if (type === 'tuple') return ofItems(items.map(shapeOf));
  if (type === 'union') return oneShapeOf(options.map(shapeOf));
  throw new RangeError(`no shape is known for zod's ${type}`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function oneOf(values: readonly unknown[]): Shape {
  const known = new Set(values);
  return (value) => known.has(value);
}

const optional =
  (inner: Shape): Shape =>
  (value) =>
    value === undefined || inner(value);

/** The first frames are read by code that is not compiled yet: there, counting is much cheaper than taking pairs apart. */
function ofFields(names: readonly string[], shapes: readonly Shape[]): Shape {
  return (value) => {
    if (!isObject(value)) return false;
    for (let i = 0; i < names.length; i += 1) if (!shapes[i]?.(value[names[i] as string])) return false;
    return true;
  };
}

function ofValues(shape: Shape): Shape {
  return (value) => {
    if (!isObject(value)) return false;
    for (const name in value) if (!shape(value[name])) return false;
    return true;
  };
}

function ofElements(shape: Shape): Shape {
  return (value) => {
    if (!Array.isArray(value)) return false;
    for (let i = 0; i < value.length; i += 1) if (!shape(value[i])) return false;
    return true;
  };
}

function ofItems(shapes: readonly Shape[]): Shape {
  return (value) => {
    if (!Array.isArray(value) || value.length !== shapes.length) return false;
    for (let i = 0; i < shapes.length; i += 1) if (!shapes[i]?.(value[i])) return false;
    return true;
  };
}

const oneShapeOf =
  (options: readonly Shape[]): Shape =>
  (value) =>
    options.some((option) => option(value));

/** A number is finite; a whole one is so small that none is skipped beside it. */
const ofNumber = ({ check, format }: Check): Shape =>
  check === 'number_format' && format === 'safeint' ? Number.isSafeInteger : Number.isFinite;

interface Check {
  readonly check?: string;
  readonly format?: string;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly length?: number;
}

/** Of a value that has the type already. */
function shapeOfCheck({ _zod: { def } }: z.core.$ZodCheck): Shape {
  const { check, value: bound = 0, inclusive, minimum = 0, maximum = 0, length } = def as Check;
  const sized = (holds: (length: number) => boolean): Shape => {
    return (value) => holds((value as string | unknown[]).length);
  };
  if (check === 'number_format') return ofNumber(def as Check);
  if (check === 'greater_than') return (value) => (inclusive ? (value as number) >= bound : (value as number) > bound);
  if (check === 'less_than') return (value) => (inclusive ? (value as number) <= bound : (value as number) < bound);
  if (check === 'min_length') return sized((own) => own >= minimum);
  if (check === 'max_length') return sized((own) => own <= maximum);
  if (check === 'length_equals') return sized((own) => own === length);
  throw new RangeError(`no shape is known for zod's check ${check}`);
}
