import { expect, test } from 'vitest';
import { builtinTypes } from '../scripts/read-client-models.ts';
import { MERGE_KEYS, MERGED_SETS } from '../src/builtin-schema.ts';
import types from '../src/builtin-types.json' with { type: 'json' };

test('the types are those of the client library that is installed', () => {
  expect(types).toEqual(builtinTypes());
});

test('every merge key names a list of objects that have the key', () => {
  const known: Record<string, Record<string, string>> = types;
  for (const [path, key] of Object.entries(MERGE_KEYS)) {
    const [type = '', field = ''] = path.split('.');
    const item = known[type]?.[field];
    expect(item, path).toMatch(/^\[\]V1/);
    expect(known[item?.slice(2) ?? ''], path).toHaveProperty(key);
  }
  for (const path of MERGED_SETS) {
    const [type = '', field = ''] = path.split('.');
    expect(known[type]?.[field], path).toBe('[]string');
  }
});
