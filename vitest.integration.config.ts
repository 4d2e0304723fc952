import { defineConfig } from 'vitest/config';

/** What looks at the whole machine, or makes it work hard, has it for itself. */
const ALONE = [
  'test/host/*.test.ts',
  'test/integration/quadlet-runs.test.ts',
  'test/integration/auto-update.test.ts',
  'test/integration/idle.test.ts',
  'test/integration/crowd.test.ts',
];

/** The tests that need a host of their own (test/host). Hosts do not see each other, and mostly wait: two at a time, and then those that cannot share. */
export default defineConfig({
  test: {
    globalSetup: ['test/host/global-setup.mjs'],
    // Hosts share two cores with whatever else runs: what fails only once was the machine. It is shown as retried.
    retry: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    dangerouslyIgnoreUnhandledErrors: false,
    projects: [
      { extends: true, test: { name: 'together', include: ['test/**/*.test.ts'], exclude: ALONE, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
