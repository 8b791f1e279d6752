'use client';
import { useCity } from '../live/city-store.ts';
import { showOnly } from '../live/view-store.ts';
import { Button } from './Button.tsx';

/** Says that figures count the connections of one Service only; with the way back to all. */
export function OnlyBanner() {
  const only = useCity((state) => state.only);
  if (only === undefined) return null;
  return (
    <div
      role="status"
      data-testid="only-banner"
      className="z-10 flex min-h-9 shrink-0 items-center gap-2.5 border-b border-line bg-sunk px-4 py-1"
    >
      <p className="min-w-0 flex-1 truncate">
        Only connections to <b className="font-semibold">{only}</b> are shown and counted, on the map and in the tables
      </p>
      <Button onClick={() => showOnly(undefined)} data-testid="show-all">
        Show all
      </Button>
    </div>
  );
}
