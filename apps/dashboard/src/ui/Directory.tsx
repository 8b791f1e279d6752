'use client';
import { Tabs } from 'radix-ui';
import { useEffect, useState } from 'react';
import { useCity } from '../live/city-store.ts';
import { useView } from '../live/view-store.ts';
import { CityTable } from './directory/CityTable.tsx';
import { TABLES } from './directory/rows.ts';
import { TrafficView } from './traffic/TrafficPanel.tsx';
import { Waiting } from './Waiting.tsx';

/** The map's twin in words and figures: the same facts as tables, for reading, sorting and the keyboard. */
export function Directory() {
  const arrived = useCity((state) => state.arrived);
  const city = useCity((state) => state.survey.city);
  const flight = useView((state) => state.flight);
  const [filter, setFilter] = useState('');
  const [tab, setTab] = useState('services');
  const counts: Record<string, number> = {
    services: city.service.size,
    backends: city.backend.size,
    nodes: city.node.size,
    edges: city.edge.size,
  };
  useEffect(() => {
    // There is nowhere to fly here; the panel shows what was found.
    if (flight) useView.setState({ flight: undefined });
  }, [flight]);
  if (!arrived) return <Waiting state="loading" />;
  return (
    <Tabs.Root value={tab} onValueChange={setTab} className="flex h-full flex-col gap-3 bg-ground p-4">
      <div className="flex items-center gap-4">
        <Tabs.List className="flex gap-1" aria-label="Tables">
          {[...TABLES, { id: 'edges', label: 'Traffic' }].map(({ id, label }) => (
            <Tabs.Trigger
              key={id}
              value={id}
              data-testid={`directory-${id}`}
              className="group flex h-8 items-center gap-2 rounded-control px-3 font-medium text-soft transition-colors duration-150 hover:text-text data-[state=active]:bg-raised data-[state=active]:text-text data-[state=active]:shadow-cast"
            >
              {label}
              <span className="text-xs font-normal text-soft">{counts[id]}</span>
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {tab !== 'edges' && (
          <input
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
            placeholder="Only rows with…"
            aria-label="Filter rows"
            className="ml-auto h-8 w-60 rounded-control border border-line bg-panel px-3 outline-none placeholder:text-soft focus:border-live"
          />
        )}
      </div>
      {TABLES.map((table) => (
        <Tabs.Content
          key={table.id}
          value={table.id}
          className="flex min-h-0 flex-1 flex-col outline-none"
          tabIndex={-1}
        >
          <CityTable table={table} filter={filter} />
        </Tabs.Content>
      ))}
      <Tabs.Content
        value="edges"
        className="flex min-h-0 flex-1 flex-col overflow-hidden rounded-card border border-line bg-panel outline-none"
        tabIndex={-1}
      >
        <TrafficView />
      </Tabs.Content>
    </Tabs.Root>
  );
}
