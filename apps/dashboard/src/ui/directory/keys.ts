/** The row an arrow key leads to in a table walked from its frame; undefined for other keys. */
export function stepOf(key: string, at: number, count: number): number | undefined {
  const last = Math.max(0, count - 1);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 12, PageUp: at - 12, Home: 0, End: last }[key];
  return to === undefined ? undefined : Math.min(last, Math.max(0, to));
}
