'use client';
import { Command } from 'cmdk';
import { Check, ChevronDown } from 'lucide-react';
import { Popover } from 'radix-ui';
import { useMemo, useState } from 'react';
import { type Facet, toggled, valuesOf, valueWords } from '../../city/facets.ts';
import { count } from '../../city/format.ts';
import { rank } from '../../city/fuzzy.ts';
import { useCity } from '../../live/city-store.ts';
import { setFilter } from '../../live/view-store.ts';
import { Marked } from '../find/Marked.tsx';

/** One list of the filter: any number of its values, sought by typing. */
export function FacetPicker({ facet }: { readonly facet: Facet }) {
  const chosen = useCity((state) => state.filter[facet.id].length);
  return (
    <Popover.Root>
      <Popover.Trigger
        data-testid={`filter-${facet.id}`}
        className="touchable flex h-8 items-center gap-1 rounded-control px-2.5 text-sm font-medium text-soft transition-colors duration-150 hover:bg-hover hover:text-text data-[state=open]:bg-selected data-[state=open]:text-text"
      >
        {facet.label}
        {chosen > 0 && <span className="rounded-full bg-live/15 px-1.5 text-xs text-live-ink">{chosen}</span>}
        <ChevronDown className="size-3.5" aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={6}
          aria-label={facet.label}
          className="rising z-40 w-72 overflow-hidden rounded-card border border-line bg-panel shadow-cast"
        >
          <Values facet={facet} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** Rows at once: of a thousand Services nobody reads the second hundred, they type. */
const ROWS = 100;

function Values({ facet }: { readonly facet: Facet }) {
  const filter = useCity((state) => state.filter);
  const city = useCity((state) => state.whole.city);
  const [text, setText] = useState('');
  const values = useMemo(() => valuesOf(city, facet.id, filter), [city, facet.id, filter]);
  const found = rank(values, text, (value) => valueWords(facet.id, value));
  const chosen: readonly string[] = filter[facet.id];
  return (
    <Command shouldFilter={false} label={facet.label} loop>
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder={`${facet.label}…`}
        data-testid="facet-input"
        className="h-10 w-full border-b border-line bg-transparent px-3 outline-none placeholder:text-soft"
      />
      <Command.List className="max-h-[46vh] overflow-y-auto p-1">
        <Command.Empty className="px-3 py-6 text-center text-soft">
          {values.length === 0 ? `The city has no ${facet.one}.` : `No ${facet.one} is called “${text}”.`}
        </Command.Empty>
        {found.slice(0, ROWS).map(({ item: value, marks }) => {
          const on = chosen.includes(value);
          return (
            <Command.Item
              key={value}
              value={value}
              aria-checked={on}
              onSelect={() => setFilter(toggled(filter, facet.id, value))}
              className="flex h-8 cursor-pointer items-center gap-2 rounded-control px-2 data-[selected=true]:bg-selected"
            >
              <span
                className={`grid size-4 shrink-0 place-items-center rounded-[4px] border ${on ? 'border-live bg-live text-ground' : 'border-faint'}`}
              >
                {on && <Check className="size-3" strokeWidth={3} aria-hidden="true" />}
              </span>
              <Marked text={valueWords(facet.id, value)} marks={marks} />
            </Command.Item>
          );
        })}
        {found.length > ROWS && (
          <p className="px-2 py-1.5 text-sm text-soft">{count(found.length - ROWS)} more: type to find them</p>
        )}
      </Command.List>
    </Command>
  );
}
