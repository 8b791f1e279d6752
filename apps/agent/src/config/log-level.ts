/** From the fewest lines to the most. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * The level that a text asks for by name, or by klog verbosity with the meaning of Kubernetes' logging conventions:
 * 0 to 3 = info, 4 = debug, 5 and more = trace. Undefined when it is neither.
 */
export function logLevelOf(text: string): LogLevel | undefined {
  if (!/^\d+$/.test(text)) return LOG_LEVELS.find((level) => level === text);
  const verbosity = Number(text);
  return verbosity < 4 ? 'info' : verbosity === 4 ? 'debug' : 'trace';
}
