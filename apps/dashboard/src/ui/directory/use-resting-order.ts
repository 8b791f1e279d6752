import { type PointerEvent, useMemo, useRef } from 'react';
import { inOrderOf } from '../../city/sorting.ts';
import type { Layout } from './table.ts';
import type { ShownRows } from './use-rows.ts';

/** A hand that has not moved for so long is not about to click, milliseconds. */
const RESTS = 4000;

/**
 * Rows change places with every second's figures, but not under a hand: while a pointer moves over the table, the order stays as
 * it was and only the figures are new. Whoever asks for another order gets it at once. `hand` is for the element of the rows.
 */
export function useRestingOrder(table: Layout<unknown>, { rows, sort }: ShownRows<unknown>) {
  const movedAt = useRef(Number.NEGATIVE_INFINITY);
  const before = useRef<{ readonly table: unknown; readonly sort: unknown; readonly rows: readonly unknown[] }>(
    undefined,
  );
  const resting = useMemo(() => {
    const last = before.current;
    const held = performance.now() - movedAt.current < RESTS && last?.table === table && last.sort === sort;
    const shown = held ? inOrderOf(rows, last.rows.map(table.idOf), table.idOf) : rows;
    before.current = { table, sort, rows: shown };
    return shown;
  }, [table, rows, sort]);
  const hand = {
    onPointerMove: ({ pointerType }: PointerEvent) => {
      if (pointerType !== 'touch') movedAt.current = performance.now();
    },
    onPointerLeave: () => {
      movedAt.current = Number.NEGATIVE_INFINITY;
    },
  };
  return { rows: resting, hand };
}
