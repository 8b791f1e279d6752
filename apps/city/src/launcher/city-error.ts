/**
 * - `running`: this user has a city already
 * - `not-running`: there is none to ask
 * - `not-ours`: something needed is there but not as expected
 * - `not-found`: no such node or pod
 * - `port-taken`: the dashboard cannot have its port
 * - `start-failed`: a part of the city did not come up
 */
export type CityErrorCode = 'running' | 'not-running' | 'not-ours' | 'not-found' | 'port-taken' | 'start-failed';

/** A failure that the person at the terminal can understand without a stack. */
export class CityError extends Error {
  override readonly name = 'CityError';
  readonly code: CityErrorCode;
  readonly operation: string;
  /** The log whose end says more. */
  readonly logPath: string | undefined;

  constructor(code: CityErrorCode, operation: string, detail: string, logPath?: string) {
    super(`cannot ${operation}: ${detail}`);
    this.code = code;
    this.operation = operation;
    this.logPath = logPath;
  }
}
