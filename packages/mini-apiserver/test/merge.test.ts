import { describe, expect, test } from 'vitest';
import { mergePatch } from '../src/merge-patch.ts';
import type { JsonObject } from '../src/object.ts';
import { strategicMerge } from '../src/strategic-merge.ts';

const merge = (patch: JsonObject, target: JsonObject) => strategicMerge('V1Service', target, patch);
const web = {
  spec: {
    type: 'ClusterIP',
    ports: [
      { port: 80, name: 'http' },
      { port: 443, name: 'https' },
    ],
  },
};

describe('strategic merge', () => {
  test('joins lists by their key', () => {
    const patch = { spec: { ports: [{ port: 80, targetPort: 8080 }, { port: 90 }] } };
    expect(merge(patch, web).spec).toEqual({
      type: 'ClusterIP',
      ports: [{ port: 80, name: 'http', targetPort: 8080 }, { port: 443, name: 'https' }, { port: 90 }],
    });
  });

  test('$patch: delete removes one item, $patch: replace the whole list', () => {
    expect(merge({ spec: { ports: [{ port: 80, $patch: 'delete' }] } }, web).spec).toMatchObject({
      ports: [{ port: 443 }],
    });
    expect(merge({ spec: { ports: [{ $patch: 'replace' }, { port: 1 }] } }, web).spec).toMatchObject({
      ports: [{ port: 1 }],
    });
  });

  test('$setElementOrder sorts', () => {
    const patch = { spec: { '$setElementOrder/ports': [{ port: 443 }, { port: 80 }] } };
    expect(merge(patch, web).spec).toMatchObject({ ports: [{ port: 443 }, { port: 80 }] });
  });

  test('$retainKeys and $deleteFromPrimitiveList', () => {
    const pod = { spec: { volumes: [{ name: 'v', emptyDir: {} }] }, metadata: { finalizers: ['a', 'b'] } };
    const patch = {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c'] },
      spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }] },
    };
    expect(strategicMerge('V1Pod', pod, patch)).toEqual({
      metadata: { finalizers: ['b', 'c'] },
      spec: { volumes: [{ name: 'v', configMap: { name: 'c' } }] },
    });
  });

  test('lists without a key are replaced, null removes, nested containers keep their keys', () => {
    const deployment = {
      spec: { template: { spec: { containers: [{ name: 'c', env: [{ name: 'A', value: '1' }], args: ['x', 'y'] }] } } },
    };
    const patch = {
      spec: {
        template: { spec: { containers: [{ name: 'c', env: [{ name: 'B', value: '2' }], args: ['z'] }] } },
        replicas: null,
      },
    };
    expect(strategicMerge('V1Deployment', deployment, patch)).toEqual({
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: 'c',
                env: [
                  { name: 'A', value: '1' },
                  { name: 'B', value: '2' },
                ],
                args: ['z'],
              },
            ],
          },
        },
      },
    });
  });

  test('an item without its key is refused', () => {
    expect(() => merge({ spec: { ports: [{ name: 'x' }] } }, web)).toThrow('does not contain declared merge key: port');
  });
});

test('a merge patch replaces lists and removes by null', () => {
  expect(mergePatch({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { c: [3], b: null }, e: { f: null } })).toEqual({
    a: { c: [3] },
    d: 1,
    e: {},
  });
});
