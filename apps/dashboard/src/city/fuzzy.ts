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

/** As `fuzzy`, of what is in small letters already: an index is read at every key. */
export function fuzzyLower(pattern: string, text: string): Match | undefined {
  if (pattern === '') return EVERYTHING;
  const length = Math.min(text.length, MOST);
  if (pattern.length > length || !inOrder(pattern, text)) return undefined;
  const within = text.indexOf(pattern);
  if (within < 0 && ADDRESS.test(pattern)) return undefined;
  const found = bestWay(pattern, text, length);
  // A piece of the text is always found, however it lies.
  if (found.score < 0 && within < 0) return undefined;
  const begins = found.marks[0] === 0 && found.marks.at(-1) === pattern.length - 1;
  const extra = (begins ? PREFIX : 0) + (begins && pattern.length === text.length ? WHOLE : 0);
  return { score: found.score + extra - LENGTH * text.length, marks: found.marks };
}

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

/** Row i, column j: the best score with letter i found at j. Columns are few: one pair of rows and where each came from. */
function bestWay(pattern: string, text: string, length: number): Match {
  let before = new Float64Array(length).fill(IMPOSSIBLE);
  let row = new Float64Array(length);
  const from: Int16Array[] = [];
  for (let i = 0; i < pattern.length; i += 1) {
    const came = new Int16Array(length).fill(-1);
    let best = i === 0 ? 0 : IMPOSSIBLE;
    let bestAt = -1;
    for (let j = 0; j < length; j += 1) {
      row[j] = IMPOSSIBLE;
      if (text[j] === pattern[i] && j >= i) {
        const apart = best + LETTER + (begins(text, j) ? BEGINS : LOOSE);
        const joined = j > 0 ? (before[j - 1] as number) + LETTER + FOLLOWS : IMPOSSIBLE;
        row[j] = Math.max(apart, joined);
        came[j] = joined >= apart ? j - 1 : bestAt;
      }
      if (i > 0 && (before[j] as number) > best) [best, bestAt] = [before[j] as number, j];
    }
    from.push(came);
    [before, row] = [row, before];
  }
  let at = 0;
  for (let j = 1; j < length; j += 1) if ((before[j] as number) > (before[at] as number)) at = j;
  const score = before[at] as number;
  const marks: number[] = [];
  for (let i = pattern.length - 1; i >= 0; i -= 1) {
    marks.unshift(at);
    at = (from[i] as Int16Array)[at] as number;
  }
  return { score, marks };
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
