import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'examples/**/*.test.ts'],
    isolate: false,
    // A leaked rejection is a bug of the code, whichever test it comes from.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
