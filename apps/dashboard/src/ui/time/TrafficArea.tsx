import { area, curveMonotoneX, line } from 'd3';
import { type LinePoint, runsOf } from '../../city/history.ts';

interface Props {
  readonly points: readonly LinePoint[];
  readonly x: (at: number) => number;
  readonly y: (value: number) => number;
}

/** New connections per second as a soft area; where nothing was heard there is none. */
export function TrafficArea({ points, x, y }: Props) {
  const soft = area<LinePoint>(
    (point) => x(point.until),
    y(0),
    (point) => y(point.openedPerSecond),
  ).curve(curveMonotoneX);
  const edge = line<LinePoint>(
    (point) => x(point.until),
    (point) => y(point.openedPerSecond),
  ).curve(curveMonotoneX);
  return (
    <g>
      {runsOf(points).map((run) => (
        <g key={run[0]?.at}>
          <path d={soft(run) ?? ''} fill="var(--time)" opacity={0.75} />
          <path d={edge(run) ?? ''} fill="none" stroke="var(--time-edge)" strokeWidth={1.4} strokeLinejoin="round" />
        </g>
      ))}
    </g>
  );
}
