/** Raised when a message changes its meaning. */
export const PROTOCOL_VERSION = 2;

/** The versions that this build speaks, best first. */
export const PROTOCOLS: readonly number[] = [PROTOCOL_VERSION];

/** The best version that both speak; undefined when there is none (`protocol-version`). */
export function commonProtocol(offered: readonly number[], spoken: readonly number[] = PROTOCOLS): number | undefined {
  return spoken.find((version) => offered.includes(version));
}

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
