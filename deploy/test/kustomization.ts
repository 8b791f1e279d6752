import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { JsonObject, KubeObject } from '../../packages/mini-apiserver/src/object.ts';
import { strategicMerge } from '../../packages/mini-apiserver/src/strategic-merge.ts';

/** What our kustomizations use. Anything else is refused, so that nothing in them goes unread. */
const kustomization = z.strictObject({
  apiVersion: z.string(),
  kind: z.enum(['Kustomization', 'Component']),
  resources: z.array(z.string()).default([]),
  components: z.array(z.string()).default([]),
  patches: z.array(z.strictObject({ path: z.string() })).default([]),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string().optional(), newTag: z.string() })).default([]),
  configMapGenerator: z
    .array(
      z.strictObject({
        name: z.string(),
        namespace: z.string(),
        files: z.array(z.string()),
        options: z.strictObject({ disableNameSuffixHash: z.literal(true), labels: z.record(z.string(), z.string()) }),
      }),
    )
    .default([]),
});
type Kustomization = z.infer<typeof kustomization>;

/** The built-in types behind the kinds that we patch, for their merge keys. */
const MODELS: Readonly<Record<string, string>> = {
  DaemonSet: 'V1DaemonSet',
  Deployment: 'V1Deployment',
  Service: 'V1Service',
};

/** The objects of a kustomization, as `kubectl kustomize` gives them, but for their order and that of lists with names. */
export function build(folder: string): KubeObject[] {
  return apply(folder, []);
}

/** The same with components that are in no overlay of ours, as somebody's own overlay would have them. */
export function buildWith(folder: string, ...components: readonly string[]): KubeObject[] {
  return components.reduce((objects, component) => apply(component, objects), build(folder));
}

/** A component works on what is there; a kustomization begins with nothing. */
function apply(folder: string, given: readonly KubeObject[]): KubeObject[] {
  const read = kustomization.parse(parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')));
  let objects = [...given];
  for (const path of read.resources) objects.push(...resource(resolve(folder, path)));
  for (const map of read.configMapGenerator) objects.push(generated(folder, map));
  for (const path of read.components) objects = apply(resolve(folder, path), objects);
  for (const { path } of read.patches) objects = patched(objects, objectsIn(join(folder, path)));
  return objects.map((object) => withImages(object, read.images) as KubeObject);
}

const resource = (path: string): KubeObject[] => (statSync(path).isDirectory() ? build(path) : objectsIn(path));

export function objectsIn(file: string): KubeObject[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS() as KubeObject;
  });
}

function generated(folder: string, { name, namespace, files, options }: Kustomization['configMapGenerator'][0]) {
  const data = Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels: options.labels }, data };
}

function patched(objects: readonly KubeObject[], patches: readonly KubeObject[]): KubeObject[] {
  const rest = [...patches];
  const result = objects.map((object) => {
    const at = rest.findIndex((patch) => keyOf(patch) === keyOf(object));
    const [patch] = at < 0 ? [] : rest.splice(at, 1);
    return patch ? (strategicMerge(MODELS[object.kind], object, patch) as KubeObject) : object;
  });
  if (rest[0]) throw new Error(`a patch for ${keyOf(rest[0])}, which is not there`);
  return result;
}

/** `DaemonSet kubecity/kubecity-agent`. */
export const keyOf = ({ kind, metadata }: KubeObject): string =>
  `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;

/** Names in a kustomization are those before any change: of two that nest, the outer one changes what the inner one left. */
function withImages(value: unknown, images: Kustomization['images']): unknown {
  if (Array.isArray(value)) return value.map((item) => withImages(item, images));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([field, inner]) => {
      const change = field === 'image' ? images.find(({ name }) => name === String(inner).split(':')[0]) : undefined;
      return [field, change ? `${change.newName ?? change.name}:${change.newTag}` : withImages(inner, images)];
    }),
  );
}

/** For whoever starts from a test. */
export const DEPLOY = resolve(dirname(new URL(import.meta.url).pathname), '..');
