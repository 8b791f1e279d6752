import { RBAC } from '../auth/authorizer.ts';
import { type FieldError, invalidValue, notSupported, required } from '../field-error.ts';
import { checkName } from '../metadata.ts';
import {
  ensureObject,
  isObject,
  type Json,
  type KubeObject,
  listAt,
  objectAt,
  sameJson,
  setDefault,
  stringAt,
} from '../object.ts';
import type { KindRules } from '../resource-type.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, text } from './columns.ts';

const CREATED = text('Created At', (role) => role.metadata.creationTimestamp ?? '');

const SHARED = { group: RBAC, names: 'path' } as const;

export const roles = builtin({
  ...SHARED,
  plural: 'roles',
  kind: 'Role',
  model: 'V1Role',
  rules: { validate: (role) => checkRules(role, true) },
  columns: [NAME, CREATED],
});

export const clusterRoles = builtin({
  ...SHARED,
  plural: 'clusterroles',
  kind: 'ClusterRole',
  model: 'V1ClusterRole',
  namespaced: false,
  rules: { validate: (role) => checkRules(role, false) },
  columns: [NAME, CREATED],
});

const BINDING: KindRules = { defaults: bindingDefaults, validate: validateBinding };

const BINDING_COLUMNS = [
  NAME,
  text('Role', ({ roleRef }) => `${stringAt(roleRef, 'kind')}/${stringAt(roleRef, 'name')}`),
  AGE,
  text('Users', (binding) => subjects(binding, 'User'), true),
  text('Groups', (binding) => subjects(binding, 'Group'), true),
  text('ServiceAccounts', (binding) => subjects(binding, 'ServiceAccount'), true),
];

export const roleBindings = builtin({
  ...SHARED,
  plural: 'rolebindings',
  kind: 'RoleBinding',
  model: 'V1RoleBinding',
  rules: BINDING,
  columns: BINDING_COLUMNS,
});

export const clusterRoleBindings = builtin({
  ...SHARED,
  plural: 'clusterrolebindings',
  kind: 'ClusterRoleBinding',
  model: 'V1ClusterRoleBinding',
  namespaced: false,
  rules: BINDING,
  columns: BINDING_COLUMNS,
});

function subjects(binding: KubeObject, kind: string): string {
  return listAt(binding, 'subjects')
    .filter((subject) => stringAt(subject, 'kind') === kind)
    .map((subject) => [stringAt(subject, 'namespace'), stringAt(subject, 'name')].filter(Boolean).join('/'))
    .join(', ');
}

function bindingDefaults(binding: KubeObject): void {
  setDefault(ensureObject(binding, 'roleRef'), 'apiGroup', RBAC);
  for (const subject of listAt(binding, 'subjects').filter(isObject)) {
    if (subject.kind === 'User' || subject.kind === 'Group') setDefault(subject, 'apiGroup', RBAC);
  }
}

function checkRules(role: KubeObject, namespaced: boolean): FieldError[] {
  return listAt(role, 'rules').flatMap((rule, index) => checkRule(rule, `rules[${index}]`, namespaced));
}

function checkRule(rule: Json, at: string, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const [verbs, groups, resources, names, urls] = [
    'verbs',
    'apiGroups',
    'resources',
    'resourceNames',
    'nonResourceURLs',
  ].map((field) => listAt(rule, field).length) as [number, number, number, number, number];
  if (verbs === 0) errors.push(required(`${at}.verbs`, 'verbs must contain at least one value'));
  if (urls > 0) {
    const fault = (detail: string) => invalidValue(`${at}.nonResourceURLs`, listAt(rule, 'nonResourceURLs'), detail);
    if (namespaced) errors.push(fault('namespaced rules cannot apply to non-resource URLs'));
    if (groups + resources + names > 0) {
      errors.push(fault('rules cannot apply to both regular resources and non-resource URLs'));
    }
    return errors;
  }
  if (groups === 0) errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources === 0) errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}

function validateBinding(binding: KubeObject, old: KubeObject | undefined): FieldError[] {
  const { roleRef, kind } = binding;
  const ref = objectAt(roleRef);
  const errors: FieldError[] = [];
  if (ref.apiGroup !== RBAC) errors.push(notSupported('roleRef.apiGroup', ref.apiGroup, [RBAC]));
  const kinds = kind === 'RoleBinding' ? ['ClusterRole', 'Role'] : ['ClusterRole'];
  if (!kinds.includes(String(ref.kind))) errors.push(notSupported('roleRef.kind', ref.kind ?? '', kinds));
  if (!ref.name) errors.push(required('roleRef.name'));
  else errors.push(...checkName('roleRef.name', String(ref.name), 'path'));
  listAt(binding, 'subjects').forEach((subject, index) => {
    errors.push(...checkSubject(subject, `subjects[${index}]`, kind === 'RoleBinding'));
  });
  if (old !== undefined && !sameJson(roleRef, old.roleRef)) {
    errors.push(invalidValue('roleRef', roleRef, 'cannot change roleRef'));
  }
  return errors;
}

function checkSubject(subject: Json, at: string, namespaced: boolean): FieldError[] {
  const { kind, name, namespace, apiGroup = '' } = objectAt(subject);
  const errors: FieldError[] = name ? [] : [required(`${at}.name`)];
  const group = (wanted: string) => (apiGroup === wanted ? [] : [notSupported(`${at}.apiGroup`, apiGroup, [wanted])]);
  switch (kind) {
    case 'ServiceAccount':
      errors.push(...(name ? checkName(`${at}.name`, String(name), 'subdomain') : []), ...group(''));
      return namespaced || namespace ? errors : [...errors, required(`${at}.namespace`)];
    case 'User':
    case 'Group':
      return [...errors, ...group(RBAC)];
    default:
      return [...errors, notSupported(`${at}.kind`, kind ?? '', ['Group', 'ServiceAccount', 'User'])];
  }
}
