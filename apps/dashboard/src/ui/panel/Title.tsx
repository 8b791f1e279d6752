'use client';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { select } from '../../live/view-store.ts';

/** Names the panel, and takes the focus when it opens. */
export const TITLE_ID = 'panel-title';

interface TitleProps {
  readonly title: string;
  readonly code?: boolean;
  readonly detail: ReactNode;
}

/** The head of every panel: what it is, and the way out. */
export function Title({ title, code, detail }: TitleProps) {
  return (
    <div className="mb-3.5 flex items-start gap-3">
      <div className="min-w-0 flex-1">
        <h2
          id={TITLE_ID}
          tabIndex={-1}
          className={`rounded-control outline-offset-4 leading-7 font-semibold tracking-[-0.01em] wrap-anywhere ${code ? 'code text-[16px]' : 'text-title'}`}
          data-testid="panel-title"
        >
          {title}
        </h2>
        <p className="text-sm text-soft">{detail}</p>
      </div>
      <button
        type="button"
        aria-label="Close"
        onClick={() => select(undefined)}
        className="touchable grid size-7 place-items-center rounded-control text-soft transition-colors duration-150 hover:bg-hover hover:text-text"
      >
        <X className="size-4" />
      </button>
    </div>
  );
}
