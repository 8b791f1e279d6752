'use client';
import { X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import type { KeyboardEvent } from 'react';
import { useView } from '../live/view-store.ts';
import { KEYS, type Key } from './keys.ts';

/** The sheet of all keys: it shows the list that the page's handler works with. */
export function Keys() {
  const open = useView((state) => state.keys);
  return (
    <Dialog.Root open={open} onOpenChange={(keys) => useView.setState({ keys })}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-50 bg-[#05070f]/40" />
        <Dialog.Content
          aria-describedby={undefined}
          data-testid="keys"
          onKeyDown={closeOnSameKey}
          className="rising fixed top-[8vh] left-1/2 z-50 max-h-[84vh] w-[860px] max-w-[94vw] -translate-x-1/2 overflow-y-auto rounded-[14px] border border-line bg-panel p-5 shadow-cast"
        >
          <div className="flex items-start justify-between">
            <Dialog.Title className="text-figure font-semibold">Keys</Dialog.Title>
            <Dialog.Close
              aria-label="Close"
              className="touchable -mt-1 grid size-8 place-items-center rounded-control text-soft hover:bg-hover hover:text-text"
            >
              <X className="size-4" />
            </Dialog.Close>
          </div>
          <div className="mt-2 gap-x-8 sm:columns-2">
            {KEYS.map(({ heading, keys }) => (
              <section key={heading} className="mb-4 break-inside-avoid" aria-label={heading}>
                <h3 className="mb-1 text-sm font-semibold text-soft">{heading}</h3>
                <dl>
                  {keys.map((key) => (
                    <Line key={key.words} of={key} />
                  ))}
                </dl>
              </section>
            ))}
          </div>
          <p className="text-sm text-soft">Keys rest while you type and while a sheet like this one is open.</p>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function closeOnSameKey(event: KeyboardEvent): void {
  if (event.key !== '?') return;
  // The page's own handler would open it again.
  event.preventDefault();
  useView.setState({ keys: false });
}

function Line({ of }: { readonly of: Key }) {
  return (
    <div className="flex items-baseline justify-between gap-4 border-t border-line py-1.5">
      <dt>{of.words}</dt>
      <dd className="flex shrink-0 gap-1">
        {of.keys.map((key) => (
          <kbd
            key={key}
            className="min-w-6 rounded-[5px] border border-line bg-sunk px-1.5 text-center font-sans text-xs"
          >
            {nameOf(key)}
          </kbd>
        ))}
      </dd>
    </div>
  );
}

const NAMES: Readonly<Record<string, string>> = {
  ' ': 'Space',
  Escape: 'Esc',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  PageUp: 'Page ↑',
  PageDown: 'Page ↓',
  Enter: '↵',
};

/** As it stands on the keyboard of the person: ⌘ on a Mac, Ctrl elsewhere. */
function nameOf(key: string): string {
  if (!key.startsWith('mod+')) return NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  const letter = key.slice('mod+'.length).toUpperCase();
  return navigator.platform.startsWith('Mac') ? `⌘${letter}` : `Ctrl ${letter}`;
}
