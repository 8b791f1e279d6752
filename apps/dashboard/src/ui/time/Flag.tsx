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
  reset: ['bg-live', 'text-live-ink', 'released'],
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
  /**
   * Pixels that its words may take; 0: they are told on hover only. Flags close together would write over each other: the
   * newest keeps its words, as far as the next flag leaves room.
   */
  readonly room: number;
}

/** Room that the words of a flag may take at most, and from which on they say something, pixels. */
const WORDS = 144;
const LEAST_WORDS = 56;
/** From the middle of a flag to its words, and to those of another. */
const BESIDE = 6;

export function flagsOf(
  actions: readonly [string, CityRecord<'action'>][],
  x: (at: number) => number,
  width: number,
): FlagProps[] {
  const newestFirst = [...actions].sort(([, a], [, b]) => b.at - a.at);
  const lefts = newestFirst.map(([, { at }]) => x(at));
  const taken: [number, number][] = [];
  return newestFirst.map(([id, action], i) => {
    const left = lefts[i] as number;
    const mirrored = left > width - WORDS - 20;
    const away = lefts.map((other) => (mirrored ? left - other : other - left)).filter((distance) => distance > 0);
    const free = Math.min(WORDS, Math.min(...away) - 2 * BESIDE);
    const [from, to] = mirrored ? [left - BESIDE - free, left] : [left, left + BESIDE + free];
    const written = free >= LEAST_WORDS && taken.every(([low, high]) => to <= low || from >= high);
    if (written) taken.push([from, to]);
    return { id, action, left, mirrored, room: written ? free : 0 };
  });
}

/** What was done then, to whom, by whom and why, as far as it is known. It leads to that time and that Service. */
export function Flag({ action, left, mirrored, room }: FlagProps) {
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
        className={`absolute -top-1 truncate rounded bg-chrome px-0.5 text-xs whitespace-nowrap ${ink} ${mirrored ? 'right-[calc(50%+6px)]' : 'left-[calc(50%+6px)]'} ${room > 0 ? '' : 'hidden'}`}
        style={{ maxWidth: room }}
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
