import { defineConfig } from 'vitest/config';

/** Servers from Debian's packages whose sockets are adopted: `npm run servers`, which makes docs/adopted-servers.md. Too long for `npm test`. */
export default defineConfig({
  test: {
    include: ['test/servers/*.servers.ts'],
    globalSetup: ['test/host/global-setup.mjs'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 900_000,
    teardownTimeout: 30_000,
  },
});
