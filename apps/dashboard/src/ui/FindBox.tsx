'use client';
import { Command } from 'cmdk';
import { Box, Building2, CircleDot, Map as Parcel, Search } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { useMemo, useState } from 'react';
import { type Place, placesOf, selectionToText } from '../city/find.ts';
import { useCity } from '../live/city-store.ts';
import { goTo, useView } from '../live/view-store.ts';

const GROUPS = [
  { kind: 'service', heading: 'Services', icon: CircleDot },
  { kind: 'pod', heading: 'Pods', icon: Box },
  { kind: 'node', heading: 'Nodes', icon: Building2 },
  { kind: 'namespace', heading: 'Namespaces', icon: Parcel },
] as const;

/** Rows per kind: the list stays readable, and cheap in a city of thousands. */
const SHOWN = 30;

export function FindBox() {
  const finding = useView((state) => state.finding);
  const close = () => useView.setState({ finding: false });
  return (
    <Dialog.Root open={finding} onOpenChange={(open) => open || close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-50 bg-[#05070f]/40" />
        <Dialog.Content
          aria-describedby={undefined}
          className="rising fixed top-[12vh] left-1/2 z-50 w-[600px] max-w-[92vw] -translate-x-1/2 overflow-hidden rounded-[14px] border border-line bg-panel shadow-cast"
        >
          <Dialog.Title className="sr-only">Find a place in the city</Dialog.Title>
          <Finder close={close} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Finder({ close }: { readonly close: () => void }) {
  const { city } = useCity((state) => state.survey);
  const [text, setText] = useState('');
  const places = useMemo(() => placesOf(city), [city]);
  const found = useMemo(() => matches(places, text), [places, text]);
  const choose = (place: Place) => {
    close();
    goTo(place.selection);
  };
  return (
    <Command shouldFilter={false} label="Find" loop>
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Search className="size-4 text-soft" aria-hidden="true" />
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="Name or address"
          data-testid="find-input"
          className="h-12 flex-1 bg-transparent text-figure outline-none placeholder:text-soft"
        />
        <kbd className="rounded-[5px] border border-line px-1.5 font-sans text-xs text-soft">esc</kbd>
      </div>
      <Command.List className="max-h-[52vh] overflow-y-auto p-2">
        <Command.Empty className="px-3 py-8 text-center text-soft">
          Nothing in the city is called or reached by “{text}”.
        </Command.Empty>
        {GROUPS.map(({ kind, heading, icon: Icon }) => {
          const rows = found.filter((place) => place.selection.kind === kind).slice(0, SHOWN);
          return (
            rows.length > 0 && (
              <Command.Group
                key={kind}
                heading={heading}
                className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2.5 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-soft"
              >
                {rows.map((place) => (
                  <Command.Item
                    key={selectionToText(place.selection)}
                    value={selectionToText(place.selection)}
                    onSelect={() => choose(place)}
                    className="flex cursor-pointer items-center gap-3 rounded-control px-2.5 py-1.5 data-[selected=true]:bg-selected"
                  >
                    <Icon className="size-4 shrink-0 text-soft" aria-hidden="true" />
                    <span className={kind === 'pod' ? 'code' : 'font-medium'}>{place.label}</span>
                    <span className="code ml-auto truncate text-soft">{place.detail}</span>
                  </Command.Item>
                ))}
              </Command.Group>
            )
          );
        })}
      </Command.List>
    </Command>
  );
}

/** Every word of the text must occur in the place's names or addresses; those that begin with it come first. */
function matches(places: readonly Place[], text: string): readonly Place[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const first = words[0];
  if (first === undefined) return places;
  return places
    .filter((place) => words.every((word) => place.words.some((known) => known.toLowerCase().includes(word))))
    .sort((a, b) => Number(begins(b, first)) - Number(begins(a, first)));
}

const begins = (place: Place, word: string): boolean =>
  place.words.some((known) => known.toLowerCase().startsWith(word));
