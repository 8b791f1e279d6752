/** What stands where a secret stood. */
const GONE = '[left out]';

/** Shapes of secrets, wherever they stand. What is around them stays, so that JSON stays JSON. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  // JSON web tokens, as ServiceAccounts and OpenID Connect have them
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, GONE],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, GONE],
  [/\b(bearer|basic)\s+[\w+/=.~-]{8,}/gi, `$1 ${GONE}`],
  [/(:\/\/)[^\s/@:"]+:[^\s/@"]+@/g, `$1${GONE}@`],
  [
    /\b(password|passwd|passphrase|secret|client[-_]?secret|token|api[-_]?key|access[-_]?key|authorization|cookie)(\\*["']?\s*[=:]\s*\\*["']?)(?!\[left out\]|basic\b|bearer\b)[^\s"',;\\]{4,}/gi,
    `$1$2${GONE}`,
  ],
];

/**
 * Takes secrets out of a text: those that are known, and whatever looks like one. Nothing that is gathered should have any;
 * but people write into reasons and annotations what they should not.
 */
export function scrub(text: string, known: readonly string[]): string {
  const withoutKnown = known
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, GONE), text);
  return SHAPES.reduce((rest, [shape, instead]) => rest.replace(shape, instead), withoutKnown);
}
