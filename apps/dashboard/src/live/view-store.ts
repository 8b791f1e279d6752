import { create } from 'zustand';
import { type Filter, filterFromQuery, filterToQuery } from '../city/filter.ts';
import { type Selection, selectionFromText, selectionToText } from '../city/find.ts';
import { showCity, useCity } from './city-store.ts';
import { timeFromQuery, timeToQuery, useRewind } from './rewind.ts';

export type View = 'services' | 'nodes' | 'directory';
export type Theme = 'day' | 'night';

/** What moves on the streets and lights the houses. */
export type Metric = 'connections' | 'bytes';

/** A way that was explained, drawn on the map over everything else. Place ids as in `city/survey.ts`. */
export interface Trail {
  readonly legs: readonly {
    readonly from: string;
    readonly to: string;
    /** 0..1 */
    readonly chance: number;
    /** Policies refuse it: at the door where it arrives, or at that from which it would leave. */
    readonly barred?: 'in' | 'out';
  }[];
}

export const TABS = ['services', 'backends', 'pods', 'nodes', 'edges', 'policies', 'refusals', 'changes'] as const;
export type Tab = (typeof TABS)[number];

/** What of the tables is read, and how. The traffic table beside the map is the Directory's tab `edges`. */
export interface Reading {
  readonly tab: Tab;
  /** A column's id; undefined as the table begins. */
  readonly sort?: { readonly column: string; readonly down: boolean };
  /** Only rows with these words. */
  readonly text: string;
}

/**
 * What the person looks at. All of it but the theme (the browser's) and what is open for a moment lives in the address
 * bar, with the filter and the time that the city's store has: a link shows a colleague the same thing.
 */
export interface ViewStore {
  readonly view: View;
  readonly selection?: Selection;
  readonly theme: Theme;
  /** The traffic table stands below the map. */
  readonly table: boolean;
  readonly reading: Reading;
  readonly finding: boolean;
  /** The filter bar is open though nothing may be filtered. */
  readonly filtering: boolean;
  /** The list of what is wrong is open. */
  readonly troubles: boolean;
  readonly metric: Metric;
  /** Nothing but the map: for a screen on the wall. */
  readonly wall: boolean;
  /** The sheet of keys is open. */
  readonly keys: boolean;
  readonly trail?: Trail;
  /** A wish to fly somewhere; a new object each time, so that the same place can be asked for again. */
  readonly flight?: { readonly to: Selection };
}

export const useView = create<ViewStore>(() => ({
  view: 'services',
  theme: 'day',
  table: false,
  reading: { tab: 'services', text: '' },
  finding: false,
  filtering: false,
  troubles: false,
  metric: 'connections',
  wall: false,
  keys: false,
}));

const THEME_KEY = 'kubecity.theme';

export function select(selection: Selection | undefined): void {
  useView.setState({ selection });
  writeAddress();
}

/** Selects and flies there. */
export function goTo(selection: Selection): void {
  useView.setState({ selection, flight: { to: selection } });
  writeAddress();
}

export function look(view: View): void {
  useView.setState({ view });
  writeAddress();
}

export function showTable(table: boolean): void {
  useView.setState({ table });
  writeAddress();
}

/** Another table, order or text. While a person types, the address keeps one entry for it. */
export function read(change: Partial<Reading>): void {
  useView.setState(({ reading }) => ({ reading: { ...reading, ...change } }));
  writeAddress('text' in change && !('tab' in change) ? 'replace' : 'push');
}

/** Shows the connections of one Service only, or of all: the hub then sends, and agents tell, no others. */
export function showOnly(only: string | undefined): void {
  showCity({ only });
  writeAddress();
}

export function setFilter(filter: Filter): void {
  showCity({ filter });
  writeAddress();
}

export function setMetric(metric: Metric): void {
  useView.setState({ metric });
  writeAddress();
}

export function setWall(wall: boolean): void {
  useView.setState({ wall });
  writeAddress();
}

export function setTheme(theme: Theme): void {
  localStorage.setItem(THEME_KEY, theme);
  applyTheme(theme);
}

