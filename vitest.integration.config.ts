import { defineConfig } from 'vitest/config';

/** The tests that need a host of their own (test/host). Hosts do not see each other, and mostly wait: two at a time. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/host/global-setup.mjs'],
    maxWorkers: 2,
    // Hosts share two cores with whatever else runs: what fails only once was the machine. It is shown as retried.
    retry: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
