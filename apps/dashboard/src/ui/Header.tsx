'use client';
import { Moon, Search, Sun, Table2 } from 'lucide-react';
import { Tabs } from 'radix-ui';
import { plural } from '../city/format.ts';
import { useCity } from '../live/city-store.ts';
import { look, setTheme, showTable, useView, type View } from '../live/view-store.ts';
import { LivePill } from './LivePill.tsx';
import { Mark } from './Mark.tsx';
import { MeasuringPill } from './MeasuringPill.tsx';

const VIEWS: readonly { readonly view: View; readonly label: string }[] = [
  { view: 'services', label: 'Services' },
  { view: 'nodes', label: 'Nodes' },
  { view: 'directory', label: 'Directory' },
];

export function Header() {
  const { city } = useCity((state) => state.survey);
  const { view, theme, table } = useView();
  const name = [...city.cluster.values()][0]?.name;
  const night = theme === 'night';
  return (
    <header className="z-20 flex h-[52px] shrink-0 items-center gap-4 border-b border-line bg-chrome px-4">
      <div className="flex items-center gap-2.5">
        <Mark />
        <h1 className="font-semibold tracking-[-0.01em]">Kubecity</h1>
      </div>
      {name !== undefined && (
        <p className="hidden truncate text-sm text-soft lg:block">
          {name} · {plural(city.node.size, 'node')} · {plural(city.service.size, 'Service')} ·{' '}
          {plural(city.pod.size, 'pod')}
        </p>
      )}
      <Tabs.Root value={view} onValueChange={(value) => look(value as View)} activationMode="manual">
        <Tabs.List className="flex rounded-[10px] bg-sunk p-0.5" aria-label="Lens">
          {VIEWS.map(({ view: value, label }) => (
            <Tabs.Trigger
              key={value}
              value={value}
              data-testid={`lens-${value}`}
              className="h-7 rounded-control px-3 text-sm font-medium text-soft transition-colors duration-150 hover:text-text data-[state=active]:bg-tab data-[state=active]:text-text data-[state=active]:shadow-[0_1px_2px_rgb(0_0_0/0.12)]"
            >
              {label}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
      </Tabs.Root>
      {view !== 'directory' && (
        <button
          type="button"
          aria-pressed={table}
          data-testid="traffic-toggle"
          title="Traffic table beside the map (t)"
          onClick={() => showTable(!table)}
          className="flex h-8 shrink-0 items-center gap-2 rounded-[10px] border border-transparent px-2.5 text-sm font-medium text-soft transition-colors duration-150 hover:bg-hover hover:text-text aria-pressed:border-line aria-pressed:bg-selected aria-pressed:text-text"
        >
          <Table2 className="size-3.5" aria-hidden="true" />
          Table
        </button>
      )}
      <button
        type="button"
        data-testid="find"
        onClick={() => useView.setState({ finding: true })}
        className="flex h-8 min-w-40 max-w-[420px] flex-1 items-center gap-2 rounded-[10px] border border-transparent bg-sunk px-3 text-sm text-soft transition-colors duration-150 hover:border-line"
      >
        <Search className="size-3.5" aria-hidden="true" />
        <span className="truncate">Find a Service, pod, node or address…</span>
        <kbd className="ml-auto rounded-[5px] border border-line px-1.5 font-sans text-xs">⌘K</kbd>
      </button>
      <div className="ml-auto flex items-center gap-3">
        <LivePill />
        <MeasuringPill />
        <button
          type="button"
          data-testid="theme-toggle"
          aria-label={night ? 'Change to day' : 'Change to night'}
          onClick={() => setTheme(night ? 'day' : 'night')}
          className="grid size-8 place-items-center rounded-control text-soft transition-colors duration-150 hover:bg-hover hover:text-text"
        >
          {night ? <Moon className="size-4" /> : <Sun className="size-4" />}
        </button>
      </div>
    </header>
  );
}
