import type { City } from './city.ts';
import type { Selection } from './find.ts';
import { plural } from './format.ts';
import { fuzzy, scoreLower, wordsOf } from './fuzzy.ts';

export type PlaceKind = 'service' | 'pod' | 'node' | 'namespace' | 'policy';
export const PLACE_KINDS: readonly PlaceKind[] = ['service', 'pod', 'node', 'namespace', 'policy'];

/** One line of the palette: what has a name or an address. */
export interface Place {
  readonly kind: PlaceKind;
  readonly id: string;
  readonly label: string;
  /** Where it is and what it is reached by. */
  readonly detail: string;
  /** Both in small letters: what is read at every key. */
  readonly small: readonly [label: string, detail: string];
}

/** What is sought in: made once per change of the city, not per key. A kind is kept while its records are the same. */
export type PlaceIndex = { readonly [K in PlaceKind]: { readonly of: City[K]; readonly places: readonly Place[] } };

export function placeIndex(city: City, before?: PlaceIndex): PlaceIndex {
  return {
    service: before?.service.of === city.service ? before.service : { of: city.service, places: services(city) },
    pod: before?.pod.of === city.pod ? before.pod : { of: city.pod, places: pods(city) },
    node: before?.node.of === city.node ? before.node : { of: city.node, places: nodes(city) },
    namespace:
      before?.namespace.of === city.namespace
        ? before.namespace
        : { of: city.namespace, places: [...city.namespace.keys()].map((id) => place('namespace', id, id, [])) },
    policy: before?.policy.of === city.policy ? before.policy : { of: city.policy, places: policies(city) },
  };
}

const place = (kind: PlaceKind, id: string, label: string, parts: readonly (string | undefined)[]): Place => {
  const detail = parts.filter(Boolean).join(' · ');
  return { kind, id, label, detail, small: [label.toLowerCase(), detail.toLowerCase()] };
};

const services = ({ service }: City): readonly Place[] =>
  [...service].map(([id, { namespace, name, clusterIP, ports }]) =>
    place('service', id, name, [
      namespace,
      clusterIP,
      ports.map(({ port, protocol }) => `${port}/${protocol}`).join(' '),
    ]),
  );

const pods = ({ pod }: City): readonly Place[] =>
  [...pod].map(([id, { namespace, name, node, ip }]) => place('pod', id, name, [namespace, node, ip]));

const nodes = ({ node }: City): readonly Place[] =>
  [...node].map(([id, { name, zone, addresses }]) => place('node', id, name, [zone, ...addresses]));

const policies = ({ policy }: City): readonly Place[] =>
  [...policy].map(([id, { pods: closed }]) =>
    place('policy', id, id, ['network policy', `closes ${plural(closed, 'pod')}`]),
  );

export const selectionOf = ({ kind, id }: Place): Selection => ({ kind, id });

export interface Found {
  readonly place: Place;
  /** Letters of the label, and of the detail, that were sought. */
  readonly marks: readonly [label: readonly number[], detail: readonly number[]];
}

export interface FoundKind {
  readonly kind: PlaceKind;
  /** The nearest, at most as many as asked for. */
  readonly found: readonly Found[];
  /** All that match. */
  readonly total: number;
  /** Score of the nearest. */
  readonly best: number;
}

/** A name is what people mean; where a thing is and its address tell which of them. */
const IN_LABEL = 3;

/**
 * Places in which every word of `text` is found, by kind; the kind with the nearest first. Where there is none one letter may be a slip:
 * then what comes nearest without it, pods aside, which are many and found at their Service.
 */
export function findPlaces(index: PlaceIndex, text: string, most: number): readonly FoundKind[] {
  const words = wordsOf(text);
  const exact = placesOf(index, PLACE_KINDS, words, most);
  if (exact.length > 0) return exact;
  const few = PLACE_KINDS.filter((kind) => kind !== 'pod');
  const bestOf = (kinds: readonly FoundKind[]) => kinds[0]?.best ?? Number.NEGATIVE_INFINITY;
  return slipsOf(words)
    .map((other) => placesOf(index, few, other, most))
    .reduce((best, kinds) => (bestOf(kinds) > bestOf(best) ? kinds : best), exact);
}

/** Shorter words have too few letters to do without one; figures are addresses. */
const SLIP = /^[^\d.:]{5,24}$/;

/** The words with one letter of one of them left out: so letters that changed places are found, wrong ones and those too many. */
const slipsOf = (words: readonly string[]): readonly (readonly string[])[] =>
  words.flatMap((word, i) =>
    SLIP.test(word) ? Array.from(word, (_, at) => words.with(i, word.slice(0, at) + word.slice(at + 1))) : [],
  );

function placesOf(
  index: PlaceIndex,
  of: readonly PlaceKind[],
  words: readonly string[],
  most: number,
): readonly FoundKind[] {
  const kinds = of.map((kind) => {
    const best: Scored[] = [];
    let total = 0;
    for (const one of index[kind].places) {
      const score = scoreOf(words, one);
      if (score === undefined) continue;
      total += 1;
      keepBest(best, { place: one, score }, most);
    }
    const found = best.map(({ place: one }) => ({ place: one, marks: marksOf(words, one) }));
    return { kind, found, total, best: best[0]?.score ?? 0 };
  });
  return kinds.filter(({ total }) => total > 0).sort((a, b) => b.best - a.best);
}

interface Scored {
  readonly place: Place;
  readonly score: number;
}

const isBefore = (a: Scored, b: Scored): boolean =>
  a.score > b.score || (a.score === b.score && a.place.label < b.place.label);

/** Into its place among the few that are shown: of ten thousand that match, eight are worth sorting. */
function keepBest(best: Scored[], one: Scored, most: number): void {
  const last = best.at(-1);
  if (best.length >= most && last && !isBefore(one, last)) return;
  let at = best.length;
  while (at > 0 && isBefore(one, best[at - 1] as Scored)) at -= 1;
  best.splice(at, 0, one);
  if (best.length > most) best.pop();
}

function scoreOf(words: readonly string[], { small }: Place): number | undefined {
  let sum = 0;
  for (const word of words) {
    const label = scoreLower(word, small[0]);
    const score = label === undefined ? scoreLower(word, small[1]) : label + IN_LABEL;
    if (score === undefined) return undefined;
    sum += score;
  }
  return sum;
}

function marksOf(words: readonly string[], { small }: Place): Found['marks'] {
  const marks = [new Set<number>(), new Set<number>()] as const;
  for (const word of words) {
    const label = fuzzy(word, small[0]);
    for (const mark of (label ?? fuzzy(word, small[1]))?.marks ?? []) marks[label ? 0 : 1].add(mark);
  }
  const ascending = (set: ReadonlySet<number>) => [...set].sort((a, b) => a - b);
  return [ascending(marks[0]), ascending(marks[1])];
}
