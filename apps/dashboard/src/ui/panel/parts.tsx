'use client';
import type { ReactNode } from 'react';
import type { Selection } from '../../city/find.ts';
import { goTo } from '../../live/view-store.ts';

export function Section({
  title,
  aside,
  children,
}: {
  readonly title: ReactNode;
  readonly aside?: string;
  readonly children: ReactNode;
}) {
  return (
    <section className="mt-4">
      <div className="mb-2 flex items-baseline justify-between gap-3 text-sm">
        <h3 className="min-w-0 font-semibold wrap-anywhere">{title}</h3>
        {aside !== undefined && <span className="shrink-0 text-soft">{aside}</span>}
      </div>
      {children}
    </section>
  );
}

const CHIPS = {
  plain: 'bg-sunk text-soft',
  drain: 'bg-drain/15 text-drain-ink',
  weight: 'bg-weight/18 text-weight-ink',
  live: 'bg-live/15 text-live-ink',
  light: 'bg-light/15 text-light-ink',
} as const;

export function Chip({
  tone = 'plain',
  children,
}: {
  readonly tone?: keyof typeof CHIPS;
  readonly children: ReactNode;
}) {
  return (
    <span className={`inline-flex h-5 shrink-0 items-center rounded-full px-2 text-xs font-medium ${CHIPS[tone]}`}>
      {children}
    </span>
  );
}

/** A name and a value, the value to copy. */
export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="flex items-baseline justify-between gap-4 py-1.5">
      <dt className="shrink-0 text-soft">{name}</dt>
      <dd className="min-w-0 text-right wrap-anywhere">{children}</dd>
    </div>
  );
}

/** A name within a line that leads to another panel. */
export function PlaceLink({ to, children }: { readonly to: Selection; readonly children: ReactNode }) {
  return (
    <button
      type="button"
      onClick={() => goTo(to)}
      className="text-left underline decoration-line underline-offset-3 wrap-anywhere hover:decoration-text"
    >
      {children}
    </button>
  );
}

/** A line that leads to another panel. */
export function Row({ onSelect, children }: { readonly onSelect: () => void; readonly children: ReactNode }) {
  return (
    <button
      type="button"
      onClick={onSelect}
      className="flex w-full items-center gap-3 rounded-control px-2.5 py-1.5 text-left transition-colors duration-150 hover:bg-hover"
    >
      {children}
    </button>
  );
}

export function Problem({ title, children }: { readonly title: ReactNode; readonly children: ReactNode }) {
  return (
    <div className="mt-2 rounded-card border border-drain/35 bg-drain/8 px-3 py-2" role="alert">
      <p className="font-medium text-drain-ink wrap-anywhere">{title}</p>
      <p className="text-sm text-soft wrap-anywhere">{children}</p>
    </div>
  );
}
