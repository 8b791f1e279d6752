'use client';
import { type ScaleTime, scaleLinear } from 'd3';
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { clock, moment, rate, second } from '../../city/format.ts';
import { type LinePoint, pointAt, pointFrom, type Range } from '../../city/history.ts';
import { backToLive, rewindTo } from '../../live/rewind.ts';
import { Silences } from './Silences.tsx';
import { TrafficArea } from './TrafficArea.tsx';

const HEIGHT = 72;
/** Where the hours begin. */
const FOOT = HEIGHT - 18;

interface Props {
  readonly points: readonly LinePoint[];
  readonly range: Range;
  readonly now: number;
  /** Unix ms that the map shows; undefined when live. */
  readonly cursor: number | undefined;
  readonly x: ScaleTime<number, number>;
  readonly width: number;
  /** Why the hub told nothing of the past. */
  readonly fault?: string;
}

/** The traffic of the range: a click, a drag or an arrow key shows the map as it was there. */
export function TimeTrack({ points, range, now, cursor, x, width, fault }: Props) {
  const [pointer, setPointer] = useState<number>();
  const dragging = useRef(false);
  const begin = now - range.milliseconds;
  const top = Math.max(1, ...points.map((point) => point.openedPerSecond)) * 1.15;
  const y = scaleLinear([0, top], [FOOT, 16]);
  // A time that would be cut off at the edge is left out.
  const hours = x.ticks(Math.max(2, Math.floor(width / 170))).filter((time) => x(time) > 24 && x(time) < width - 24);
  const near = pointer === undefined ? undefined : pointAt(points, x.invert(pointer).getTime());
  const go = (point: LinePoint | undefined) => (point ? rewindTo(point.until) : backToLive());
  /** Beyond the newest point is live. */
  const scrub = (left: number) => go(left > x(now) + 2 ? undefined : pointAt(points, x.invert(left).getTime()));
  return (
    <>
      <div
        role="slider"
        tabIndex={0}
        aria-label="Time that the map shows: arrow keys go back and forth, L returns to live"
        aria-valuemin={Math.round(begin)}
        aria-valuemax={now}
        aria-valuenow={Math.round(cursor ?? now)}
        aria-valuetext={cursor === undefined ? 'live' : moment(cursor, now)}
        data-testid="time-slider"
        className="absolute inset-0 cursor-crosshair touch-none -outline-offset-2"
        onPointerDown={(event) => {
          if (event.button !== 0 || points.length === 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          dragging.current = true;
          scrub(leftOf(event));
        }}
        onPointerMove={(event) => {
          setPointer(leftOf(event));
          if (dragging.current) scrub(leftOf(event));
        }}
        onPointerUp={() => {
          dragging.current = false;
        }}
        onPointerCancel={() => {
          dragging.current = false;
        }}
        onPointerLeave={() => setPointer(undefined)}
        onKeyDown={(event) => {
          const steps = stepsOf(event);
          if (steps === undefined || points.length === 0) return;
          event.preventDefault();
          go(pointFrom(points, cursor, steps));
        }}
      >
        {width > 0 && (
          <svg width={width} height={HEIGHT} role="img" aria-label="New connections per second over time">
            {points.length > 0 && <Silences points={points} begin={begin} now={now} x={x} height={FOOT} />}
            <TrafficArea points={points} x={x} y={y} />
            {hours.map((time) => (
              <text
                key={time.getTime()}
                x={x(time)}
                y={HEIGHT - 4}
                textAnchor="middle"
                className="fill-soft text-[11px]"
              >
                {timeWords(time, range)}
              </text>
            ))}
            {points.length > 0 && (
              <line x1={x(now)} x2={x(now)} y1={8} y2={FOOT} className="stroke-live" strokeWidth={2} />
            )}
            {cursor !== undefined && <Past from={x(Math.max(cursor, begin))} until={x(now)} />}
            {near && <Cursor x={x(near.until)} y={y(near.openedPerSecond)} />}
            {cursor !== undefined && cursor >= begin && <Needle x={x(cursor)} />}
          </svg>
        )}
        {points.length === 0 && (
          <p className="absolute inset-0 grid place-items-center text-sm text-soft">
            The time line begins with the first measurement.
          </p>
        )}
      </div>
      {fault !== undefined && (
        <p className="absolute top-1 left-4 rounded bg-chrome px-1.5 text-xs text-light-ink" role="status">
          Older than this page: not known. {fault}
        </p>
      )}
      {near && <Reading near={near} left={Math.max(0, Math.min(x(near.until), width - 330))} now={now} />}
    </>
  );
}

const leftOf = ({ clientX, currentTarget }: PointerEvent): number =>
  clientX - currentTarget.getBoundingClientRect().left;

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

/** What has happened since the moment that the map shows. */
function Past({ from, until }: { readonly from: number; readonly until: number }) {
  return (
    <rect
      className="pointer-events-none fill-light/12"
      x={from}
      width={Math.max(0, until - from)}
      y={8}
      height={FOOT - 8}
    />
  );
}

function Cursor({ x, y }: { readonly x: number; readonly y: number }) {
  return (
    <g className="pointer-events-none">
      <line x1={x} x2={x} y1={12} y2={FOOT} className="stroke-soft" strokeDasharray="2 3" />
      <circle cx={x} cy={y} r={3} className="fill-light" />
    </g>
  );
}

/** Where the map is rewound to. */
function Needle({ x }: { readonly x: number }) {
  return (
    <g className="pointer-events-none" data-testid="time-needle">
      <line x1={x} x2={x} y1={6} y2={FOOT} className="stroke-light" strokeWidth={2} />
      <path d={`M${x - 5} 2h10l-5 7z`} className="fill-light" />
    </g>
  );
}

/** In the place of the hours, which it tells better: above the line it would cover the map's legend. */
function Reading({ near, left, now }: { readonly near: LinePoint; readonly left: number; readonly now: number }) {
  return (
    <div
      className="pointer-events-none absolute bottom-0 z-20 rounded border border-line bg-raised px-1.5 text-xs whitespace-nowrap"
      style={{ left }}
    >
      <span className="text-soft">{now - near.until > 80_000_000 ? moment(near.until, now) : second(near.until)}</span>{' '}
      {rate(near.openedPerSecond)} new conn/s
      {near.refusedPerSecond > 0 && <span className="text-drain-ink"> · {rate(near.refusedPerSecond)} refused</span>}
      <span className="text-soft"> · click or drag to see the map then</span>
    </div>
  );
}
