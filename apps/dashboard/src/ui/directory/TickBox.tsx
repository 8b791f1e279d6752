// biome-ignore-all lint/a11y/useSemanticElements: cells of an ARIA grid
'use client';
import { Check } from 'lucide-react';

/** Pixels of its column. */
export const TICK = 30;

interface Props {
  readonly on: boolean;
  readonly label: string;
  /** Stands in the head. */
  readonly head?: boolean;
  /** `range`: with Shift, all from the last one. */
  readonly tick: (range: boolean) => void;
}

/** Ticks a row to steer several at once. The keyboard ticks with the space bar of the grid. */
export function TickBox({ on, label, head = false, tick }: Props) {
  return (
    <div role={head ? 'columnheader' : 'gridcell'} tabIndex={-1} className="-ml-1.5 self-center">
      <button
        type="button"
        role="checkbox"
        aria-checked={on}
        aria-label={label}
        tabIndex={-1}
        data-testid={head ? 'tick-all' : 'tick'}
        onClick={(event) => {
          // The row would be selected besides.
          event.stopPropagation();
          tick(event.shiftKey);
        }}
        // A range by Shift would mark the text between.
        onMouseDown={(event) => event.shiftKey && event.preventDefault()}
        className="grid size-7 place-items-center"
      >
        <span
          className={`grid size-4 place-items-center rounded-[4px] border ${on ? 'border-live bg-live text-ground' : 'border-faint'}`}
        >
          {on && <Check className="size-3" strokeWidth={3} aria-hidden="true" />}
        </span>
      </button>
    </div>
  );
}
