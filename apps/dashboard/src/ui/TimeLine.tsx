'use client';
import type { CityRecord } from '@kubecity/protocol';
import { area, curveMonotoneX, line, scaleLinear, scaleTime } from 'd3';
import { useEffect, useMemo, useRef, useState } from 'react';
import { clock, rate } from '../city/format.ts';
import { useCity } from '../live/city-store.ts';
import { goTo } from '../live/view-store.ts';

const HEIGHT = 64;
/** The hub keeps a point per 5 s; the line shows at least this long a window, milliseconds. */
const SHORTEST = 10 * 60_000;

/** Traffic of the whole city as a soft area, with what operators did as flags. */
export function TimeLine() {
  const { tick, action } = useCity((state) => state.survey.city);
  const at = useCity((state) => state.stream.at);
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [pointer, setPointer] = useState<number>();
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const ticks = useMemo(() => [...tick.values()].sort((a, b) => a.at - b.at), [tick]);
  const end = Math.max(at, ticks.at(-1)?.at ?? 0);
  const begin = Math.min(end - SHORTEST, ticks[0]?.at ?? end);
  const x = scaleTime([begin, end], [16, Math.max(17, width - 20)]);
  const top = Math.max(1, ...ticks.map((point) => point.openedPerSecond)) * 1.15;
  const y = scaleLinear([0, top], [HEIGHT - 16, 16]);
  // A time that would be cut off at the edge is left out.
  const hours = x.ticks(Math.max(2, Math.floor(width / 170))).filter((time) => x(time) > 24 && x(time) < width - 24);
  const near = pointer === undefined ? undefined : nearestTick(ticks, x.invert(pointer).getTime());
  return (
    <section
      className="relative h-[68px] shrink-0 border-t border-line bg-chrome"
      aria-label="Time line"
      data-testid="time-line"
    >
      <div
        ref={box}
        className="absolute inset-0"
        onPointerMove={(event) => setPointer(event.nativeEvent.offsetX)}
        onPointerLeave={() => setPointer(undefined)}
      >
        {width > 0 && (
          <svg width={width} height={HEIGHT + 4} role="img" aria-label="New connections per second over time">
            <TrafficArea ticks={ticks} x={x} y={y} />
            {hours.map((time) => (
              <text key={time.getTime()} x={x(time)} y={HEIGHT} textAnchor="middle" className="fill-soft text-[11px]">
                {clock(time.getTime())}
              </text>
            ))}
            {ticks.length > 0 && (
              <line x1={x(end)} x2={x(end)} y1={8} y2={HEIGHT - 14} className="stroke-live" strokeWidth={2} />
            )}
            {near && (
              <g className="pointer-events-none">
                <line
                  x1={x(near.at)}
                  x2={x(near.at)}
                  y1={12}
                  y2={HEIGHT - 14}
                  className="stroke-soft"
                  strokeDasharray="2 3"
                />
                <circle cx={x(near.at)} cy={y(near.openedPerSecond)} r={3} className="fill-light" />
              </g>
            )}
          </svg>
        )}
        {ticks.length === 0 && (
          <p className="absolute inset-0 grid place-items-center text-sm text-soft">
            The time line begins with the first measurement.
          </p>
        )}
      </div>
      {flagsOf([...action], (at) => x(Math.max(begin, at)), width).map((flag) => (
        <Flag key={flag.id} {...flag} />
      ))}
      {near && (
        <div
          className="pointer-events-none absolute bottom-full mb-1 w-max rounded-control border border-line bg-panel px-2 py-1 text-xs shadow-cast"
          style={{ left: Math.min(x(near.at), width - 150) }}
        >
          <span className="text-soft">{clock(near.at)}</span> {rate(near.openedPerSecond)} new conn/s
          {near.refusedPerSecond > 0 && (
            <span className="text-drain-ink"> · {rate(near.refusedPerSecond)} refused</span>
          )}
        </div>
      )}
    </section>
  );
}

