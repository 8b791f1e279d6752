import type { LiveFigures } from '../src/metrics.ts';

/** Live figures of an agent that has done nothing yet. */
export const IDLE: LiveFigures = {
  accounting: { totals: () => undefined, servicePorts: async () => undefined, deaths: () => 0, now: () => 0 },
  hubConnected: () => false,
  counting: () => true,
  mode: () => 'replace',
  leaseAge: () => undefined,
};
