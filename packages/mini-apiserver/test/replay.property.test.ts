import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubeObject } from '../src/index.ts';
import { sameJson } from '../src/object.ts';
import { ApiError } from '../src/status.ts';
import { type Change, objectKey, Store } from '../src/store.ts';

const RESOURCE = '/pods';

const operation = fc.record({
  kind: fc.constantFrom('put', 'put', 'remove'),
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  value: fc.integer({ min: 0, max: 9 }),
  /** Reconnect the watcher before this operation. */
  reconnect: fc.boolean(),
});

test('a watcher that replays changes, with gaps and relists, ends with what a list shows', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (operations, history) => {
      const store = new Store({ history, firstRevision: 5 });
      const seen = new Map<string, KubeObject>();
      let revision = store.revision;
      for (const { kind, name, value, reconnect } of operations) {
        if (reconnect) revision = catchUp(store, seen, revision);
        if (kind === 'put') store.put(RESOURCE, object(name, value));
        else store.remove(RESOURCE, 'default', name);
      }
      revision = catchUp(store, seen, revision);
      expect(sorted(seen)).toEqual(sorted(store.snapshot(RESOURCE, store.revision)));
    }),
  );
});

test('a snapshot of an earlier revision is the list of that moment', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const store = new Store({ history: 1000, firstRevision: 5 });
      const moments: [number, unknown][] = [];
      for (const { kind, name, value } of operations) {
        moments.push([store.revision, sorted(store.snapshot(RESOURCE, store.revision))]);
        if (kind === 'put') store.put(RESOURCE, object(name, value));
        else store.remove(RESOURCE, 'default', name);
      }
      for (const [revision, list] of moments) expect(sorted(store.snapshot(RESOURCE, revision))).toEqual(list);
    }),
  );
});

test('subscribers hear writes of other subscribers in the order of revisions', () => {
  const store = new Store({ history: 10, firstRevision: 0 });
  const heard: number[] = [];
  store.subscribe(({ object: { metadata } }) => {
    if (metadata.name === 'a') store.put(RESOURCE, object('b', 1));
  });
  store.subscribe(({ revision }) => heard.push(revision));
  store.put(RESOURCE, object('a', 1));
  expect(heard).toEqual([1, 2]);
});

function catchUp(store: Store, seen: Map<string, KubeObject>, revision: number): number {
  try {
    for (const change of store.changesAfter(RESOURCE, revision)) apply(seen, change);
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'Expired') throw error;
    seen.clear();
    for (const [key, found] of store.snapshot(RESOURCE, store.revision)) seen.set(key, found);
  }
  return store.revision;
}

function apply(seen: Map<string, KubeObject>, { type, object: changed, previous }: Change): void {
  const key = objectKey(changed.metadata.namespace, changed.metadata.name);
  // The stream itself must make sense: what is modified or deleted was there, and as we knew it.
  expect(type === 'ADDED').toBe(!seen.has(key));
  if (previous !== undefined) expect(sameJson(seen.get(key), previous)).toBe(true);
  if (type === 'DELETED') seen.delete(key);
  else seen.set(key, changed);
}

function object(name: string, value: number): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { value } };
}

const sorted = (objects: Map<string, KubeObject>) => [...objects].sort(([a], [b]) => (a < b ? -1 : 1));
