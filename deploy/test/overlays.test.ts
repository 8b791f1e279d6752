import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../packages/mini-apiserver/src/object.ts';
import { build, buildWith, DEPLOY, keyOf } from './kustomization.ts';

const OVERLAYS = ['observe', 'steer', 'replace', 'development'] as const;
const overlay = (name: string) => join(DEPLOY, 'overlays', name);
const component = (name: string) => join(DEPLOY, 'components', name);
const OPTIONAL = ['monitoring', 'ingress', 'isolation', 'routes'];

const hasKubectl = spawnSync('kubectl', ['kustomize', '--help'], { stdio: 'ignore' }).status === 0;
const scratch = mkdtempSync(join(DEPLOY, '.test-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function byKubectl(folder: string): KubeObject[] {
  const text = execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8', maxBuffer: 1e8 });
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
}

/** In one order; what a list holds by name stands where it will. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(ordered);
    const hasNames = items.every((item) => typeof item === 'object' && item !== null && 'name' in item);
    return hasNames ? items.sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, ordered(inner)]));
}
const byKey = (objects: readonly KubeObject[]) =>
  Object.fromEntries(objects.map((object) => [keyOf(object), ordered(object)]));

describe.skipIf(!hasKubectl)('kubectl makes of our kustomizations what these tests read in them', () => {
  test.each([...OVERLAYS.map((name) => `overlays/${name}`), 'cleanup'])('%s', (folder) => {
    expect(byKey(build(join(DEPLOY, folder)))).toEqual(byKey(byKubectl(join(DEPLOY, folder))));
  });

  test('an overlay with the components that are in none of ours', () => {
    const text = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [relative(scratch, overlay('steer'))],
      components: OPTIONAL.map((name) => relative(scratch, component(name))),
    };
    writeFileSync(join(scratch, 'kustomization.yaml'), JSON.stringify(text));
    expect(byKey(buildWith(overlay('steer'), ...OPTIONAL.map(component)))).toEqual(byKey(byKubectl(scratch)));
  });
});

describe.each(OVERLAYS)('%s', (name) => {
  const objects = build(overlay(name));
  const find = (key: string) => objects.find((object) => keyOf(object) === key) as KubeObject;

  test('names no object twice, and everything lies in the namespace or in none', () => {
    expect(new Set(objects.map(keyOf)).size).toBe(objects.length);
    expect(new Set(objects.map(({ metadata }) => metadata.namespace))).toEqual(new Set([undefined, 'kubecity']));
  });

  test('everything but the definitions says whose it is', () => {
    for (const { kind, metadata } of objects) {
      if (kind === 'CustomResourceDefinition') continue;
      expect(metadata.labels, metadata.name).toMatchObject({
        'app.kubernetes.io/name': 'kubecity',
        'app.kubernetes.io/part-of': 'kubecity',
      });
    }
  });

  test('selectors find the pods that they are for, and no others', () => {
    // biome-ignore lint/suspicious/noExplicitAny: objects of every kind
    const template = (key: string) => (find(key) as any).spec.template.metadata.labels;
    const pods = [template('Deployment kubecity/kubecity-dashboard'), template('DaemonSet kubecity/kubecity-agent')];
    const matches = (selector: Record<string, string>) =>
      pods.map((labels) => Object.entries(selector).every(([key, value]) => labels[key] === value));
    // biome-ignore lint/suspicious/noExplicitAny: objects of every kind
    const spec = (key: string) => (find(key) as any).spec;
    expect(matches(spec('Service kubecity/kubecity-dashboard').selector)).toEqual([true, false]);
    expect(matches(spec('Deployment kubecity/kubecity-dashboard').selector.matchLabels)).toEqual([true, false]);
    expect(matches(spec('PodDisruptionBudget kubecity/kubecity-dashboard').selector.matchLabels)).toEqual([
      true,
      false,
    ]);
    expect(matches(spec('NetworkPolicy kubecity/kubecity-dashboard').podSelector.matchLabels)).toEqual([true, false]);
    expect(matches(spec('DaemonSet kubecity/kubecity-agent').selector.matchLabels)).toEqual([false, true]);
  });
});

test('what steer leaves in the cluster, deleting steer removes, whatever the mode was: the rest lies in the namespace', () => {
  const clusterWide = (name: string) =>
    build(overlay(name))
      .filter(({ metadata }) => metadata.namespace === undefined)
      .map(keyOf);
  const removed = clusterWide('steer');
  for (const name of OVERLAYS) expect(removed).toEqual(expect.arrayContaining(clusterWide(name)));
  const optional = buildWith(overlay('steer'), ...OPTIONAL.map(component));
  expect(
    optional
      .filter(({ metadata }) => metadata.namespace === undefined)
      .map(keyOf)
      .sort(),
  ).toEqual(removed.sort());
});

test('a kustomization that this reader does not know wholly is refused', () => {
  writeFileSync(
    join(scratch, 'kustomization.yaml'),
    'apiVersion: v\nkind: Kustomization\nresources: []\nnamePrefix: x-\n',
  );
  expect(() => build(scratch)).toThrow(/namePrefix/);
});