type Tick = CityRecord<'tick'>;

interface AreaProps {
  readonly ticks: readonly Tick[];
  readonly x: (at: number) => number;
  readonly y: (value: number) => number;
}

function TrafficArea({ ticks, x, y }: AreaProps) {
  const soft = area<Tick>(
    (point) => x(point.at),
    y(0),
    (point) => y(point.openedPerSecond),
  ).curve(curveMonotoneX);
  const edge = line<Tick>(
    (point) => x(point.at),
    (point) => y(point.openedPerSecond),
  ).curve(curveMonotoneX);
  return (
    <g>
      <path d={soft(ticks) ?? ''} fill="var(--time)" opacity={0.75} />
      <path d={edge(ticks) ?? ''} fill="none" stroke="var(--time-edge)" strokeWidth={1.4} />
    </g>
  );
}

function nearestTick(ticks: readonly Tick[], at: number): Tick | undefined {
  let best: Tick | undefined;
  for (const tick of ticks) if (!best || Math.abs(tick.at - at) < Math.abs(best.at - at)) best = tick;
  return best;
}

const FLAGS = {
  drain: ['bg-drain', 'text-drain-ink', 'drain'],
  undrain: ['bg-live', 'text-live-ink', 'undrain'],
  weight: ['bg-weight', 'text-weight-ink', 'weight'],
  reset: ['bg-live', 'text-live-ink', 'reset'],
  changed: ['bg-light', 'text-light-ink', 'changed'],
} as const;

interface FlagProps {
  readonly id: string;
  readonly action: CityRecord<'action'>;
  readonly left: number;
  /** Its words stand to its left: there is no room at the right edge. */
  readonly mirrored: boolean;
  /** Flags close together would write over each other: the newest keeps its words, the others tell on hover. */
  readonly written: boolean;
}

/** Room the words of a flag take, pixels. */
const WORDS = 150;

function flagsOf(actions: [string, CityRecord<'action'>][], x: (at: number) => number, width: number): FlagProps[] {
  const taken: [number, number][] = [];
  return actions
    .sort(([, a], [, b]) => b.at - a.at)
    .map(([id, action]) => {
      const left = x(action.at);
      const mirrored = left > width - WORDS - 20;
      const [from, to] = mirrored ? [left - WORDS, left] : [left, left + WORDS];
      const written = taken.every(([low, high]) => to <= low || from >= high);
      if (written) taken.push([from, to]);
      return { id, action, left, mirrored, written };
    });
}

/** A flag leads to the Service it was about: from there it can be undone. */
function Flag({ action, left, mirrored, written }: FlagProps) {
  const city = useCity((state) => state.survey.city);
  const [colour, ink, verb] = FLAGS[action.verb];
  // The hub writes `namespace/service who…`; the override itself may be gone already.
  const [service = '', ...who] = action.target.split(' ');
  const words = `${verb} ${who.length > 0 ? who.join(' ') : service}`;
  const known = city.service.has(service);
  return (
    <button
      type="button"
      disabled={!known}
      onClick={() => goTo({ kind: 'service', id: service })}
      className="group absolute top-1.5 h-[46px] w-2 -translate-x-1/2 hover:z-10 focus-visible:z-10 disabled:cursor-default"
      style={{ left }}
      title={`${clock(action.at)} ${verb} ${action.target}`}
      aria-label={`${clock(action.at)}: ${verb} ${action.target}`}
    >
      <span className={`absolute inset-y-0 left-[3px] w-[1.5px] ${colour}`} />
      <span className={`absolute -top-0.5 left-0 size-2 rounded-full ${colour}`} />
      <span
        className={`absolute -top-1 max-w-36 truncate rounded bg-chrome text-xs whitespace-nowrap ${ink} ${mirrored ? 'right-3' : 'left-3'} ${written ? '' : 'hidden group-hover:block'}`}
      >
        {words}
      </span>
    </button>
  );
}
