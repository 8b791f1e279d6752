'use client';
import { gapsOf } from '../../city/coverage.ts';
import { useCity } from '../../live/city-store.ts';

/** Which sums are incomplete, and why; undefined when every node was counted. */
export function useGaps(): string | undefined {
  const { city, sums } = useCity((state) => state.survey);
  const past = useCity((state) => state.moment !== undefined);
  if (past) return sums.all.staleEdges > 0 ? 'an agent was silent then' : undefined;
  return gapsOf(city);
}

/** Says that figures are lower bounds. */
export function AtLeast() {
  const gaps = useGaps();
  if (gaps === undefined) return null;
  return (
    <p className="truncate text-sm text-light-ink" data-testid="at-least">
      at least: {gaps}
    </p>
  );
}
