'use client';
import type { CityRecord } from '@kubecity/protocol';
import { clock, second } from '../../city/format.ts';
import { useCity } from '../../live/city-store.ts';
import { rewindTo } from '../../live/rewind.ts';
import { goTo } from '../../live/view-store.ts';

const FLAGS = {
  drain: ['bg-drain', 'text-drain-ink', 'drain'],
  undrain: ['bg-live', 'text-live-ink', 'undrain'],
  weight: ['bg-weight', 'text-weight-ink', 'weight'],
  share: ['bg-weight', 'text-weight-ink', 'share'],
  reset: ['bg-live', 'text-live-ink', 'reset'],
  changed: ['bg-light', 'text-light-ink', 'changed'],
} as const;

/** Not by colour alone: what takes traffic away is square, what gives it back round, what shifts it stands on its corner. */
const SHAPES = {
  drain: '',
  undrain: 'rounded-full',
  weight: 'rotate-45',
  share: 'rotate-45',
  reset: 'rounded-full',
  changed: 'rotate-45',
} as const;

export interface FlagProps {
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

export function flagsOf(
  actions: [string, CityRecord<'action'>][],
  x: (at: number) => number,
  width: number,
): FlagProps[] {
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

/** What was done then, to whom, by whom and why, as far as it is known. It leads to that time and that Service. */
export function Flag({ action, left, mirrored, written }: FlagProps) {
  const city = useCity((state) => state.stream.city);
  const [colour, ink, verb] = FLAGS[action.verb];
  // The hub writes `namespace/service who…`; the override itself may be gone already.
  const [service = '', ...who] = action.target.split(' ');
  const known = city.service.has(service);
  const override = city.override.get(action.overrideUid ?? '');
  const by = action.by ?? override?.by;
  const show = () => {
    rewindTo(action.at);
    if (known) goTo({ kind: 'service', id: service });
  };
  return (
    <button
      type="button"
      onClick={show}
      data-testid="flag"
      className="group absolute top-1.5 h-[50px] w-6 -translate-x-1/2 pointer-coarse:w-11 hover:z-20 focus-visible:z-20"
      style={{ left }}
    >
      <span className={`absolute inset-y-0 left-[calc(50%-1px)] w-[1.5px] ${colour}`} />
      <span className={`absolute -top-0.5 left-[calc(50%-4px)] size-2 ${SHAPES[action.verb]} ${colour}`} />
      <span className="sr-only">
        {clock(action.at)}: {verb} {action.target}
        {by ? ` by ${by}` : ''}
        {override?.reason ? `, ${override.reason}` : ''}. Shows the map then
      </span>
      <span
        aria-hidden="true"
        className={`absolute -top-1 max-w-36 truncate rounded bg-chrome px-0.5 text-xs whitespace-nowrap ${ink} ${mirrored ? 'right-[calc(50%+6px)]' : 'left-[calc(50%+6px)]'} ${written ? '' : 'hidden'}`}
      >
        {verb} {who.length > 0 ? who.join(' ') : service}
      </span>
      <span
        aria-hidden="true"
        className={`pointer-events-none absolute bottom-[58px] hidden w-max max-w-80 rounded-control border border-line bg-raised px-2.5 py-1.5 text-left text-sm whitespace-normal shadow-cast group-hover:block group-focus-visible:block ${mirrored ? 'right-0' : 'left-0'}`}
      >
        <b className={`font-semibold ${ink}`}>{verb}</b> {service}
        {who.length > 0 && <span className="code block wrap-anywhere">{who.join(' ')}</span>}
        <span className="block text-soft">
          {second(action.at)}
          {by ? ` by ${by}` : ''}
          {override ? `, ${override.name}` : ''}
          {override?.reason ? `: ${override.reason}` : ''}
        </span>
      </span>
    </button>
  );
}
