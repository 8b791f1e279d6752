import { create } from 'zustand';
import type { BulkTab } from '../../city/steer/bulk.ts';

/** Rows chosen together in one table of the Directory. */
export interface Ticked {
  readonly tab: BulkTab;
  readonly ids: ReadonlySet<string>;
  /** Where a range begins: the row that was ticked last. */
  readonly anchor?: string;
}

export const useTicked = create<Ticked>(() => ({ tab: 'backends', ids: new Set() }));

export const untick = (): void => useTicked.setState({ ids: new Set(), anchor: undefined });

/** Ticks one row, or takes its tick away. Rows of another table are let go of. */
export function tick(tab: BulkTab, id: string): void {
  useTicked.setState((old) => {
    const ids = new Set(old.tab === tab ? old.ids : []);
    if (!ids.delete(id)) ids.add(id);
    return { tab, ids, anchor: id };
  });
}

/** Ticks every row from the last ticked one to this one, in the order shown. */
export function tickTo(tab: BulkTab, id: string, shown: readonly string[]): void {
  const { anchor, tab: before } = useTicked.getState();
  const from = before === tab && anchor !== undefined ? shown.indexOf(anchor) : -1;
  const to = shown.indexOf(id);
  if (from === -1) {
    tick(tab, id);
    return;
  }
  useTicked.setState(({ ids }) => {
    const range = shown.slice(Math.min(from, to), Math.max(from, to) + 1);
    return { tab, ids: new Set([...ids, ...range]), anchor: id };
  });
}

/** All rows shown; when they are ticked already, none. */
export function tickAll(tab: BulkTab, shown: readonly string[]): void {
  useTicked.setState((old) => {
    const all = old.tab === tab && shown.every((id) => old.ids.has(id));
    return { tab, ids: new Set(all ? [] : shown), anchor: undefined };
  });
}
