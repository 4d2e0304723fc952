import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'examples/**/*.test.ts'],
    isolate: false,
    // Ports that were free a moment ago may be taken by whatever else runs on the machine. It is shown as retried.
    retry: 1,
    // Compilers and processes are slow where others work beside them.
    testTimeout: 60_000,
    // A leaked rejection is a bug of the code, whichever test it comes from.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
