'use client';
import { Filter, Moon, Search, Sun, Table2 } from 'lucide-react';
import { Tabs, ToggleGroup } from 'radix-ui';
import type { ReactNode } from 'react';
import { chipsOf } from '../city/facets.ts';
import { plural } from '../city/format.ts';
import { useCity } from '../live/city-store.ts';
import { look, type Metric, setMetric, setTheme, showTable, useView, type View } from '../live/view-store.ts';
import { Account } from './account/Account.tsx';
import { SavedViews } from './find/SavedViews.tsx';
import { LivePill } from './LivePill.tsx';
import { Mark } from './Mark.tsx';
import { MeasuringPill } from './MeasuringPill.tsx';
import { ModePill } from './ModePill.tsx';
import { TroublesPill } from './TroublesPill.tsx';
import { VersionPill } from './VersionPill.tsx';

const VIEWS: readonly { readonly view: View; readonly label: string }[] = [
  { view: 'services', label: 'Services' },
  { view: 'nodes', label: 'Nodes' },
  { view: 'directory', label: 'Directory' },
];

const METRICS: readonly { readonly metric: Metric; readonly label: string; readonly title: string }[] = [
  { metric: 'connections', label: 'Conn', title: 'Streets and houses show new connections per second' },
  { metric: 'bytes', label: 'Bytes', title: 'Streets and houses show bytes per second' },
];

/** Beside each other at 1280 pixels: what can be said elsewhere makes room first. On half of that, as at 200 % zoom, in two lines. */
export function Header() {
  const { city } = useCity((state) => state.whole);
  const { view, table } = useView();
  const name = [...city.cluster.values()][0]?.name;
  return (
    <header className="z-20 flex h-[52px] shrink-0 items-center gap-2 border-b border-line bg-chrome px-4 max-[1023px]:gap-x-1 max-[1023px]:px-2 max-[1023px]:h-auto max-[1023px]:flex-wrap max-[1023px]:py-2 min-[1440px]:gap-3">
      <div className="flex items-center gap-2.5">
        <Mark />
        <h1 className="font-semibold tracking-[-0.01em]">Kubecity</h1>
      </div>
      {name !== undefined && (
        <p className="hidden truncate text-sm text-soft min-[1700px]:block">
          {name} · {plural(city.node.size, 'node')} · {plural(city.service.size, 'Service')} ·{' '}
          {plural(city.pod.size, 'pod')}
        </p>
      )}
      <Lenses />
      <SavedViews />
      {view !== 'directory' && (
        <HeaderButton
          pressed={table}
          testId="traffic-toggle"
          title="Traffic table beside the map (t)"
          press={() => showTable(!table)}
        >
          <Table2 className="size-3.5" aria-hidden="true" />
          <span className="sr-only min-[1440px]:not-sr-only">Table</span>
        </HeaderButton>
      )}
      <FilterButton />
      <button
        type="button"
        data-testid="find"
        onClick={() => useView.setState({ finding: true })}
        className="touchable flex h-8 min-w-28 max-w-[420px] flex-1 items-center gap-2 rounded-[10px] border border-transparent bg-sunk px-3 text-sm text-soft transition-colors duration-150 hover:border-line"
      >
        <Search className="size-3.5 shrink-0" aria-hidden="true" />
        <span className="truncate">
          Find<span className="sr-only min-[1440px]:not-sr-only"> or do…</span>
        </span>
        <kbd className="ml-auto rounded-[5px] border border-line px-1.5 font-sans text-xs">⌘K</kbd>
      </button>
      <div className="ml-auto flex items-center gap-2 max-[1023px]:flex-wrap max-[1023px]:gap-x-0.5 min-[1440px]:gap-3">
        <MetricSwitch />
        <LivePill />
        <TroublesPill />
        <ModePill />
        <VersionPill />
        <MeasuringPill />
        <ThemeButton />
        <Account />
      </div>
    </header>
  );
}

function Lenses() {
  const view = useView((state) => state.view);
  return (
    <Tabs.Root value={view} onValueChange={(value) => look(value as View)} activationMode="manual">
      <Tabs.List className="flex rounded-[10px] bg-sunk p-0.5" aria-label="Lens">
        {VIEWS.map(({ view: value, label }) => (
          <Tabs.Trigger
            key={value}
            value={value}
            // What it changes is the page, which is no tab panel of its own.
            aria-controls={undefined}
            data-testid={`lens-${value}`}
            className="touchable h-7 rounded-control px-3 text-sm font-medium text-soft transition-colors duration-150 hover:text-text data-[state=active]:bg-tab data-[state=active]:text-text data-[state=active]:shadow-[0_1px_2px_rgb(0_0_0/0.12)]"
          >
            {label}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
    </Tabs.Root>
  );
}

function FilterButton() {
  const open = useView((state) => state.filtering);
  const filters = useCity((state) => chipsOf(state.filter).length);
  return (
    <HeaderButton
      pressed={open || filters > 0}
      testId="filter-toggle"
      title="Filter what is shown (f)"
      press={() => useView.setState({ filtering: !open })}
    >
      <Filter className="size-3.5" aria-hidden="true" />
      Filter
      {filters > 0 && (
        <span className="rounded-full bg-live/15 px-1.5 text-xs text-live-ink" data-testid="filter-count">
          {filters}
        </span>
      )}
    </HeaderButton>
  );
}

function MetricSwitch() {
  const metric = useView((state) => state.metric);
  return (
    <ToggleGroup.Root
      type="single"
      value={metric}
      // An empty value is the pressed one pressed again: something always moves on the streets.
      onValueChange={(value) => value !== '' && setMetric(value as Metric)}
      aria-label="What moves on the streets"
      className="flex rounded-[10px] bg-sunk p-0.5"
    >
      {METRICS.map(({ metric: value, label, title }) => (
        <ToggleGroup.Item
          key={value}
          value={value}
          title={title}
          aria-label={value}
          data-testid={`metric-${value}`}
          className="touchable h-7 rounded-control px-2 text-sm font-medium text-soft transition-colors duration-150 hover:text-text data-[state=on]:bg-tab data-[state=on]:text-text data-[state=on]:shadow-[0_1px_2px_rgb(0_0_0/0.12)]"
        >
          {label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}

function ThemeButton() {
  const night = useView((state) => state.theme === 'night');
  return (
    <button
      type="button"
      data-testid="theme-toggle"
      aria-label={night ? 'Change to day' : 'Change to night'}
      onClick={() => setTheme(night ? 'day' : 'night')}
      className="touchable grid size-8 shrink-0 place-items-center rounded-control text-soft transition-colors duration-150 hover:bg-hover hover:text-text"
    >
      {night ? <Moon className="size-4" /> : <Sun className="size-4" />}
    </button>
  );
}

interface HeaderButtonProps {
  readonly pressed: boolean;
  readonly testId: string;
  /** Its name, with its key. */
  readonly title: string;
  readonly press: () => void;
  readonly children: ReactNode;
}

function HeaderButton({ pressed, testId, title, press, children }: HeaderButtonProps) {
  return (
    <button
      type="button"
      aria-pressed={pressed}
      title={title}
      data-testid={testId}
      onClick={press}
      className="touchable flex h-8 shrink-0 items-center gap-2 rounded-[10px] border border-transparent px-2.5 text-sm font-medium text-soft transition-colors duration-150 hover:bg-hover hover:text-text aria-pressed:border-line aria-pressed:bg-selected aria-pressed:text-text"
    >
      {children}
    </button>
  );
}
