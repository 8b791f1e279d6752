import type { Refusal } from '@kubecity/protocol';

/** What a shell script can tell apart. */
export const EXIT = { done: 0, failure: 1, usage: 2, refused: 3, timeout: 4 } as const;

/** Ends the program with words for a person and a code for a script. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(end: Exclude<keyof typeof EXIT, 'done'>, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = EXIT[end];
  }
}

/** Refused by a rule or for want of a right: the same again will not help, as it may where the API was away. */
const REFUSED: ReadonlySet<Refusal> = new Set([
  'unauthenticated',
  'origin',
  'forbidden',
  'conflict',
  'would-empty',
  'invalid-request',
  'invalid-message',
]);

export const exitOf = (code: Refusal): number => (REFUSED.has(code) ? EXIT.refused : EXIT.failure);
