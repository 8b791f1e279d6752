/** Raised when a message changes its meaning; a peer with another number is refused with `protocol-version`. */
export const PROTOCOL_VERSION = 1;

/** Every reason for which the hub refuses a peer or a request. */
export const REFUSALS = [
  'protocol-version',
  'unauthenticated',
  'origin',
  'invalid-message',
  'rate-limited',
  'forbidden',
  'not-found',
  'conflict',
  'would-empty',
  'invalid-request',
  'api-unavailable',
] as const;
export type Refusal = (typeof REFUSALS)[number];
