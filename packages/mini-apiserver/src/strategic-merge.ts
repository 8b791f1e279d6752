import { fieldType, MERGE_KEYS, MERGED_SETS } from './builtin-schema.ts';
import { isObject, type Json, type JsonObject, sameJson } from './object.ts';
import { badRequest } from './status.ts';

const ORDER = '$setElementOrder/';
const REMOVE = '$deleteFromPrimitiveList/';

/**
 * Kubernetes' strategic merge: as a merge patch, but lists with a merge key are joined item by item, and the directives
 * `$patch`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` are obeyed. `type` is the built-in
 * type of `target`, which knows the merge keys. @throws ApiError BadRequest for a patch that does not fit the type
 */
export function strategicMerge(type: string | undefined, target: JsonObject, patch: JsonObject): JsonObject {
  if (patch.$patch === 'delete') return {};
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  let result: JsonObject = { ...target };
  const retained = patch.$retainKeys;
  if (Array.isArray(retained)) {
    result = Object.fromEntries(Object.entries(result).filter(([name]) => retained.includes(name)));
  }
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$')) continue;
    if (value === null || value === undefined) delete result[name];
    else result[name] = mergeField(type, name, result[name], value, patch[ORDER + name]);
  }
  for (const [name, value] of Object.entries(patch)) applyListDirective(type, result, patch, name, value);
  return result;
}

function mergeField(
  type: string | undefined,
  name: string,
  current: Json | undefined,
  value: Json,
  order: Json | undefined,
): Json {
  const inner = fieldType(type, name);
  if (isObject(value)) return strategicMerge(inner, isObject(current) ? current : {}, value);
  if (!Array.isArray(value)) return value;
  const key = MERGE_KEYS[`${type}.${name}`];
  const present = Array.isArray(current) ? current : [];
  if (key !== undefined) return mergeByKey(inner?.slice(2), key, name, present, value, order);
  if (MERGED_SETS.has(`${type}.${name}`)) return [...present, ...value.filter((item) => !present.includes(item))];
  return value;
}

function mergeByKey(
  type: string | undefined,
  key: string,
  field: string,
  present: Json[],
  patch: Json[],
  order: Json | undefined,
): Json[] {
  const items = patch.map((item) => {
    if (isObject(item)) return item;
    throw badRequest(`cannot merge into ${field}: expected objects with the key ${JSON.stringify(key)}`);
  });
  const replace = items.some((item) => item.$patch === 'replace' && item[key] === undefined);
  let result = replace ? [] : [...present];
  for (const item of items) {
    if (item.$patch === 'replace' && item[key] === undefined) continue;
    const id = item[key];
    if (id === undefined) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const found = result.findIndex((one) => isObject(one) && sameJson(one[key], id));
    if (item.$patch === 'delete') result = result.filter((one) => !(isObject(one) && sameJson(one[key], id)));
    else if (found < 0) result.push(withoutDirectives(item));
    else result[found] = strategicMerge(type, result[found] as JsonObject, item);
  }
  return Array.isArray(order) ? sortedBy(order, key, result) : result;
}

/** Items named by `order` take that order; the others keep their place behind the item they followed. */
function sortedBy(order: Json[], key: string, items: Json[]): Json[] {
  const position = (item: Json) =>
    order.findIndex((wanted) => isObject(wanted) && isObject(item) && sameJson(wanted[key], item[key]));
  let last = -1;
  const ranked = items.map((item, index) => {
    const found = position(item);
    if (found >= 0) last = found;
    return { item, index, rank: found >= 0 ? found : last };
  });
  return ranked.sort((a, b) => a.rank - b.rank || a.index - b.index).map(({ item }) => item);
}

function applyListDirective(
  type: string | undefined,
  result: JsonObject,
  patch: JsonObject,
  name: string,
  value: Json | undefined,
): void {
  if (!Array.isArray(value)) return;
  if (name.startsWith(REMOVE)) {
    const field = name.slice(REMOVE.length);
    const list = result[field];
    if (Array.isArray(list)) result[field] = list.filter((item) => !value.includes(item));
  } else if (name.startsWith(ORDER)) {
    const field = name.slice(ORDER.length);
    const list = result[field];
    const key = MERGE_KEYS[`${type}.${field}`];
    if (patch[field] === undefined && key !== undefined && Array.isArray(list))
      result[field] = sortedBy(value, key, list);
  }
}

function withoutDirectives(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, field]) => !name.startsWith('$') && field !== null)
      .map(([name, field]) => [name, isObject(field) ? withoutDirectives(field) : field]),
  );
}
