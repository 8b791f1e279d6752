/** Between hub and browsers. Raised when a message changes its meaning, or has a record of a kind that pages before it refuse. */
export const PROTOCOL_VERSION = 3;

/**
 * Between agents and hub. Raised when a message changes its meaning, or has a value that a peer of the version before refuses.
 * 3: `mode` of a rules report may be other than `replace`; the hub may ask for a new proof.
 */
export const AGENT_PROTOCOL = 3;

/** Between agents and hub: the versions that this build speaks, best first. That of the minor version before is among them. */
export const PROTOCOLS: readonly number[] = [AGENT_PROTOCOL, 2];

/** The best version that both speak; undefined when there is none (`protocol-version`). */
export function commonProtocol(offered: readonly number[], spoken: readonly number[] = PROTOCOLS): number | undefined {
  return spoken.find((version) => offered.includes(version));
}

/** How an agent's version stands to the hub's. One minor version apart they work together; beyond that nobody has tried. */
export interface VersionSkew {
  readonly is: 'older' | 'newer';
  readonly supported: boolean;
}

/** By major and minor of `0.2.1`; undefined when they are the same, or one of them is no version. */
export function versionSkew(theirs: string, ours: string): VersionSkew | undefined {
  const [a, b] = [numbersOf(theirs), numbersOf(ours)];
  if (!a || !b || (a.major === b.major && a.minor === b.minor)) return undefined;
  const older = a.major === b.major ? a.minor < b.minor : a.major < b.major;
  return { is: older ? 'older' : 'newer', supported: a.major === b.major && Math.abs(a.minor - b.minor) === 1 };
}

function numbersOf(version: string): { readonly major: number; readonly minor: number } | undefined {
  const [, major, minor] = /^v?(\d{1,6})\.(\d{1,6})(?:[.+-]|$)/.exec(version) ?? [];
  return major === undefined || minor === undefined ? undefined : { major: Number(major), minor: Number(minor) };
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
