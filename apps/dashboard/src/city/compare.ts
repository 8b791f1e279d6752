import { bundle, pathId, placesOfRoad, roadId, type Survey, servicePlace } from './survey.ts';
import { NO_TRAFFIC, type Traffic } from './traffic.ts';

/** What one Service or one street did then and does now. Absent: it had no edge at all. */
export interface Change {
  /** `servicePlace(id)` or a road's id. */
  readonly id: string;
  readonly was?: Traffic;
  readonly is?: Traffic;
  /** New connections per second, now minus then. */
  readonly difference: number;
  readonly kind: 'new' | 'gone' | 'changed';
}

export interface Comparison {
  /** By Service; connections past every Service are streets only. The largest difference first. */
  readonly services: readonly Change[];
  /** By client's place and Service: the streets of the services lens. */
  readonly streets: readonly Change[];
  readonly all: Pick<Change, 'was' | 'is' | 'difference'>;
}

/** Two surveys of the same city, with the same filter. Sums of `services` and `streets` are those of the surveys. */
export function compareSurveys(then: Survey, now: Survey): Comparison {
  const services = (survey: Survey) =>
    new Map([...survey.sums.byService].map(([id, traffic]) => [servicePlace(id), traffic]));
  return {
    services: changes(services(then), services(now)),
    streets: changes(streetsOf(then), streetsOf(now)),
    all: {
      was: then.sums.all,
      is: now.sums.all,
      difference: now.sums.all.openedPerSecond - then.sums.all.openedPerSecond,
    },
  };
}

/** A direct connection to something that has no place on the map (a pod that is gone) counts to a street that ends nowhere. */
const streetsOf = (survey: Survey): ReadonlyMap<string, Traffic> =>
  new Map(
    bundle(survey, ({ origin, service, target }) =>
      service === undefined ? pathId(origin, target ?? '') : roadId(origin, service),
    ).map(({ id, traffic }) => [id, traffic]),
  );

function changes(then: ReadonlyMap<string, Traffic>, now: ReadonlyMap<string, Traffic>): readonly Change[] {
  const ids = new Set([...then.keys(), ...now.keys()]);
  return [...ids]
    .map((id) => changeOf(id, then.get(id), now.get(id)))
    .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference) || (a.id < b.id ? -1 : 1));
}

/** Edges are kept a while after their last connection: new and gone is who begins or ceases to open any. */
function changeOf(id: string, was: Traffic | undefined, is: Traffic | undefined): Change {
  const [before, after] = [rateOf(was), rateOf(is)];
  const kind = before > 0 === after > 0 ? 'changed' : after > 0 ? 'new' : 'gone';
  return { id, was, is, difference: after - before, kind };
}

const rateOf = (traffic = NO_TRAFFIC): number => traffic.openedPerSecond;

/** Too little for a figure, and for a person to act on. */
const LITTLE = 0.05;

/** The words of a change: `+120/s`, `−3.4/s`; `±0` for none, `≈0` for next to none. */
export function differenceWords(difference: number, rate: (perSecond: number) => string): string {
  if (difference === 0) return '±0';
  if (Math.abs(difference) < LITTLE) return '≈0';
  return `${difference > 0 ? '+' : '−'}${rate(Math.abs(difference))}/s`;
}

/** Both ends of a change's street; of a Service nothing. */
export const endsOfChange = ({ id }: Change) => (/[→⇢]/.test(id) ? placesOfRoad(id) : undefined);
