import { type SparkBox, type Stretch, sparkPath, thinned } from '../../city/sparkline.ts';

interface Props {
  readonly stretches: readonly Stretch[];
  /** Unix ms. */
  readonly from: number;
  readonly until: number;
  readonly tone: string;
}

const WIDTH = 76;
const HEIGHT = 18;
/** More could not be told apart. */
const PARTS = 60;

/** How a figure came about. Words and numbers stand beside it, so it is for the eye alone. */
export function Sparkline({ stretches, from, until, tone }: Props) {
  const box: SparkBox = { from, until: Math.max(until, from + 1), width: WIDTH, height: HEIGHT };
  const path = sparkPath(thinned(stretches, box, PARTS), box);
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={`mt-1 block h-[18px] w-full ${tone}`}
      aria-hidden="true"
    >
      <path
        d={`M0 ${HEIGHT - 0.5}H${WIDTH}`}
        className="stroke-line"
        strokeWidth="1"
        vectorEffect="non-scaling-stroke"
      />
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
