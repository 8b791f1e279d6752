import { type LinePoint, silencesOf } from '../../city/history.ts';

interface Props {
  readonly points: readonly LinePoint[];
  readonly begin: number;
  readonly now: number;
  readonly x: (at: number) => number;
  readonly height: number;
}

/** Hatched: nothing is known of then, which is not the same as no traffic. */
export function Silences({ points, begin, now, x, height }: Props) {
  return (
    <g>
      <defs>
        <pattern id="unknown" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line y2="6" stroke="var(--line)" strokeWidth="2.4" />
        </pattern>
      </defs>
      {silencesOf(points, begin, now).map(({ from, until }) => (
        <g key={from} data-testid="silence">
          <rect x={x(from)} width={x(until) - x(from)} y={8} height={height - 8} fill="url(#unknown)" />
          {x(until) - x(from) > 76 && (
            <text x={(x(from) + x(until)) / 2} y={height / 2 + 8} textAnchor="middle" className="fill-soft text-[11px]">
              not known
            </text>
          )}
        </g>
      ))}
    </g>
  );
}
