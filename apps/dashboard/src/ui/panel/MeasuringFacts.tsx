'use client';
import type { CityRecord } from '@kubecity/protocol';
import { measuringOf, NEARLY_FULL, nearlyFull, SLOW_PERIOD } from '../../city/coverage.ts';
import { age, count, percent, plural, span } from '../../city/format.ts';
import { useNow } from '../use-now.ts';
import { Fact, Problem, Section } from './parts.tsx';

/** How a node's connections are counted: age, period and what was missed; and how full its table is. */
export function MeasuringFacts({ node }: { readonly node: CityRecord<'node'> }) {
  const now = useNow(250);
  const table = node.agent.conntrack;
  if (!table) return null;
  const measuring = measuringOf(node);
  const { fullness = 0 } = measuring;
  const period = table.periodMilliseconds;
  return (
    <Section title="Counting its connections">
      {nearlyFull(measuring) && (
        <Problem title={`The connection table is ${percent(fullness)} full`}>
          Beyond its maximum the kernel drops new connections. Raise nf_conntrack_max, or find who opens so many.
        </Problem>
      )}
      <dl className="divide-y divide-line" data-testid="measuring-facts">
        <Fact name="Table">
          {count(table.entries)}
          {table.max > 0 ? ` of ${count(table.max)} (${percent(fullness)})` : ', without a limit'}
          {table.max > 0 && <Fullness part={fullness} />}
        </Fact>
        <Fact name="Figures">
          {age(now - table.at)} old · read in {Math.round(table.dumpMilliseconds)} ms every{' '}
          <span className={period > SLOW_PERIOD ? 'text-light-ink' : ''}>{span(period)}</span>
        </Fact>
        <Missed name="Dumps lost" n={table.lostDumps} />
        <Missed name="Refusals missed" n={table.lostEvents} unit="time" />
        <Missed name="Ended unseen" n={table.endedUnseen} unit="flow" />
        <Missed name="Without byte counters" n={table.withoutCounters} unit="flow" />
        <Missed name="Not explained by a Service or pod" n={table.unexplained} unit="flow" />
        <Missed name="Edges summed under “other”" n={table.folded} />
        <Missed
          name="Refused by a full table"
          n={table.insertFailed + table.dropped + table.earlyDropped}
          unit="entry"
          many="entries"
        />
        <Fact name="Counted on other nodes">{plural(table.elsewhere - table.unexplained, 'flow')}</Fact>
      </dl>
    </Section>
  );
}

interface MissedProps {
  readonly name: string;
  readonly n: number;
  readonly unit?: string;
  readonly many?: string;
}

/** A loss: said only when there is one. */
function Missed({ name, n, unit, many }: MissedProps) {
  if (n === 0) return null;
  return (
    <Fact name={name}>
      <span className="text-light-ink">{unit === undefined ? count(n) : plural(n, unit, many)}</span>
    </Fact>
  );
}

function Fullness({ part }: { readonly part: number }) {
  return (
    <span className="mt-1 block h-[5px] w-40 overflow-hidden rounded-full bg-sunk" aria-hidden="true">
      <span
        className={`block h-full rounded-full ${part >= NEARLY_FULL ? 'bg-drain' : 'bg-live'}`}
        style={{ width: `${Math.min(100, part * 100)}%` }}
      />
    </span>
  );
}
