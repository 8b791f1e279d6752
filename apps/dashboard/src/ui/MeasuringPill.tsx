'use client';
import { Activity, TriangleAlert } from 'lucide-react';
import { Popover } from 'radix-ui';
import { flawsOf, type Measuring, measuringOf, nearlyFull } from '../city/coverage.ts';
import { age, percent, plural, span } from '../city/format.ts';
import { useCity } from '../live/city-store.ts';
import { goTo } from '../live/view-store.ts';
import { useNow } from './use-now.ts';

/** How old the oldest figures are and whether anything was missed; opened, node by node. */
export function MeasuringPill() {
  const nodes = useCity((state) => state.stream.city.node);
  const now = useNow(500);
  const all = [...nodes.values()].map(measuringOf);
  // Of a silent agent the last figures stand in every sum.
  const ages = all.flatMap(({ at, state }) => (at === undefined || state === 'absent' ? [] : [now - at]));
  const flawed = all.filter((one) => flawsOf(one).length > 0);
  const full = all.filter(nearlyFull);
  if (all.length === 0) return null;
  return (
    <Popover.Root>
      <Popover.Trigger
        data-testid="measuring"
        title="Age, period and losses of the figures, node by node"
        className={`touchable flex h-8 items-center gap-1.5 rounded-control px-2 text-sm whitespace-nowrap transition-colors duration-150 hover:bg-hover ${full.length > 0 ? 'text-drain-ink' : flawed.length > 0 ? 'text-light-ink' : 'text-soft'}`}
      >
        {flawed.length > 0 ? (
          <TriangleAlert className="size-3.5" aria-hidden="true" />
        ) : (
          <Activity className="size-3.5" aria-hidden="true" />
        )}
        {ages.length > 0 ? `figures ≤ ${age(Math.max(...ages))}` : 'no figures'}
        {full.length > 0
          ? ` · ${plural(full.length, 'table')} nearly full`
          : flawed.length > 0 && ` · gaps on ${plural(flawed.length, 'node')}`}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          data-testid="measuring-nodes"
          className="rising z-40 max-h-[70vh] w-[560px] overflow-y-auto rounded-card border border-line bg-panel p-3 shadow-cast"
        >
          <p className="mb-2 text-sm text-soft">Each agent reads its kernel’s connection table; this is how well.</p>
          <div className="grid grid-cols-[minmax(96px,1fr)_64px_64px_64px_minmax(140px,1.6fr)] items-start gap-x-3 text-sm">
            {HEADS.map((head) => (
              <span key={head} className="border-b border-line pb-1 text-xs font-medium text-soft">
                {head}
              </span>
            ))}
            <Lines all={all} now={now} />
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** Sorted only while somebody reads it: the pill counts twice a second. */
const Lines = ({ all, now }: { readonly all: readonly Measuring[]; readonly now: number }) =>
  [...all].sort(worstFirst).map((one) => <Line key={one.node} measuring={one} now={now} />);

const HEADS = ['Node', 'Age', 'Every', 'Table', 'Missed'] as const;

const worstFirst = (a: Measuring, b: Measuring): number =>
  flawsOf(b).length - flawsOf(a).length || a.node.localeCompare(b.node, 'en', { numeric: true });

function Line({ measuring, now }: { readonly measuring: Measuring; readonly now: number }) {
  const { node, at, periodMilliseconds: period, fullness } = measuring;
  const flaws = flawsOf(measuring);
  return (
    <>
      <button
        type="button"
        onClick={() => goTo({ kind: 'node', id: node })}
        className="truncate py-1 text-left font-medium hover:underline"
      >
        {node}
      </button>
      <span className="py-1">{at === undefined ? '–' : age(now - at)}</span>
      <span className="py-1">{period === undefined ? '–' : span(period)}</span>
      <span className={`py-1 ${nearlyFull(measuring) ? 'font-medium text-drain-ink' : ''}`}>
        {fullness === undefined ? '–' : percent(fullness)}
      </span>
      <span className={`py-1 ${flaws.length > 0 ? 'text-light-ink' : 'text-soft'}`}>
        {flaws.join(' · ') || 'nothing'}
      </span>
    </>
  );
}
