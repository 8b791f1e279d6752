'use client';
import { Bookmark, Link2, Pencil, Trash2 } from 'lucide-react';
import { Popover } from 'radix-ui';
import { type FormEvent, type ReactNode, useState } from 'react';
import { LONGEST_NAME, type SavedView } from '../../city/saved-views.ts';
import {
  deleteView,
  linkOf,
  openSavedView,
  readViews,
  renameView,
  saveView,
  useSavedViews,
} from '../../live/saved-views.ts';
import { Button } from '../Button.tsx';
import { copy } from '../copy.ts';

/** The menu of saved views, beside the lenses. */
export function SavedViews() {
  const open = useSavedViews((state) => state.open);
  return (
    <Popover.Root
      open={open}
      onOpenChange={(wanted) => {
        if (wanted) readViews();
        useSavedViews.setState({ open: wanted });
      }}
    >
      <Popover.Trigger
        aria-label="Saved views"
        title="Saved views"
        data-testid="saved-views"
        className="touchable -ml-2 grid size-8 shrink-0 place-items-center rounded-control text-soft transition-colors duration-150 hover:bg-hover hover:text-text data-[state=open]:bg-selected data-[state=open]:text-text"
      >
        <Bookmark className="size-4" aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={8}
          aria-label="Saved views"
          className="rising z-40 w-80 rounded-card border border-line bg-panel p-2 shadow-cast"
        >
          <Menu />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Menu() {
  const { views, fault } = useSavedViews();
  const [name, setName] = useState('');
  const save = (event: FormEvent) => {
    event.preventDefault();
    saveView(name);
    setName('');
  };
  return (
    <>
      <form onSubmit={save} className="flex gap-2 p-1">
        <input
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={LONGEST_NAME}
          placeholder="Name of this view"
          aria-label="Name of this view"
          data-testid="view-name"
          className="h-8 min-w-0 flex-1 rounded-control border border-line bg-sunk px-2.5 outline-none placeholder:text-soft focus:border-live"
        />
        <Button type="submit" className="h-8" disabled={name.trim() === ''} data-testid="save-view">
          Save
        </Button>
      </form>
      {fault !== undefined && <p className="px-2 py-1 text-sm text-light-ink">{fault}</p>}
      {views.length === 0 ? (
        <p className="px-2 pt-1 pb-2 text-sm text-soft">
          A view is what you look at now: lens, selection, table, filter. This browser keeps it; its link opens it
          anywhere.
        </p>
      ) : (
        <ul className="mt-1 max-h-[50vh] overflow-y-auto" aria-label="Saved views">
          {views.map((view) => (
            <Line key={view.name} view={view} />
          ))}
        </ul>
      )}
    </>
  );
}

function Line({ view }: { readonly view: SavedView }) {
  const [draft, setDraft] = useState<string>();
  if (draft !== undefined) {
    const take = (event: FormEvent) => {
      event.preventDefault();
      renameView(view.name, draft);
      setDraft(undefined);
    };
    return (
      <li>
        <form onSubmit={take} className="flex h-9 items-center gap-2 px-1">
          <input
            value={draft}
            // biome-ignore lint/a11y/noAutofocus: the person asked to write here
            autoFocus
            maxLength={LONGEST_NAME}
            aria-label={`New name of ${view.name}`}
            data-testid="view-rename"
            onChange={(event) => setDraft(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Escape') return;
              event.stopPropagation();
              setDraft(undefined);
            }}
            className="h-7 min-w-0 flex-1 rounded-control border border-line bg-sunk px-2 outline-none focus:border-live"
          />
          <Button type="submit">Rename</Button>
        </form>
      </li>
    );
  }
  return (
    <li className="flex min-h-9 items-center rounded-control hover:bg-hover" data-testid="saved-view">
      <button
        type="button"
        className="h-full min-w-0 flex-1 truncate px-2 text-left font-medium"
        onClick={() => {
          useSavedViews.setState({ open: false });
          openSavedView(view);
        }}
      >
        {view.name}
      </button>
      <Tool label={`Copy the link of ${view.name}`} press={() => void copy('The link', linkOf(view))}>
        <Link2 className="size-3.5" />
      </Tool>
      <Tool label={`Rename ${view.name}`} press={() => setDraft(view.name)}>
        <Pencil className="size-3.5" />
      </Tool>
      <Tool label={`Delete ${view.name}`} press={() => deleteView(view.name)}>
        <Trash2 className="size-3.5" />
      </Tool>
    </li>
  );
}

interface ToolProps {
  readonly label: string;
  readonly press: () => void;
  /** Its sign. */
  readonly children: ReactNode;
}

function Tool({ label, press, children }: ToolProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      onClick={press}
      className="touchable grid size-8 shrink-0 place-items-center rounded-control text-soft hover:bg-selected hover:text-text"
    >
      {children}
    </button>
  );
}
