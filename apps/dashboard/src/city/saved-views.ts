import { z } from 'zod';

/** A name for an address: what was looked at, without its time. */
export interface SavedView {
  readonly name: string;
  /** A query as in the address bar, without `?`. */
  readonly query: string;
}

export const LONGEST_NAME = 60;
/** More than anybody finds again in a menu. */
const MOST = 100;

const savedViews = z
  .array(z.object({ name: z.string().min(1).max(LONGEST_NAME), query: z.string().max(8192) }))
  .max(MOST);

/** What a browser kept; undefined when it is nothing of ours: an older page or a hand may have left anything there. */
export function savedViewsFrom(text: string | null): readonly SavedView[] | undefined {
  if (text === null) return [];
  try {
    return savedViews.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON.
    return undefined;
  }
}

/** A name is one view: saving under it again replaces it in its place. A new one stands last, and pushes out the oldest. */
export function withView(views: readonly SavedView[], view: SavedView): readonly SavedView[] {
  const name = tidy(view.name);
  if (name === '') return views;
  const saved = { name, query: view.query };
  if (views.some((one) => one.name === name)) return views.map((one) => (one.name === name ? saved : one));
  return [...views, saved].slice(-MOST);
}

export const withoutView = (views: readonly SavedView[], name: string): readonly SavedView[] =>
  views.filter((view) => view.name !== name);

/** In its place. A name that another view has is not taken: neither is lost. */
export function renamed(views: readonly SavedView[], from: string, to: string): readonly SavedView[] {
  const name = tidy(to);
  if (name === '' || views.some((view) => view.name === name)) return views;
  return views.map((view) => (view.name === from ? { ...view, name } : view));
}

const tidy = (name: string): string => name.trim().replace(/\s+/g, ' ').slice(0, LONGEST_NAME).trim();
