'use client';
import { ToggleGroup } from 'radix-ui';
import { RANGES, type Range } from '../../city/history.ts';

interface Props {
  readonly range: Range;
  readonly choose: (range: Range) => void;
}

/** How far back the time line reaches. */
export function RangePicker({ range, choose }: Props) {
  return (
    <ToggleGroup.Root
      type="single"
      value={range.label}
      onValueChange={(label) => {
        const chosen = RANGES.find((one) => one.label === label);
        if (chosen) choose(chosen);
      }}
      aria-label="Length of the time line"
      className="grid w-[132px] shrink-0 grid-cols-2 content-center gap-0.5 border-l border-line px-2"
    >
      {RANGES.map(({ label }) => (
        <ToggleGroup.Item
          key={label}
          value={label}
          data-testid={`range-${label.replace(' ', '-')}`}
          className="touchable h-8 rounded-control text-xs text-soft transition-colors duration-150 hover:bg-hover hover:text-text data-[state=on]:bg-tab data-[state=on]:font-medium data-[state=on]:text-text"
        >
          {label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
