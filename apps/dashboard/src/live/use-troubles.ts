import { type Since, SinceBook } from '../city/since.ts';
import { type Trouble, troublesOf } from '../city/troubles.ts';
import { useCity } from './city-store.ts';

/** As long as the page lives: what was wrong before it was opened is told as at least that old. */
const book = new SinceBook();

/** What is wrong in all of the city now, or at the moment that is shown, the worst first; `sinceOf` tells of now only. */
export function useTroubles(): {
  readonly troubles: readonly Trouble[];
  readonly sinceOf: (key: string) => Since | undefined;
} {
  const { whole, moment, stream, arrived } = useCity();
  const troubles = arrived ? troublesOf(whole, moment?.at ?? stream.at) : [];
  const past = moment !== undefined;
  if (arrived && !past) {
    book.look(
      troubles.map(({ key }) => key),
      stream.at,
    );
  }
  return { troubles, sinceOf: (key) => (past ? undefined : book.of(key)) };
}
