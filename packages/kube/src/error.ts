import { z } from 'zod';

/**
 * - `gone`: the resource version or the continue token is too old: list anew
 * - `unreachable`: no usable answer (no connection, TLS, time-out, 429, 502, 503, 504): the same request may work later
 * - `invalid`: the server refuses the content of the request, see the message
 */
export type KubeErrorCode =
  | 'not-found'
  | 'conflict'
  | 'already-exists'
  | 'gone'
  | 'forbidden'
  | 'unauthorized'
  | 'invalid'
  | 'unreachable'
  | 'unknown';

export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly code: KubeErrorCode;
  /** What was tried, in words: `get services shop/cart`. */
  readonly operation: string;
  /** HTTP status, when the server answered. */
  readonly status: number | undefined;
  /** Milliseconds that the server wants to be left alone, when it said so. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: KubeErrorCode,
    operation: string,
    detail: string,
    more: { status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(`${operation}: ${detail}`, { cause: more.cause });
    this.code = code;
    this.operation = operation;
    this.status = more.status;
    this.retryAfterMs = more.retryAfterMs;
  }
}

/** `meta/v1 Status`, the body of every refusal of an API server. */
const statusObject = z.object({
  message: z.string().optional(),
  reason: z.string().optional(),
  code: z.number().optional(),
  details: z.object({ retryAfterSeconds: z.number().nonnegative().optional() }).optional(),
});

const byReason: Readonly<Record<string, KubeErrorCode>> = {
  NotFound: 'not-found',
  Conflict: 'conflict',
  AlreadyExists: 'already-exists',
  Gone: 'gone',
  Expired: 'gone',
  Forbidden: 'forbidden',
  Unauthorized: 'unauthorized',
  Invalid: 'invalid',
  BadRequest: 'invalid',
};

const byStatus: Readonly<Record<number, KubeErrorCode>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  410: 'gone',
  422: 'invalid',
  429: 'unreachable',
  502: 'unreachable',
  503: 'unreachable',
  504: 'unreachable',
};

/** However long a server asks for: a wrong clock or a misled proxy must not silence us. */
const LONGEST_RETRY_AFTER = 300;

/**
 * The error for an answer that is not a success.
 * @param body whatever came with it: a Status object, or a proxy's page
 * @param retryAfter the header of that name, in seconds; the other form of it, a date, no API server sends
 */
export function refused(operation: string, httpStatus: number, body: unknown, retryAfter?: string): KubeError {
  const parsed = statusObject.safeParse(body);
  const { reason = '', message, code: statusCode, details } = parsed.success ? parsed.data : {};
  const header = retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  const seconds = header ?? details?.retryAfterSeconds;
  const retryAfterMs = seconds === undefined ? undefined : Math.min(seconds, LONGEST_RETRY_AFTER) * 1000;
  const status = httpStatus === 200 ? (statusCode ?? 500) : httpStatus;
  const code = byReason[reason] ?? byStatus[status] ?? 'unknown';
  return new KubeError(code, operation, message || `the API server answered ${status}`, { status, retryAfterMs });
}

/** The error for a request that got no answer, or one that broke off. Keeps a KubeError as it is. */
export function failed(operation: string, cause: unknown): KubeError {
  if (cause instanceof KubeError) return cause;
  const detail = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new KubeError('unreachable', operation, `the API server cannot be reached (${detail})`, { cause });
}

export const isKubeError = (error: unknown, code: KubeErrorCode): error is KubeError =>
  error instanceof KubeError && error.code === code;
