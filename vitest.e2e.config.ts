import { defineConfig } from 'vitest/config';

/**
 * End-to-end tests: a whole city and a browser. One file at a time: there is one city per user. What an action causes is
 * waited for, with `expect.poll` or a locator's `waitFor`, for as long as a busy machine may need.
 */
export default defineConfig({
  test: {
    include: ['{apps,packages}/*/test/**/*.e2e.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000, interval: 100 } },
  },
});
