import { configDefaults, defineConfig } from 'vitest/config';

/**
 * Unit tests: need no root, no kernel tools, no browser. Every workspace's own vitest.config.ts is this one, so that a
 * plain `vitest run` in a folder never starts a kernel or end-to-end test by accident.
 */
export default defineConfig({
  test: {
    include: ['**/test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, '**/*.kernel.test.ts', '**/*.e2e.test.ts'],
  },
});
