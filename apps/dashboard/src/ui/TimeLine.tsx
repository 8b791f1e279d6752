'use client';
import { scaleTime } from 'd3';
import { useEffect, useMemo, useRef, useState } from 'react';
import { binned, linePoints, RANGES, type Range } from '../city/history.ts';
import { useCity } from '../live/city-store.ts';
import { useRewind } from '../live/rewind.ts';
import { useHistory } from '../live/use-history.ts';
import { Flag, flagsOf } from './time/Flag.tsx';
import { RangePicker } from './time/RangePicker.tsx';
import { ReplayControls } from './time/ReplayControls.tsx';
import { TimeTrack } from './time/TimeTrack.tsx';

/** Traffic of the whole city over the last minutes, hours or days, with what operators did as flags; the way into the past. */
export function TimeLine() {
  const { tick, action } = useCity((state) => state.stream.city);
  const now = useCity((state) => state.stream.at);
  const shown = useCity((state) => state.moment?.at);
  const wanted = useRewind((state) => state.wanted);
  const box = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState<Range>(RANGES[1]);
  const { history, fault } = useHistory(range);
  const [width, setWidth] = useState(0);
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
  const actions = [...action].filter(([, { at }]) => at >= begin);
  return (
    <section
      className="flex h-[76px] shrink-0 border-t border-line bg-chrome pointer-coarse:h-24"
      aria-label="Time line"
      data-testid="time-line"
    >
      <ReplayControls />
      <div ref={box} className="relative min-w-0 flex-1">
        <TimeTrack
          points={points}
          range={range}
          now={now}
          cursor={wanted ?? shown}
          x={x}
          width={width}
          fault={history ? undefined : fault}
        />
        {flagsOf(actions, x, width).map((flag) => (
          <Flag key={flag.id} {...flag} />
        ))}
      </div>
      <RangePicker range={range} choose={setRange} />
    </section>
  );
}
