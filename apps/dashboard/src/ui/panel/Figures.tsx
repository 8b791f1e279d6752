'use client';
import { FRESH, type Standing } from '../../city/coverage.ts';
import { age, bytes, clock, count, percent, rate } from '../../city/format.ts';
import { bytesPerSecond, open, refusedShare, type Traffic } from '../../city/traffic.ts';
import type { TrendPoint } from '../../city/trend.ts';
import { useCity } from '../../live/city-store.ts';
import { type Trend, useTrend } from '../../live/trends.ts';
import { Sparkline } from './Sparkline.tsx';

interface Props {
  /** Tells things apart: `service:shop/web`. */
  readonly id: string;
  readonly traffic: Traffic;
  readonly standing: Standing;
  /** Service ports of which the hub has a memory. */
  readonly ports?: readonly string[];
}

const NONE: readonly string[] = [];

/** The four figures at the top of every panel, how they came about, and how far they can be trusted. */
export function Figures({ id, traffic, standing, ports = NONE }: Props) {
  const unknown = standing.state === 'unknown';
  const trend = useTrend(id, unknown ? undefined : traffic, ports);
  const [size, unit] = bytes(bytesPerSecond(traffic));
  const least = standing.state === 'atLeast';
  const figures = [
    { value: rate(traffic.openedPerSecond), word: 'new conn/s', of: 'opened', least },
    { value: count(open(traffic)), word: 'open', of: 'open', least },
    { value: size, word: `${unit}/s`, of: 'bytes', least },
    // a part of what was seen is no bound
    { value: percent(refusedShare(traffic)), word: 'refused', of: 'refused', least: false },
  ] as const;
  const refusals = trend.points.some(({ refused }) => refused > 0);
  const wrong = traffic.refusedPerSecond > 0;
  return (
    <>
      <dl
        className={`grid grid-cols-4 divide-x divide-line overflow-hidden rounded-card border border-line ${unknown ? 'hatched' : 'bg-raised'}`}
        data-testid="figures"
      >
        {figures.map((figure) => (
          <div key={figure.of} className="flex flex-col px-2.5 pt-2 pb-1.5">
            <dt className="order-2 text-xs whitespace-nowrap text-soft">{figure.word}</dt>
            <dd
              className={`order-1 text-[17px] leading-6 font-semibold tracking-[-0.01em] whitespace-nowrap ${wrong && figure.of === 'refused' ? 'text-drain-ink' : ''}`}
              data-figure={figure.of}
            >
              <Value {...figure} unknown={unknown} />
            </dd>
            <dd className="order-3">
              <Sparkline
                stretches={stretches(trend, figure.of)}
                from={trend.from}
                until={trend.until}
                tone={figure.of !== 'refused' ? 'text-time-edge' : refusals ? 'text-drain' : 'text-faint'}
              />
            </dd>
          </div>
        ))}
      </dl>
      <Caption trend={trend} standing={standing} />
    </>
  );
}

function Value({
  value,
  least,
  unknown,
}: {
  readonly value: string;
  readonly least: boolean;
  readonly unknown: boolean;
}) {
  if (unknown) {
    return (
      <>
        <span aria-hidden="true">–</span>
        <span className="sr-only">unknown</span>
      </>
    );
  }
  return (
    <>
      {least && (
        <>
          <span className="mr-0.5 text-[13px] font-normal text-light-ink" aria-hidden="true">
            ≥
          </span>
          <span className="sr-only">at least </span>
        </>
      )}
      {value}
    </>
  );
}

const stretches = ({ points }: Trend, of: keyof Omit<TrendPoint, 'from' | 'until'>) =>
  points.map((point) => ({ from: point.from, until: point.until, value: point[of] }));

/** Of which time the lines are, how old the figures, and why they are no more than a bound. */
function Caption({ trend, standing }: { readonly trend: Trend; readonly standing: Standing }) {
  const { state, why, age: old, slowest } = standing;
  const past = useCity((state) => state.moment !== undefined);
  const lines = {
    hub: past ? 'the 15 min before' : 'last 15 min',
    page: `since ${clock(trend.from)} on this page`,
    none: 'of its past only single moments are kept',
  }[trend.source];
  return (
    <p className="mt-1.5 flex min-h-[18px] flex-wrap justify-between gap-x-3 text-xs text-soft">
      <span>{lines}</span>
      {old > FRESH && (
        <span className="text-light-ink" data-testid="figures-age">
          up to {age(old)} old{slowest !== undefined && ` (${slowest})`}
        </span>
      )}
      {state !== 'complete' && (
        <span className="basis-full text-light-ink" data-testid="at-least">
          {state === 'unknown' ? 'unknown' : 'at least'}: {why}
        </span>
      )}
    </p>
  );
}
