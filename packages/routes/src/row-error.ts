/** The kernel's answer is not what rtnetlink promises: a row without its parts, or one that is cut short. */
export class RowError extends Error {
  override readonly name = 'RowError';
}
