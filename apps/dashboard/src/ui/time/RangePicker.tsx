'use client';
import { ToggleGroup } from 'radix-ui';
import { RANGES, type Range } from '../../city/history.ts';

interface Props {
  readonly range: Range;
  readonly choose: (range: Range) => void;
  /** Why the hub told nothing of the past. */
  readonly fault?: string;
}

/** How far back the time line reaches. */
export function RangePicker({ range, choose, fault }: Props) {
  return (
    <div className="flex w-[132px] shrink-0 flex-col justify-center gap-1 border-l border-line px-2">
      <ToggleGroup.Root
        type="single"
        value={range.label}
        onValueChange={(label) => {
          const chosen = RANGES.find((one) => one.label === label);
          if (chosen) choose(chosen);
        }}
        aria-label="Length of the time line"
        className="grid grid-cols-2 gap-0.5 rounded-control bg-sunk p-0.5"
      >
        {RANGES.map(({ label }) => (
          <ToggleGroup.Item
            key={label}
            value={label}
            data-testid={`range-${label.replace(' ', '-')}`}
            className="h-5.5 rounded-[6px] text-xs text-soft transition-colors duration-150 hover:text-text data-[state=on]:bg-tab data-[state=on]:font-medium data-[state=on]:text-text"
          >
            {label}
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
      {fault !== undefined && (
        <p className="truncate text-[10px] leading-3 text-light-ink" title={fault} role="status">
          No history: {fault}
        </p>
      )}
    </div>
  );
}
