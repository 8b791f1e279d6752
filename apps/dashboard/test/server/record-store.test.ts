import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ChangedKeys, mergeKeys, RecordStore } from '../../server/record-store.ts';
import { applyOps } from './apply-ops.ts';

const change = fc.record({
  id: fc.constantFrom('a', 'b', 'c'),
  name: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
  /** Whether a frame is sent after this change, and whether the reader is slow then. */
  frame: fc.boolean(),
  slow: fc.boolean(),
});

test('merged frames of a slow reader end in the same city as a snapshot', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const store = new RecordStore();
      const city = new Map<string, unknown>();
      const lacks: ChangedKeys = new Map();
      for (const { id, name, frame, slow } of changes) {
        if (name === undefined) store.delete('namespace', id);
        else store.set('namespace', id, { name });
        if (!frame) continue;
        mergeKeys(lacks, store.take());
        if (slow) continue;
        applyOps(city, store.opsFor(lacks));
        lacks.clear();
      }
      mergeKeys(lacks, store.take());
      applyOps(city, store.opsFor(lacks));
      expect(city).toEqual(applyOps(new Map(), store.opsFor(store.keys())));
    }),
  );
});

test('what was changed back, or came and went, is not a change', () => {
  const store = new RecordStore();
  store.set('namespace', 'stays', { name: 'stays' });
  store.take();
  store.set('namespace', 'stays', { name: 'other' });
  store.set('namespace', 'stays', { name: 'stays' });
  store.set('namespace', 'passes', { name: 'passes' });
  store.delete('namespace', 'passes');
  expect(store.take()).toEqual(new Map());
});

test('replaceAll deletes what is not among the new', () => {
  const store = new RecordStore();
  store.set('namespace', 'a', { name: 'a' });
  store.set('namespace', 'b', { name: 'b' });
  store.take();
  store.replaceAll(
    'namespace',
    new Map([
      ['b', { name: 'b' }],
      ['c', { name: 'c' }],
    ]),
  );
  expect(store.opsFor(store.take())).toEqual([
    ['delete', 'namespace', 'a'],
    ['set', 'namespace', 'c', { name: 'c' }],
  ]);
});
