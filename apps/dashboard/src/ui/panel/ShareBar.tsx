import { percent } from '../../city/format.ts';

interface Props {
  /** Observed share of new connections, 0..1; undefined while there were none. */
  readonly observed?: number;
  /** Its 95 % interval. */
  readonly band?: { readonly low: number; readonly high: number };
  readonly wished: number;
  readonly tone: 'light' | 'weight' | 'drain';
}

const FILL = { light: 'bg-light', weight: 'bg-weight', drain: 'bg-drain' } as const;

/** A bar of what is seen, the band of what it may be, and a tick at what is wished. */
export function ShareBar({ observed, band, wished, tone }: Props) {
  const words = `observed ${observed === undefined ? 'nothing yet' : percent(observed)}, wished ${percent(wished)}`;
  return (
    <div className="relative mt-2.5 h-3" role="img" aria-label={words}>
      <div className="absolute inset-x-0 top-[3.5px] h-[5px] rounded-full bg-sunk" />
      {band && (
        <div
          className="absolute top-[3.5px] h-[5px] rounded-full bg-text/14"
          style={{ left: `${band.low * 100}%`, width: `${(band.high - band.low) * 100}%` }}
        />
      )}
      <div
        className={`absolute top-[3.5px] left-0 h-[5px] rounded-full transition-[width] duration-300 ${FILL[tone]}`}
        style={{ width: `${(observed ?? 0) * 100}%` }}
      />
      <div
        className="absolute top-0 h-3 w-[2px] -translate-x-1/2 rounded-full bg-text transition-[left] duration-150"
        style={{ left: `clamp(1px, ${wished * 100}%, 100% - 1px)` }}
      />
    </div>
  );
}
