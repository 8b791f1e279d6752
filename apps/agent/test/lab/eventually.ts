import { vi } from 'vitest';

/** Until it throws no more; for so long at most, as the machine may be busy. */
export const eventually = <T>(check: () => T | Promise<T>, timeout = 60_000) =>
  vi.waitFor(check, { timeout, interval: 20 });
