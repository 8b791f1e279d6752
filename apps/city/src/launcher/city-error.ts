/**
 * - `running`: this user has a city already
 * - `not-running`: there is none to ask
 * - `not-ours`: something needed is there but not as expected
 * - `not-found`: no such node or pod
 * - `start-failed`: a part of the city did not come up
 */
export type CityErrorCode = 'running' | 'not-running' | 'not-ours' | 'not-found' | 'start-failed';

/** A failure that the person at the terminal can understand without a stack. */
export class CityError extends Error {
  override readonly name = 'CityError';
  readonly code: CityErrorCode;
  readonly operation: string;

  constructor(code: CityErrorCode, operation: string, detail: string, cause?: unknown) {
    super(`cannot ${operation}: ${detail}`, { cause });
    this.code = code;
    this.operation = operation;
  }
}
