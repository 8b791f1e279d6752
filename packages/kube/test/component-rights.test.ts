import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Component, componentRights, rightInWords, serviceAccountOf } from '../src/index.ts';

const BASE = join(import.meta.dirname, '../../../deploy/base');

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** Each right that the manifests grant, in the words of the table. */
function granted(component: Component): string[] {
  const text = readFileSync(join(BASE, `${component}-rbac.yaml`), 'utf8');
  const roles = parseAllDocuments(text)
    .map((document) => document.toJS() as Role)
    .filter(({ kind, metadata }) => /Role$/.test(kind) && metadata.name === serviceAccountOf(component));
  return roles.flatMap(({ metadata: { namespace }, rules = [] }) =>
    rules.flatMap(({ apiGroups, resources, resourceNames = [undefined], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((one) => {
          const [resource = '', subresource] = one.split('/');
          return verbs.flatMap((verb) =>
            resourceNames.map((name) => rightInWords({ verb, group, resource, subresource, namespace, name })),
          );
        }),
      ),
    ),
  );
}

it.each(['agent', 'dashboard'] as const)('the rights of the %s are those that its Roles grant', (component) => {
  expect(componentRights[component].map(rightInWords).sort()).toEqual(granted(component).sort());
});
