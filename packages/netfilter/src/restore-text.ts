/**
 * Text, or pieces of it that are written while they are made; they can be read again, to name the line that failed. A promise
 * among the pieces is waited for: what follows is written when it is fulfilled, and never when it is rejected.
 */
export type RestoreText = string | Iterable<string | Promise<unknown>>;

/** Piece by piece, each when it may be written. Throws what a promise among them is rejected with. */
export async function* inTime(text: RestoreText): AsyncGenerator<string, void> {
  // Not by string iteration, which would go letter by letter.
  for (const piece of typeof text === 'string' ? [text] : text) {
    if (typeof piece === 'string') yield piece;
    else await piece;
  }
}

/** All of it, when it may be written. */
export async function textInTime(text: RestoreText): Promise<string> {
  let whole = '';
  for await (const piece of inTime(text)) whole += piece;
  return whole;
}

/** All of it, without waiting. */
export function wholeText(text: RestoreText): string {
  return typeof text === 'string' ? text : [...text].filter((piece) => typeof piece === 'string').join('');
}
