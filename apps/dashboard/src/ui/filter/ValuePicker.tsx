'use client';
import { Command } from 'cmdk';
import { Check, ChevronDown } from 'lucide-react';
import { Popover } from 'radix-ui';
import { useMemo, useState } from 'react';
import { count } from '../../city/format.ts';
import { rank } from '../../city/fuzzy.ts';
import { Marked } from '../find/Marked.tsx';

interface Props {
  /** Many of them: `Services`. */
  readonly label: string;
  readonly one: string;
  readonly chosen: readonly string[];
  /** Asked for when it is opened. */
  readonly values: () => readonly string[];
  readonly wordsOf?: (value: string) => string;
  readonly toggle: (value: string) => void;
  readonly testId: string;
}

/** Any number of a list of values, sought by typing. */
export function ValuePicker(props: Props) {
  const { label, chosen, testId } = props;
  return (
    <Popover.Root>
      <Popover.Trigger
        data-testid={testId}
        className="touchable flex h-8 items-center gap-1 rounded-control px-2.5 text-sm font-medium text-soft transition-colors duration-150 hover:bg-hover hover:text-text data-[state=open]:bg-selected data-[state=open]:text-text"
      >
        {label}
        {chosen.length > 0 && (
          <span className="rounded-full bg-live/15 px-1.5 text-xs text-live-ink">{chosen.length}</span>
        )}
        <ChevronDown className="size-3.5" aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={6}
          aria-label={label}
          className="rising z-[55] w-72 overflow-hidden rounded-card border border-line bg-panel shadow-cast"
        >
          <Values {...props} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** Rows at once: of a thousand Services nobody reads the second hundred, they type. */
const ROWS = 100;

function Values({ label, one, chosen, values: valuesNow, wordsOf = (value) => value, toggle }: Props) {
  const [text, setText] = useState('');
  const values = useMemo(valuesNow, [valuesNow]);
  const found = rank(values, text, wordsOf);
  return (
    <Command shouldFilter={false} label={label} loop>
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder={`${label}…`}
        data-testid="facet-input"
        className="h-10 w-full border-b border-line bg-transparent px-3 outline-none placeholder:text-soft"
      />
      <Command.List className="max-h-[46vh] overflow-y-auto p-1">
        <Command.Empty className="px-3 py-6 text-center text-soft">
          {values.length === 0 ? `There is no ${one}.` : `No ${one} is called “${text}”.`}
        </Command.Empty>
        {found.slice(0, ROWS).map(({ item: value, marks }) => {
          const on = chosen.includes(value);
          return (
            <Command.Item
              key={value}
              value={value}
              aria-checked={on}
              onSelect={() => toggle(value)}
              className="flex h-8 cursor-pointer items-center gap-2 rounded-control px-2 data-[selected=true]:bg-selected"
            >
              <span
                className={`grid size-4 shrink-0 place-items-center rounded-[4px] border ${on ? 'border-live bg-live text-ground' : 'border-faint'}`}
              >
                {on && <Check className="size-3" strokeWidth={3} aria-hidden="true" />}
              </span>
              <Marked text={wordsOf(value)} marks={marks} />
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
