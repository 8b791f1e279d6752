'use client';
import type { CityRecord } from '@kubecity/protocol';
import { clock } from '../../city/format.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo } from '../../live/view-store.ts';

const FLAGS = {
  drain: ['bg-drain', 'text-drain-ink', 'drain'],
  undrain: ['bg-live', 'text-live-ink', 'undrain'],
  weight: ['bg-weight', 'text-weight-ink', 'weight'],
  reset: ['bg-live', 'text-live-ink', 'reset'],
  changed: ['bg-light', 'text-light-ink', 'changed'],
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

/** A flag leads to the Service it was about: from there it can be undone. */
export function Flag({ action, left, mirrored, written }: FlagProps) {
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
