/** How well a text answers what was typed, and which of its letters did. */
export interface Match {
  /** Higher is better; only to be compared with others of the same pattern. */
  readonly score: number;
  /** Places in the text, ascending. */
  readonly marks: readonly number[];
}

/** A letter found; one that begins a word; one right after the letter before it; one that does neither. */
const LETTER = 1;
const BEGINS = 3;
const FOLLOWS = 4;
const LOOSE = -3;
/** The text begins with the pattern; the text is the pattern. */
const PREFIX = 4;
const WHOLE = 8;
/** Of two equal matches the shorter text is nearer to what was typed. */
const LENGTH = 0.02;

/** Longer texts are looked at so far, longer patterns match nothing. */
const MOST = 256;
const IMPOSSIBLE = -1e6;
const NO_MARKS: readonly number[] = [];
const EVERYTHING: Match = { score: 0, marks: NO_MARKS };

/**
 * Finds the letters of `pattern` in `text` in their order, those at beginnings of words and in runs first: `cdb` finds
 * `catalog-db`. Letters strewn anywhere are no match. Addresses are only found as they are written.
 */
export function fuzzy(pattern: string, text: string): Match | undefined {
  return fuzzyLower(pattern.toLowerCase(), text.toLowerCase());
}

/** As `fuzzy`, of what is in small letters already. */
function fuzzyLower(pattern: string, text: string): Match | undefined {
  const from: Int16Array[] = [];
  const way = bestWay(pattern, text, from);
  if (!way) return undefined;
  const marks: number[] = [];
  for (let i = pattern.length - 1, at = way.end; i >= 0; i -= 1) {
    marks.unshift(at);
    at = from[i]?.[at] as number;
  }
  return { score: way.score, marks };
}

/** The score alone, of what is in small letters already: an index of thousands is read at every key. */
export const scoreLower = (pattern: string, text: string): number | undefined => bestWay(pattern, text)?.score;

const ADDRESS = /^[\da-f]*[.:][\da-f.:]*$/;

function inOrder(pattern: string, text: string): boolean {
  let at = -1;
  for (let i = 0; i < pattern.length; i += 1) {
    at = text.indexOf(pattern[i] as string, at + 1);
    if (at < 0) return false;
  }
  return true;
}

const begins = (text: string, at: number): boolean => at === 0 || !isWord(text.charCodeAt(at - 1));

/** a-z, 0-9 and everything beyond ASCII. */
const isWord = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code > 127;

/** Used again for every text. */
let rows: readonly [Float64Array, Float64Array] = [new Float64Array(MOST), new Float64Array(MOST)];

/**
 * The best score, and where in the text the last letter stands. Row i, column j: the best with letter i found at j; `from`
 * takes where the letter before it was found then. Time: letters of one times letters of the other.
 */
function bestWay(
  pattern: string,
  text: string,
  from?: Int16Array[],
): { readonly score: number; readonly end: number } | undefined {
  if (pattern === '') return { score: 0, end: -1 };
  const length = Math.min(text.length, MOST);
  if (pattern.length > length) return undefined;
  const within = wordAt(pattern, text);
  // In one piece from the beginning of a word: nothing is better, and most of what is found while typing.
  if (within >= 0 && (begins(text, within) || ADDRESS.test(pattern))) return inOnePiece(pattern, text, within, from);
  if (within < 0 && (ADDRESS.test(pattern) || !inOrder(pattern, text))) return undefined;
  for (let i = 0; i < pattern.length; i += 1) {
    const [before, row] = rows;
    const came = from && new Int16Array(length).fill(-1);
    let best = i === 0 ? 0 : IMPOSSIBLE;
    let bestAt = -1;
    for (let j = 0; j < length; j += 1) {
      row[j] = IMPOSSIBLE;
      if (text[j] === pattern[i]) {
        const apart = best + LETTER + (begins(text, j) ? BEGINS : LOOSE);
        const joined = i > 0 && j > 0 ? (before[j - 1] as number) + LETTER + FOLLOWS : IMPOSSIBLE;
        row[j] = Math.max(apart, joined);
        if (came) came[j] = joined >= apart ? j - 1 : bestAt;
      }
      if (i > 0 && (before[j] as number) > best) {
        best = before[j] as number;
        bestAt = j;
      }
    }
    if (came) from.push(came);
    rows = [row, before];
  }
  const last = rows[0];
  let end = 0;
  for (let j = 1; j < length; j += 1) if ((last[j] as number) > (last[end] as number)) end = j;
  const score = last[end] as number;
  // A piece of the text is always found, however it lies.
  if (score < 0 && within < 0) return undefined;
  return { score: score - LENGTH * text.length, end };
}

/** Where the text has the whole pattern, at the beginning of a word if it can be; -1 when nowhere. */
function wordAt(pattern: string, text: string): number {
  const first = text.indexOf(pattern);
  for (let at = first; at >= 0; at = text.indexOf(pattern, at + 1)) if (begins(text, at)) return at;
  return first;
}

function inOnePiece(pattern: string, text: string, at: number, from?: Int16Array[]) {
  const { length } = pattern;
  // As if found letter by letter: each right after the one before.
  if (from) for (let i = 0; i < length; i += 1) from.push(new Int16Array(at + length).map((_, j) => j - 1));
  const prefix = at === 0 ? PREFIX + (length === text.length ? WHOLE : 0) : 0;
  const score = length * LETTER + (length - 1) * FOLLOWS + (begins(text, at) ? BEGINS : LOOSE);
  return { score: score + prefix - LENGTH * text.length, end: at + length - 1 };
}

/** The words of what was typed: `shop/web` are two, as its parts stand in different places. */
export const wordsOf = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .split(/[\s/]+/)
    .filter(Boolean);

/** Items of which every word of `text` is found, the nearest first and otherwise in their order. All, when nothing is typed. */
export function rank<T>(
  items: readonly T[],
  text: string,
  textOf: (item: T) => string,
): readonly (Match & { readonly item: T })[] {
  const words = wordsOf(text);
  if (words.length === 0) return items.map((item) => ({ item, ...EVERYTHING }));
  const found: (Match & { readonly item: T })[] = [];
  for (const item of items) {
    const match = matchAll(words, textOf(item).toLowerCase());
    if (match) found.push({ item, ...match });
  }
  return found.sort((a, b) => b.score - a.score);
}

function matchAll(words: readonly string[], text: string): Match | undefined {
  let score = 0;
  const marks = new Set<number>();
  for (const word of words) {
    const match = fuzzyLower(word, text);
    if (!match) return undefined;
    score += match.score;
    for (const mark of match.marks) marks.add(mark);
  }
  return { score, marks: [...marks].sort((a, b) => a - b) };
}
