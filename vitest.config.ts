import { configDefaults, defineConfig } from 'vitest/config';

/**
 * Unit tests: need no root, no kernel tools, no browser. Every workspace's own vitest.config.ts is this one, so that a
 * plain `vitest run` in a folder never starts a kernel or end-to-end test by accident.
 */
export default defineConfig({
  test: {
    include: ['**/test/**/*.test.ts'],
    // Generous, because suites share two cores with each other: a hang is caught, a slow machine is not a failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    exclude: [...configDefaults.exclude, '**/*.kernel.test.ts', '**/*.e2e.test.ts'],
  },
});
