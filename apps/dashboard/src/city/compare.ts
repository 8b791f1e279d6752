import { poisson } from './share.ts';
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
  /** `alike`: the difference is within chance, as few connections as were counted. */
  readonly kind: 'new' | 'gone' | 'changed' | 'alike';
}

/** What the rates of both sides are means over, milliseconds. */
export interface Windows {
  readonly was: number;
  readonly is: number;
}

export interface Comparison {
  /** By Service; connections past every Service are streets only. The largest difference first, those within chance last. */
  readonly services: readonly Change[];
  /** By client's place and Service: the streets of the services lens. */
  readonly streets: readonly Change[];
  readonly all: Omit<Change, 'id'>;
}

/** Two surveys of the same city, with the same filter. Sums of `services` and `streets` are those of the surveys. */
export function compareSurveys(then: Survey, now: Survey, windows: Windows): Comparison {
  const services = (survey: Survey) =>
    new Map([...survey.sums.byService].map(([id, traffic]) => [servicePlace(id), traffic]));
  return {
    services: changes(services(then), services(now), windows),
    streets: changes(streetsOf(then), streetsOf(now), windows),
    all: changeOf(then.sums.all, now.sums.all, windows),
  };
}

/** A direct connection to something that has no place on the map (a pod that is gone) counts to a street that ends nowhere. */
const streetsOf = (survey: Survey): ReadonlyMap<string, Traffic> =>
  new Map(
    bundle(survey, ({ origin, service, target }) =>
      service === undefined ? pathId(origin, target ?? '') : roadId(origin, service),
    ).map(({ id, traffic }) => [id, traffic]),
  );

function changes(
  then: ReadonlyMap<string, Traffic>,
  now: ReadonlyMap<string, Traffic>,
  windows: Windows,
): readonly Change[] {
  const ids = new Set([...then.keys(), ...now.keys()]);
  return [...ids]
    .map((id) => ({ id, ...changeOf(then.get(id), now.get(id), windows) }))
    .sort(
      (a, b) =>
        Number(a.kind === 'alike') - Number(b.kind === 'alike') ||
        Math.abs(b.difference) - Math.abs(a.difference) ||
        (a.id < b.id ? -1 : 1),
    );
}

/** Edges are kept a while after their last connection: new and gone is who begins or ceases to open any. */
function changeOf(was: Traffic | undefined, is: Traffic | undefined, windows: Windows): Omit<Change, 'id'> {
  const [before, after] = [rateOf(was), rateOf(is)];
  const kind = isWithinChance(before, after, windows)
    ? 'alike'
    : before > 0 === after > 0
      ? 'changed'
      : after > 0
        ? 'new'
        : 'gone';
  return { was, is, difference: after - before, kind };
}

/** Both rates may have been the same: the intervals of what was counted have a rate in common. */
export function isWithinChance(before: number, after: number, windows: Windows): boolean {
  const [then, now] = [ratesOf(before, windows.was), ratesOf(after, windows.is)];
  return then.low <= now.high && now.low <= then.high;
}

/** Per second, between which the true rate lies when `rate` was seen over so many milliseconds. */
function ratesOf(rate: number, milliseconds: number) {
  const seconds = milliseconds / 1000;
  const { low, high } = poisson(rate * seconds);
  return { low: low / seconds, high: high / seconds };
}

const rateOf = (traffic = NO_TRAFFIC): number => traffic.openedPerSecond;

/** The words of a change: `+120/s`, `−3.4/s`. What is within chance has no figure. */
export function differenceWords(
  { kind, difference }: Pick<Change, 'kind' | 'difference'>,
  rate: (perSecond: number) => string,
): string {
  if (kind === 'alike') return 'about the same';
  return `${difference > 0 ? '+' : '−'}${rate(Math.abs(difference))}/s`;
}

/** Both ends of a change's street; of a Service nothing. */
export const endsOfChange = ({ id }: Change) => (/[→⇢]/.test(id) ? placesOfRoad(id) : undefined);
