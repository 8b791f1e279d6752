/** The larger column, with what was in the smaller one. */
export function enlarged<A extends { set(from: A): void }>(column: A, larger: A): A {
  larger.set(column);
  return larger;
}
