import { builtinSchema } from '../builtin-schema.ts';
import type { ResourceType } from '../resource-type.ts';
import { AGE, NAME } from './columns.ts';

type Given = Pick<ResourceType, 'plural' | 'kind'> & { readonly model: string } & Partial<ResourceType>;

/** A built-in resource: core/v1, namespaced and without status unless told otherwise. */
export function builtin(given: Given): ResourceType {
  const { group = '', plural, kind, model } = given;
  return {
    group,
    version: 'v1',
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    key: `${group}/${plural}`,
    schema: builtinSchema(model),
    status: false,
    scale: false,
    generation: false,
    fieldSelectors: [],
    columns: [NAME, AGE],
    names: 'subdomain',
    rules: {},
    ...given,
  };
}
