import type { Place } from '../../city/places.ts';
import type { SavedView } from '../../city/saved-views.ts';
import type { CityStore } from '../../live/city-store.ts';
import type { RewindStore } from '../../live/rewind.ts';
import type { ViewStore } from '../../live/view-store.ts';

/** Something that can be done now, as the palette offers it. */
export interface Action {
  readonly id: string;
  /** What it does, as an order: `Drain cart-7d9f`. */
  readonly label: string;
  /** What people call it besides. */
  readonly words: readonly string[];
  /** The key that does the same. */
  readonly keys?: string;
  readonly run: () => void;
}

/** What the actions depend on: the stores as they are, and what is being sought. */
export interface ActionContext {
  readonly city: CityStore;
  readonly view: ViewStore;
  readonly rewind: RewindStore;
  readonly savedViews: readonly SavedView[];
  /** What was typed. */
  readonly text?: string;
  /** The nearest place to it. */
  readonly place?: Place;
}
