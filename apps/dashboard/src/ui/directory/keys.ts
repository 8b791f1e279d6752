/** The row a key leads to in a table of `count` rows, `page` of which are seen; undefined for other keys. */
export function stepOf(key: string, at: number, count: number, page: number): number | undefined {
  const last = Math.max(0, count - 1);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: last }[key];
  return to === undefined ? undefined : Math.min(last, Math.max(0, to));
}
