export interface ChangedPart<Row> {
  /** Absent: nothing is known of what was there before. */
  readonly gone?: readonly Row[];
  readonly come: readonly Row[];
}

/** What lies between the rows that both begin with and those that both end with, the very objects. */
export function changedPart<Row>(before: readonly Row[] | undefined, after: readonly Row[]): ChangedPart<Row> {
  if (!before) return { come: after };
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before[from] === after[from]) from += 1;
  let [beforeEnd, afterEnd] = [before.length, after.length];
  while (beforeEnd > from && afterEnd > from && before[beforeEnd - 1] === after[afterEnd - 1]) {
    beforeEnd -= 1;
    afterEnd -= 1;
  }
  return { gone: before.slice(from, beforeEnd), come: after.slice(from, afterEnd) };
}
