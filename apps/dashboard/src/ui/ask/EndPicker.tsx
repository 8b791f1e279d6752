'use client';
import { Command } from 'cmdk';
import { ChevronsUpDown } from 'lucide-react';
import { Popover } from 'radix-ui';
import { useMemo, useState } from 'react';
import { endsMatching, type PacketEnd } from '../../city/packet-ends.ts';

interface Props<T> {
  readonly label: string;
  /** What is picked, in words; undefined while nothing is. */
  readonly picked?: string;
  readonly placeholder: string;
  /** Asked for when it opens: a large city has many. */
  readonly ends: () => readonly PacketEnd<T>[];
  /** What a typed address means. */
  readonly typed: (text: string) => T | undefined;
  readonly pick: (value: T) => void;
  readonly testId: string;
}

/** Rows shown at once; typing narrows them. */
const SHOWN = 60;

/** A combo box over the places of the city, searchable by name and address; an address may also be typed. */
export function EndPicker<T>(props: Props<T>) {
  const [open, setOpen] = useState(false);
  const { label, picked, placeholder, testId } = props;
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button
          type="button"
          role="combobox"
          aria-expanded={open}
          aria-label={`${label}: ${picked ?? placeholder}`}
          data-testid={testId}
          className="touchable flex h-8 w-full min-w-0 items-center gap-2 rounded-control border border-line bg-raised px-2.5 text-left hover:bg-hover"
        >
          <span className="w-9 shrink-0 text-xs text-soft">{label}</span>
          <span className={`min-w-0 flex-1 truncate ${picked === undefined ? 'text-soft' : ''}`}>
            {picked ?? placeholder}
          </span>
          <ChevronsUpDown className="size-3.5 shrink-0 text-soft" aria-hidden="true" />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          className="rising z-50 w-[min(460px,94vw)] overflow-hidden rounded-[10px] border border-line bg-panel shadow-cast"
        >
          <Finder {...props} close={() => setOpen(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Finder<T>({
  label,
  placeholder,
  ends,
  typed,
  pick,
  close,
  testId,
}: Props<T> & { readonly close: () => void }) {
  const [text, setText] = useState('');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list is of the moment it opened, so that no row moves under the hand
  const all = useMemo(ends, []);
  const found = useMemo(() => endsMatching(all, text, SHOWN), [all, text]);
  const meant = typed(text);
  const choose = (value: T) => {
    pick(value);
    close();
  };
  return (
    <Command shouldFilter={false} label={label} loop>
      <Command.Input
        autoFocus
        value={text}
        onValueChange={setText}
        placeholder={`${placeholder}: name or address`}
        data-testid={`${testId}-input`}
        className="h-10 w-full border-b border-line bg-transparent px-3 outline-none placeholder:text-soft"
      />
      <Command.List className="max-h-[46vh] overflow-y-auto p-1.5">
        <Command.Empty className="px-3 py-6 text-center text-soft">
          Nothing is called or reached by “{text}”.
        </Command.Empty>
        {meant !== undefined && (
          <Command.Item value={`typed ${text}`} onSelect={() => choose(meant)} className={ITEM}>
            <span className="code">{text.trim()}</span>
            <span className="ml-auto text-soft">this address</span>
          </Command.Item>
        )}
        {[...Map.groupBy(found, ({ group }) => group)].map(([group, rows]) => (
          <Command.Group key={group} heading={group} className={GROUP}>
            {rows.map((end) => (
              <Command.Item key={end.id} value={end.id} onSelect={() => choose(end.value)} className={ITEM}>
                <span className="shrink-0 font-medium">{end.label}</span>
                <span className="code ml-auto truncate text-soft">{end.detail}</span>
              </Command.Item>
            ))}
          </Command.Group>
        ))}
      </Command.List>
    </Command>
  );
}

const ITEM = 'flex cursor-pointer items-center gap-3 rounded-control px-2.5 py-1.5 data-[selected=true]:bg-selected';
const GROUP =
  '[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-soft';
