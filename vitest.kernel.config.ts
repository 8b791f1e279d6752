import { defineConfig } from 'vitest/config';

/**
 * Kernel tests: real iptables, conntrack and packets. `npm test` runs them inside fresh namespaces (see
 * scripts/setup/test-steps.mjs); one command a file, each in namespaces of its own.
 */
export default defineConfig({
  test: {
    include: ['{apps,packages}/*/test/**/*.kernel.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // What is told a moment later is waited for as long as a busy machine may need.
    expect: { poll: { timeout: 60_000 } },
  },
});
