/**
 * Writes src/http/protobuf-fields.json: the field numbers of the messages that kubectl sends as protobuf, taken from the
 * `generated.proto` files of k8s.io/api and k8s.io/apimachinery.
 * Run: node packages/mini-apiserver/scripts/generate-protobuf-fields.ts API_CHECKOUT APIMACHINERY_CHECKOUT
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [api = '', machinery = ''] = process.argv.slice(2);
const files = [
  ...['core', 'apps', 'discovery', 'networking', 'authentication', 'authorization', 'autoscaling', 'rbac'].map(
    (group) => join(api, group, 'v1/generated.proto'),
  ),
  ...['apis/meta/v1', 'runtime', 'util/intstr', 'api/resource'].map((pkg) =>
    join(machinery, 'pkg', pkg, 'generated.proto'),
  ),
];

/** Message → field number → `name:type`, types qualified, with `[]` before a repeated and `{}` before a mapped one. */
type Messages = Record<string, Record<string, string>>;

const ROOTS = [
  'runtime.Unknown',
  'meta.v1.DeleteOptions',
  ...['Namespace', 'Node', 'Pod', 'Service', 'ServiceAccount', 'ConfigMap', 'Event'].map((kind) => `core.v1.${kind}`),
  'apps.v1.Deployment',
  'discovery.v1.EndpointSlice',
  'networking.v1.NetworkPolicy',
  'networking.v1.ServiceCIDR',
  'autoscaling.v1.Scale',
  ...['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'].map((kind) => `rbac.v1.${kind}`),
  'authentication.v1.TokenRequest',
  'authentication.v1.TokenReview',
  'authentication.v1.SelfSubjectReview',
  'authorization.v1.SubjectAccessReview',
  'authorization.v1.SelfSubjectAccessReview',
  'authorization.v1.SelfSubjectRulesReview',
];
const SCALARS = new Set(['string', 'bool', 'int32', 'int64', 'bytes', 'double']);

const all: Messages = {};
for (const file of files) readProto(readFileSync(file, 'utf8'), all);
const found: Messages = {};
for (const root of ROOTS) collect(root);
const lines = Object.keys(found)
  .sort()
  .map((name) => `  "${name}": ${JSON.stringify(found[name])}`);
const target = fileURLToPath(new URL('../src/http/protobuf-fields.json', import.meta.url));
writeFileSync(target, `{\n${lines.join(',\n')}\n}\n`);

function readProto(text: string, messages: Messages): void {
  const pkg = shortName(/^package (\S+);/m.exec(text)?.[1] ?? '');
  const source = text.replaceAll(/^\s*\/\/.*$/gm, '');
  for (const [, name, body = ''] of source.matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm)) {
    const fields: Record<string, string> = {};
    for (const [, repeated, type = '', field, number = ''] of body.matchAll(
      /^\s*(repeated |optional )?(map<string, [\w.]+>|[\w.]+) (\w+) = (\d+);/gm,
    )) {
      const mapped = /^map<string, (.+)>$/.exec(type)?.[1];
      const prefix = repeated === 'repeated ' ? '[]' : mapped === undefined ? '' : '{}';
      fields[number] = `${field}:${prefix}${qualified(mapped ?? type, pkg)}`;
    }
    messages[`${pkg}.${name}`] = fields;
  }
}

function qualified(type: string, pkg: string): string {
  if (SCALARS.has(type)) return type;
  return type.startsWith('.') ? shortName(type.slice(1)) : `${pkg}.${type}`;
}

function shortName(name: string): string {
  return name.replace(/^k8s\.io\.(api|apimachinery\.pkg)\./, '').replace(/^apis\./, '');
}

function collect(name: string): void {
  const fields = all[name];
  if (SCALARS.has(name) || found[name] !== undefined) return;
  if (fields === undefined) throw new Error(`no message ${name} in the files given`);
  found[name] = fields;
  for (const field of Object.values(fields)) collect(field.slice(field.indexOf(':') + 1).replace(/^(\[\]|\{\})/, ''));
}
