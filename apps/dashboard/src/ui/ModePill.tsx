'use client';
import { Eye } from 'lucide-react';
import { observing } from '../city/modes.ts';
import { useCity } from '../live/city-store.ts';

/** Only while agents observe: before anything is steered one should know that nothing would come of it. */
export function ModePill() {
  const told = observing(useCity((state) => state.stream.city.node).values());
  if (!told) return null;
  return (
    <p
      data-testid="observing"
      title={told.meaning}
      className="flex h-8 items-center gap-1.5 px-1 text-sm whitespace-nowrap text-soft"
    >
      <Eye className="size-3.5" aria-hidden="true" />
      <span className="sr-only min-[1600px]:not-sr-only">{told.words}</span>
      <span className="sr-only">{told.meaning}</span>
    </p>
  );
}
