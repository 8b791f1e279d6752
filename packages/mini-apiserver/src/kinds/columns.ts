import { humanDuration } from '../human-duration.ts';
import { isObject, type Json, type JsonObject, type KubeObject } from '../object.ts';
import type { Column } from '../resource-type.ts';

export const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  cell: (object) => object.metadata.name,
};

export const AGE: Column = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  cell: (object, now) => age(object.metadata.creationTimestamp, now),
};

export function text(name: string, cell: (object: KubeObject, now: number) => Json, wide = false): Column {
  return { name, type: 'string', wide, cell };
}

export function age(time: Json | undefined, now: number): string {
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? '<unknown>' : humanDuration(now - at);
}

/** `a=1,b=2`, or `<none>`. */
export function labelText(labels: Json | undefined): string {
  const pairs = Object.entries(isObject(labels) ? labels : {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',');
}

/** A meta/v1 LabelSelector as text. */
export function selectorText(selector: JsonObject): string {
  const terms = Object.entries(isObject(selector.matchLabels) ? selector.matchLabels : {}).map(([k, v]) => `${k}=${v}`);
  for (const expression of Array.isArray(selector.matchExpressions) ? selector.matchExpressions : []) {
    if (!isObject(expression)) continue;
    const values = Array.isArray(expression.values) ? ` (${expression.values.join(',')})` : '';
    terms.push(`${expression.key} ${String(expression.operator).toLowerCase()}${values}`);
  }
  return terms.length === 0 ? '<none>' : terms.join(',');
}