function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  useView.setState({ theme });
}

/** The theme that the person chose, else the system's, also when that changes. Returns how to stop. */
export function followTheme(): () => void {
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const follow = () => {
    const own = localStorage.getItem(THEME_KEY);
    applyTheme(own === 'day' || own === 'night' ? own : system.matches ? 'night' : 'day');
  };
  follow();
  system.addEventListener('change', follow);
  return () => system.removeEventListener('change', follow);
}

/** Reads address and theme, and follows both. Returns how to stop. */
export function openView(): () => void {
  const stopTheme = followTheme();
  readAddress();
  window.addEventListener('popstate', readAddress);
  const stopTime = followTime();
  return () => {
    stopTime();
    stopTheme();
    window.removeEventListener('popstate', readAddress);
  };
}

/** A hand on the time line moves through hundreds of moments: the address follows when it rests. */
const REST = 400;

/** Entering and leaving the past can be gone back over; a step within it replaces the one before. */
function followTime(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = useRewind.subscribe((now, before) => {
    if (now.wanted === before.wanted && now.comparing === before.comparing) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const past = new URLSearchParams(window.location.search).has('at');
      writeAddress(past === (useRewind.getState().wanted !== undefined) ? 'replace' : 'push');
    }, REST);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

function readAddress(): void {
  const query = new URLSearchParams(window.location.search);
  const lens = query.get('lens');
  useView.setState({
    view: lens === 'nodes' || lens === 'directory' ? lens : 'services',
    selection: selectionFromText(query.get('selected')),
    table: query.has('table'),
    reading: readingFromQuery(query),
    metric: query.get('metric') === 'bytes' ? 'bytes' : 'connections',
    wall: query.has('wall'),
  });
  showCity({ only: query.get('only') ?? undefined, filter: filterFromQuery(query) });
  timeFromQuery(query);
}

function readingFromQuery(query: URLSearchParams): Reading {
  const tab = TABS.find((one) => one === query.get('tab')) ?? 'services';
  const match = /^(-?)([a-z-]{1,40})$/.exec(query.get('sort') ?? '');
  const sort = match ? { column: match[2] as string, down: match[1] === '-' } : undefined;
  return { tab, sort, text: query.get('text') ?? '' };
}

/** Only while a table is there to read. */
function readingToQuery({ view, table, reading: { tab, sort, text } }: ViewStore, query: URLSearchParams): void {
  if (view !== 'directory' && !table) return;
  if (view === 'directory' && tab !== 'services') query.set('tab', tab);
  if (sort) query.set('sort', `${sort.down ? '-' : ''}${sort.column}`);
  if (text !== '') query.set('text', text);
}

/** The address of what is looked at, without its time: `lens=nodes&selected=node~node-a`. */
export function viewQuery(): URLSearchParams {
  const view = useView.getState();
  const { only, filter } = useCity.getState();
  const query = new URLSearchParams();
  if (view.view !== 'services') query.set('lens', view.view);
  if (view.selection) query.set('selected', selectionToText(view.selection));
  if (view.table) query.set('table', '');
  readingToQuery(view, query);
  if (only !== undefined) query.set('only', only);
  if (view.metric !== 'connections') query.set('metric', view.metric);
  if (view.wall) query.set('wall', '');
  filterToQuery(filter, query);
  return query;
}

/** Readable where an address may be: what it is made of (`shop/web`, `node~a`) needs no escape in a query. */
export const addressOf = (query: URLSearchParams): string => {
  const text = query.toString().replace(/%2F|%7E|%3A|%2C/g, (escaped) => decodeURIComponent(escaped));
  return text === '' ? window.location.pathname : `?${text}`;
};

/** Goes where a query leads, as a link would. */
export function openQuery(query: URLSearchParams): void {
  window.history.pushState(null, '', addressOf(query));
  readAddress();
}

function writeAddress(how: 'push' | 'replace' = 'push'): void {
  const query = viewQuery();
  timeToQuery(query);
  const before = new URLSearchParams(window.location.search).toString();
  if (query.toString() !== before) window.history[`${how}State`](null, '', addressOf(query));
}
