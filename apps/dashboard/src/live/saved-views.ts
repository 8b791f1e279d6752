import { create } from 'zustand';
import { renamed, type SavedView, savedViewsFrom, withoutView, withView } from '../city/saved-views.ts';
import { addressOf, openQuery, viewQuery } from './view-store.ts';

const KEY = 'kubecity.views.v1';

export interface SavedViewsStore {
  readonly views: readonly SavedView[];
  /** The menu of views is open. */
  readonly open: boolean;
  /** Why what was saved last will not outlive this page. */
  readonly fault?: string;
}

/** Views that this browser keeps; another tab's changes are read as the menu or the palette opens. */
export const useSavedViews = create<SavedViewsStore>(() => ({ views: [], open: false }));

export function readViews(): void {
  const views = savedViewsFrom(localStorage.getItem(KEY));
  // What cannot be read is left as it is until something is saved over it.
  useSavedViews.setState(views ? { views, fault: undefined } : { views: [], fault: 'What was saved cannot be read.' });
}

export function saveView(name: string): void {
  keep((views) => withView(views, { name, query: viewQuery().toString() }));
}

export const renameView = (from: string, to: string): void => keep((views) => renamed(views, from, to));
export const deleteView = (name: string): void => keep((views) => withoutView(views, name));
export const openSavedView = ({ query }: SavedView): void => openQuery(new URLSearchParams(query));

/** Shows a colleague the same. */
export const linkOf = ({ query }: SavedView): string =>
  new URL(addressOf(new URLSearchParams(query)), window.location.href).href;

/** On what the browser holds now: another tab may have saved since. */
function keep(change: (views: readonly SavedView[]) => readonly SavedView[]): void {
  const views = change(savedViewsFrom(localStorage.getItem(KEY)) ?? []);
  try {
    localStorage.setItem(KEY, JSON.stringify(views));
    useSavedViews.setState({ views, fault: undefined });
  } catch {
    // A full or forbidden store: it works until the page is closed, and the person is told.
    useSavedViews.setState({ views, fault: 'This browser does not keep it: its storage is full or forbidden.' });
  }
}
