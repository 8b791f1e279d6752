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

  constructor(code: KubeErrorCode, operation: string, detail: string, more: { status?: number; cause?: unknown } = {}) {
    super(`${operation}: ${detail}`, { cause: more.cause });
    this.code = code;
    this.operation = operation;
    this.status = more.status;
  }
}

/** `meta/v1 Status`, the body of every refusal of an API server. */
const statusObject = z.object({
  message: z.string().optional(),
  reason: z.string().optional(),
  code: z.number().optional(),
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

/** The error for an answer that is not a success. `body` is whatever came with it: a Status object, or a proxy's page. */
export function refused(operation: string, httpStatus: number, body: unknown): KubeError {
  const parsed = statusObject.safeParse(body);
  const { reason = '', message, code: statusCode } = parsed.success ? parsed.data : {};
  const status = httpStatus === 200 ? (statusCode ?? 500) : httpStatus;
  const code = byReason[reason] ?? byStatus[status] ?? 'unknown';
  return new KubeError(code, operation, message || `the API server answered ${status}`, { status });
}

/** The error for a request that got no answer, or one that broke off. Keeps a KubeError as it is. */
export function failed(operation: string, cause: unknown): KubeError {
  if (cause instanceof KubeError) return cause;
  const detail = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new KubeError('unreachable', operation, `the API server cannot be reached (${detail})`, { cause });
}

export const isKubeError = (error: unknown, code: KubeErrorCode): error is KubeError =>
  error instanceof KubeError && error.code === code;
