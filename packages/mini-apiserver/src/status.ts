import type { FieldError } from './field-error.ts';
import { describeFieldError } from './field-error.ts';
import type { JsonObject } from './object.ts';

/** Reasons of Kubernetes' Status object that this server answers with, and their HTTP codes. */
const CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  Timeout: 504,
} as const;
export type StatusReason = keyof typeof CODES;

/** What an error is about, as in Status.details. */
export interface StatusSubject {
  readonly group: string;
  /** The plural; Kubernetes puts the kind there when an object is invalid. */
  readonly kind: string;
  readonly name?: string;
}

/** A refusal in the words of the Kubernetes API: `reason` is the code, `details` name the object and the fields. */
export class ApiError extends Error {
  readonly reason: StatusReason;
  readonly details: JsonObject | undefined;

  constructor(reason: StatusReason, message: string, details?: JsonObject, cause?: unknown) {
    super(message, { cause });
    this.name = 'ApiError';
    this.reason = reason;
    this.details = details;
  }

  get code(): number {
    return CODES[this.reason];
  }

  /** The Status object that goes over the wire. */
  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

export const badRequest = (message: string, cause?: unknown) => new ApiError('BadRequest', message, undefined, cause);

export const notFound = (subject: StatusSubject) =>
  new ApiError('NotFound', `${qualified(subject)} "${subject.name ?? ''}" not found`, detailsOf(subject));

export const alreadyExists = (subject: StatusSubject) =>
  new ApiError('AlreadyExists', `${qualified(subject)} "${subject.name ?? ''}" already exists`, detailsOf(subject));

export const conflict = (subject: StatusSubject, why: string) =>
  new ApiError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name ?? ''}": ${why}`,
    detailsOf(subject),
  );

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again' as const;

export const forbidden = (subject: StatusSubject, why: string) =>
  new ApiError(
    'Forbidden',
    `${subject.kind === '' ? '' : `${qualified(subject)}${subject.name ? ` "${subject.name}"` : ''} is `}forbidden: ${why}`,
    detailsOf(subject),
  );

export const expired = (message: string) => new ApiError('Expired', message);

export function invalid(subject: StatusSubject, errors: readonly FieldError[]): ApiError {
  const told = errors.map(describeFieldError);
  const all = told.length === 1 ? told[0] : `[${told.join(', ')}]`;
  const causes = errors.map(({ reason, message, field }) => ({ reason, message, field }));
  return new ApiError('Invalid', `${qualified(subject)} "${subject.name ?? ''}" is invalid: ${all}`, {
    ...detailsOf(subject),
    causes,
  });
}

/** Turns whatever was thrown into a Status; a fault of ours becomes InternalError with its cause kept for the log. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError('InternalError', `Internal error occurred: ${message}`, undefined, error);
}

function qualified({ kind, group }: StatusSubject): string {
  return group === '' ? kind : `${kind}.${group}`;
}

function detailsOf({ name, group, kind }: StatusSubject): JsonObject {
  return { ...(name ? { name } : {}), ...(group ? { group } : {}), kind };
}
