'use client';
import { Command } from 'cmdk';
import { Search } from 'lucide-react';
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { socketFrom } from '../../city/address.ts';
import { rank } from '../../city/fuzzy.ts';
import { findPlaces, type Place, type PlaceIndex, placeIndex, selectionOf } from '../../city/places.ts';
import { whoIs } from '../../city/who.ts';
import { useCity } from '../../live/city-store.ts';
import { useRewind } from '../../live/rewind.ts';
import { useSavedViews } from '../../live/saved-views.ts';
import { goTo, useView } from '../../live/view-store.ts';
import type { Action } from './action.ts';
import { actionsOf, placeActions } from './actions.ts';
import { ActionGroup, IdentityGroup, PlaceGroup, placeValue } from './groups.tsx';

/** Rows per kind: the list stays readable, and cheap in a city of thousands. */
const ROWS = 8;

/** One line to type in: places by name and address, who an address is, and what can be done. */
export function Palette({ close }: { readonly close: () => void }) {
  const [text, setText] = useState('');
  const [marked, setMarked] = useState('');
  const { socket, identities, kinds, actions } = useFound(text);
  const places = kinds.flatMap(({ found }) => found.map(({ place }) => place));
  const doAction = (action: Action) => {
    close();
    action.run();
  };
  const go = (place: Place) => {
    close();
    goTo(selectionOf(place));
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !event.shiftKey) return;
    const place = places.find((one) => placeValue(one) === marked);
    const [filterBy] = place ? placeActions({ ...contextNow(), place }) : [];
    if (!filterBy) return;
    event.preventDefault();
    doAction(filterBy);
  };
  const actionsFirst = (actions[0]?.score ?? 0) > (kinds[0]?.best ?? 0) || text.trim() === '';
  const orders = <ActionGroup actions={actions} choose={doAction} />;
  return (
    <Command shouldFilter={false} label="Find or do" loop value={marked} onValueChange={setMarked} onKeyDown={onKey}>
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Search className="size-4 text-soft" aria-hidden="true" />
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="Name, address, or what to do"
          data-testid="find-input"
          className="h-12 flex-1 bg-transparent text-figure outline-none placeholder:text-soft"
        />
        <kbd className="rounded-[5px] border border-line px-1.5 font-sans text-xs text-soft">esc</kbd>
      </div>
      <Command.List className="max-h-[56vh] overflow-y-auto p-2">
        <Command.Empty className="px-3 py-8 text-center text-soft">
          Nothing in the city is called or reached by “{text}”.
        </Command.Empty>
        {socket && (
          <IdentityGroup
            asked={text.trim()}
            identities={identities}
            choose={(selection) => {
              close();
              goTo(selection);
            }}
          />
        )}
        {actionsFirst && orders}
        {kinds.map((kind) => (
          <PlaceGroup key={kind.kind} found={kind} choose={go} />
        ))}
        {!actionsFirst && orders}
      </Command.List>
      <p className="flex gap-4 border-t border-line px-4 py-2 text-xs text-soft">
        <span>↑↓ choose</span>
        <span>↵ go there, or do it</span>
        <span>⇧↵ filter by it</span>
      </p>
    </Command>
  );
}

/** Of the stores as they are when something is chosen. */
const contextNow = () => ({
  city: useCity.getState(),
  view: useView.getState(),
  rewind: useRewind.getState(),
  savedViews: useSavedViews.getState().views,
});

function useFound(text: string) {
  const city = useCity((state) => state.whole.city);
  const savedViews = useSavedViews((state) => state.views);
  const before = useRef<PlaceIndex>(undefined);
  const index = useMemo(() => {
    before.current = placeIndex(city, before.current);
    return before.current;
  }, [city]);
  const typed = text.trim() !== '';
  const socket = useMemo(() => socketFrom(text), [text]);
  const identities = useMemo(() => (socket ? whoIs(city, socket) : []), [city, socket]);
  // An address is answered above: the same pods and nodes need not be listed again as what is merely called so.
  const kinds = useMemo(() => (typed && !socket ? findPlaces(index, text, ROWS) : []), [index, text, typed, socket]);
  const place = kinds[0]?.found[0]?.place;
  const actions = useMemo(() => {
    const possible = actionsOf({ ...contextNow(), savedViews, place, text });
    const found = rank(possible, text, ({ label, words }) => `${label} ${words.join(' ')}`);
    return found.slice(0, typed ? ROWS : possible.length);
  }, [savedViews, place, text, typed]);
  return { socket, identities, kinds, actions: socket ? [] : actions };
}
