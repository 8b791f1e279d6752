/** What a row is sorted by; undefined is unknown. */
export type SortValue = string | number | undefined;

/**
 * The rows in the order of their values, in time of one read per row and one sort of keys: tables of 20,000 rows are sorted
 * every second. Texts by their digits' worth (`node-2` before `node-10`) and without regard to case. Unknown stands last
 * both ways; equals keep their order.
 */
export function sorted<T>(rows: readonly T[], worth: (row: T) => SortValue, down: boolean): readonly T[] {
  const keyed = rows.map((row) => ({ row, key: keyOf(worth(row)) }));
  const sign = down ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.key === b.key) return 0;
    if (a.key === undefined) return 1;
    if (b.key === undefined) return -1;
    return a.key < b.key ? -sign : sign;
  });
  return keyed.map(({ row }) => row);
}

/** The rows in the order in which these ids stood; those that are new come last. */
export function inOrderOf<T>(rows: readonly T[], ids: readonly string[], idOf: (row: T) => string): readonly T[] {
  const places = new Map(ids.map((id, place) => [id, place]));
  const place = (row: T) => places.get(idOf(row)) ?? ids.length;
  return rows.toSorted((a, b) => place(a) - place(b));
}

/** Names are few and come again every second: what was made of them is kept, up to so many. */
const keys = new Map<string, string>();
const MOST = 100_000;

/** Digits filled up with zeros compare as text as they do as numbers. */
function keyOf(value: SortValue): SortValue {
  if (typeof value !== 'string') return value;
  const known = keys.get(value);
  if (known !== undefined) return known;
  const key = value.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, '0'));
  if (keys.size >= MOST) keys.clear();
  keys.set(value, key);
  return key;
}
