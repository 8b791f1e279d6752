/** The map of before, if it holds the same: same keys, same values, same order. What is derived from it then stays, too. */
export function kept<T>(
  now: ReadonlyMap<string, T>,
  before: ReadonlyMap<string, T> | undefined,
): ReadonlyMap<string, T> {
  if (before?.size !== now.size) return now;
  const old = before.entries();
  for (const [id, value] of now) {
    const [oldId, oldValue] = old.next().value as [string, T];
    if (oldId !== id || oldValue !== value) return now;
  }
  return before;
}
