import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renamed, type SavedView, savedViewsFrom, withoutView, withView } from '../../src/city/saved-views.ts';

const a = { name: 'drains', query: 'states=draining' };
const b = { name: 'nodes at night', query: 'lens=nodes' };

describe('saved views', () => {
  it('are read as they were kept, and nothing else is', () => {
    expect(savedViewsFrom(JSON.stringify([a, b]))).toEqual([a, b]);
    expect(savedViewsFrom(null)).toEqual([]);
    for (const text of [
      '[',
      '{}',
      '[{"name":""}]',
      '[{"name":"x"}]',
      '7',
      `[{"name":"${'x'.repeat(61)}","query":""}]`,
    ]) {
      expect(savedViewsFrom(text), text).toBeUndefined();
    }
  });

  it('have one view to a name', () => {
    expect(withView([a, b], { name: ' drains ', query: 'errors=' })).toEqual([{ name: 'drains', query: 'errors=' }, b]);
    expect(withView([a], { name: '   ', query: 'errors=' })).toEqual([a]);
    expect(renamed([a, b], 'drains', 'nodes  at night')).toEqual([a, b]);
    expect(renamed([a, b], 'drains', ' drained ')).toEqual([{ ...a, name: 'drained' }, b]);
    expect(withoutView([a, b], 'drains')).toEqual([b]);
  });

  it('can always be read again, whatever was done to them', () => {
    const name = fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.string({ maxLength: 90 }));
    const step = fc.oneof(
      fc.record({ do: fc.constant('save' as const), name, to: name }),
      fc.record({ do: fc.constant('rename' as const), name, to: name }),
      fc.record({ do: fc.constant('delete' as const), name, to: name }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 130 }), (steps) => {
        let views: readonly SavedView[] = [];
        for (const { do: what, name: of, to } of steps) {
          if (what === 'save') views = withView(views, { name: of, query: to });
          else views = what === 'rename' ? renamed(views, of, to) : withoutView(views, of);
        }
        expect(savedViewsFrom(JSON.stringify(views))).toEqual(views);
        expect(new Set(views.map((view) => view.name)).size).toBe(views.length);
      }),
      { seed: 11, numRuns: 300 },
    );
  });
});
