'use client';
import { Tabs } from 'radix-ui';
import { useEffect } from 'react';
import { count } from '../city/format.ts';
import { isBulkTab } from '../city/steer/bulk.ts';
import { useCity } from '../live/city-store.ts';
import { read, TABS, type Tab, useView } from '../live/view-store.ts';
import { BulkBar } from './directory/BulkBar.tsx';
import { Changes } from './directory/Changes.tsx';
import { changes } from './directory/changes.ts';
import { Grid } from './directory/Grid.tsx';
import { TableBar } from './directory/TableBar.tsx';
import { type CityTab, TABLES } from './directory/tables.ts';
import { useRows } from './directory/use-rows.ts';
import { Waiting } from './Waiting.tsx';

/** The map's twin in words and figures: the same facts as tables, for reading, sorting and the keyboard. */
export function Directory() {
  const arrived = useCity((state) => state.arrived);
  const { service, backend, pod, node, edge, policy, refusal } = useCity((state) => state.survey.city);
  const tab = useView((state) => state.reading.tab);
  const flight = useView((state) => state.flight);
  const counts: Readonly<Partial<Record<Tab, number>>> = {
    services: service.size,
    backends: backend.size,
    pods: pod.size,
    nodes: node.size,
    edges: edge.size,
    policies: policy.size,
    refusals: refusal.size,
  };
  useEffect(() => {
    // There is nowhere to fly here; the panel shows what was found.
    if (flight) useView.setState({ flight: undefined });
  }, [flight]);
  if (!arrived) return <Waiting state="loading" />;
  return (
    <Tabs.Root
      value={tab}
      onValueChange={(value) => read({ tab: value as Tab, sort: undefined })}
      className="flex h-full flex-col gap-3 bg-ground p-4"
    >
      <Tabs.List className="flex gap-1" aria-label="Tables">
        {TABS.map((id) => (
          <Tabs.Trigger
            key={id}
            value={id}
            data-testid={`directory-${id}`}
            className="touchable group flex h-8 items-center gap-2 rounded-control px-3 font-medium text-soft transition-colors duration-150 hover:text-text data-[state=active]:bg-raised data-[state=active]:text-text data-[state=active]:shadow-cast"
          >
            {id === 'changes' ? changes.label : TABLES[id].label}
            {id !== 'changes' && <span className="text-xs font-normal text-soft">{count(counts[id] ?? 0)}</span>}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content
        value={tab}
        className="relative flex min-h-0 flex-1 flex-col overflow-hidden rounded-card border border-line bg-panel outline-none"
        tabIndex={-1}
      >
        {tab === 'changes' ? <Changes /> : <Sheet key={tab} tab={tab} />}
      </Tabs.Content>
    </Tabs.Root>
  );
}

function Sheet({ tab }: { readonly tab: CityTab }) {
  const shown = useRows(TABLES[tab]);
  return (
    <>
      <TableBar table={TABLES[tab]} shown={shown} />
      <Grid table={TABLES[tab]} shown={shown} />
      {isBulkTab(tab) && <BulkBar tab={tab} one={TABLES[tab].one} />}
    </>
  );
}
