'use client';
import { X } from 'lucide-react';
import { useCity } from '../../live/city-store.ts';
import { showTable } from '../../live/view-store.ts';
import { Grid } from '../directory/Grid.tsx';
import { TableBar } from '../directory/TableBar.tsx';
import { TABLES } from '../directory/tables.ts';
import { useRows } from '../directory/use-rows.ts';

/** The traffic table below the map: what the roads carry, in figures, of the same moment. */
export function TrafficPanel() {
  const arrived = useCity((state) => state.arrived);
  const shown = useRows(TABLES.edges);
  return (
    <section
      aria-label="Traffic table"
      data-testid="traffic-panel"
      className="rising flex h-[38vh] min-h-44 shrink-0 flex-col border-t border-line bg-panel"
    >
      <TableBar table={TABLES.edges} shown={shown} title="Traffic">
        <button
          type="button"
          aria-label="Close the traffic table"
          onClick={() => showTable(false)}
          className="touchable grid size-8 place-items-center rounded-control text-soft transition-colors duration-150 hover:bg-hover hover:text-text"
        >
          <X className="size-4" />
        </button>
      </TableBar>
      {arrived ? (
        <Grid table={TABLES.edges} shown={shown} />
      ) : (
        <p className="breathing grid flex-1 place-items-center text-soft" role="status" data-testid="traffic-loading">
          Waiting for the first snapshot…
        </p>
      )}
    </section>
  );
}
