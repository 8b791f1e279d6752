'use client';
import { scaleLinear, scaleTime } from 'd3';
import { type KeyboardEvent, type MouseEvent, useEffect, useMemo, useRef, useState } from 'react';
import { clock, moment, rate, second } from '../city/format.ts';
import { binned, type LinePoint, linePoints, pointAt, pointFrom, RANGES, type Range } from '../city/history.ts';
import { useCity } from '../live/city-store.ts';
import { backToLive, rewindTo, useRewind } from '../live/rewind.ts';
import { useHistory } from '../live/use-history.ts';
import { Flag, flagsOf } from './time/Flag.tsx';
import { RangePicker } from './time/RangePicker.tsx';
import { TrafficArea } from './time/TrafficArea.tsx';

const HEIGHT = 64;

/** Traffic of the whole city as a soft area, with what operators did as flags; a click or an arrow key rewinds the map. */
export function TimeLine() {
  const { tick, action } = useCity((state) => state.stream.city);
  const now = useCity((state) => state.stream.at);
  const shown = useCity((state) => state.moment?.at);
  const wanted = useRewind((state) => state.wanted);
  const box = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState<Range>(RANGES[1]);
  const { history, fault } = useHistory(range);
  const [width, setWidth] = useState(0);
  const [pointer, setPointer] = useState<number>();
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const begin = now - range.milliseconds;
  const points = useMemo(() => {
    const known = linePoints(history, tick.values(), begin);
    return binned(known, range.milliseconds, Math.max(60, width));
  }, [history, tick, begin, range, width]);
  const x = scaleTime([begin, now], [16, Math.max(17, width - 20)]);
  const top = Math.max(1, ...points.map((point) => point.openedPerSecond)) * 1.15;
  const y = scaleLinear([0, top], [HEIGHT - 16, 16]);
  // A time that would be cut off at the edge is left out.
  const hours = x.ticks(Math.max(2, Math.floor(width / 170))).filter((time) => x(time) > 24 && x(time) < width - 24);
  const under = (left: number) => pointAt(points, x.invert(left).getTime());
  const near = pointer === undefined ? undefined : under(pointer);
  const cursor = wanted ?? shown;
  const go = (point: LinePoint | undefined) => (point ? rewindTo(point.at) : backToLive());
  return (
    <section
      className="relative flex h-[68px] shrink-0 border-t border-line bg-chrome"
      aria-label="Time line"
      data-testid="time-line"
    >
      <div ref={box} className="relative min-w-0 flex-1">
        <div
          role="slider"
          tabIndex={0}
          aria-label="Time that the map shows: arrow keys go back and forth, Escape returns to live"
          aria-valuemin={Math.round(begin)}
          aria-valuemax={now}
          aria-valuenow={Math.round(cursor ?? now)}
          aria-valuetext={cursor === undefined ? 'live' : moment(cursor, now)}
          data-testid="time-slider"
          className="absolute inset-0 cursor-crosshair -outline-offset-2"
          onPointerMove={(event) => setPointer(leftOf(event))}
          onPointerLeave={() => setPointer(undefined)}
          onClick={(event) => points.length > 0 && go(under(leftOf(event)))}
          onKeyDown={(event) => {
            const steps = stepsOf(event);
            if (steps === undefined || points.length === 0) return;
            event.preventDefault();
            go(pointFrom(points, cursor, steps));
          }}
        >
          {width > 0 && (
            <svg width={width} height={HEIGHT + 4} role="img" aria-label="New connections per second over time">
              <TrafficArea points={points} x={x} y={y} />
              {hours.map((time) => (
                <text key={time.getTime()} x={x(time)} y={HEIGHT} textAnchor="middle" className="fill-soft text-[11px]">
                  {timeWords(time, range)}
                </text>
              ))}
              {points.length > 0 && (
                <line x1={x(now)} x2={x(now)} y1={8} y2={HEIGHT - 14} className="stroke-live" strokeWidth={2} />
              )}
              {near && <Cursor x={x(near.at)} y={y(near.openedPerSecond)} />}
              {cursor !== undefined && cursor >= begin && <Needle x={x(cursor)} />}
            </svg>
          )}
          {points.length === 0 && (
            <p className="absolute inset-0 grid place-items-center text-sm text-soft">
              The time line begins with the first measurement.
            </p>
          )}
        </div>
        {near && <Reading near={near} left={Math.min(x(near.at), width - 230)} now={now} />}
        {flagsOf(
          [...action].filter(([, { at }]) => at >= begin),
          x,
          width,
        ).map((flag) => (
          <Flag key={flag.id} {...flag} />
        ))}
      </div>
      <RangePicker range={range} choose={setRange} fault={history ? undefined : fault} />
    </section>
  );
}

const leftOf = ({ clientX, currentTarget }: MouseEvent): number => clientX - currentTarget.getBoundingClientRect().left;

/** Of the past: how many points back (negative) or forth; beyond the newest is live. */
function stepsOf({ key, shiftKey }: KeyboardEvent): number | undefined {
  const one = shiftKey ? 10 : 1;
  const steps: Record<string, number> = {
    ArrowLeft: -one,
    ArrowDown: -one,
    ArrowRight: one,
    ArrowUp: one,
    PageDown: -30,
    PageUp: 30,
    Home: Number.NEGATIVE_INFINITY,
    End: Number.POSITIVE_INFINITY,
  };
  return steps[key];
}

const timeWords = (time: Date, { milliseconds }: Range): string =>
  milliseconds > 86_400_000 && time.getHours() === 0
    ? time.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric' })
    : clock(time.getTime());

function Cursor({ x, y }: { readonly x: number; readonly y: number }) {
  return (
    <g className="pointer-events-none">
      <line x1={x} x2={x} y1={12} y2={HEIGHT - 14} className="stroke-soft" strokeDasharray="2 3" />
      <circle cx={x} cy={y} r={3} className="fill-light" />
    </g>
  );
}

/** Where the map is rewound to. */
function Needle({ x }: { readonly x: number }) {
  return (
    <g className="pointer-events-none" data-testid="time-needle">
      <line x1={x} x2={x} y1={6} y2={HEIGHT - 14} className="stroke-light" strokeWidth={2} />
      <path d={`M${x - 5} 2h10l-5 7z`} className="fill-light" />
    </g>
  );
}

function Reading({ near, left, now }: { readonly near: LinePoint; readonly left: number; readonly now: number }) {
  return (
    <div
      className="pointer-events-none absolute bottom-full z-20 mb-1 w-max rounded-control border border-line bg-panel px-2 py-1 text-xs shadow-cast"
      style={{ left: Math.max(4, left) }}
    >
      <span className="text-soft">{now - near.at > 80_000_000 ? moment(near.at, now) : second(near.at)}</span>{' '}
      {rate(near.openedPerSecond)} new conn/s
      {near.refusedPerSecond > 0 && <span className="text-drain-ink"> · {rate(near.refusedPerSecond)} refused</span>}
      <span className="text-soft"> · click to see the map then</span>
    </div>
  );
}
