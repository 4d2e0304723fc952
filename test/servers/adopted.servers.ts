/**
 * Adopted sockets: servers from Debian's packages, unchanged, each in a container without a network, behind a socket that rouse holds outside.
 * The first client of each is a client of its own kind, and is served.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import { ensureServers } from './servers.mjs';
import { SERVERS } from './table.js';
import { formatServed } from './format.js';
import type { Account } from '../integration/lib/account.js';
import { RouseHost } from '../integration/lib/host.js';
import { importServers, serve, type Served } from './served.js';

const FIRST_PORT = 20_000;
const LONG_MS = 600_000;
const DOCS = join(import.meta.dirname, '../../docs/adopted-servers.md');
const only = process.env['ROUSE_TEST_SERVER'];

describe.skipIf(whyNoHost() !== undefined)('servers that know nothing of sockets that were opened for them', () => {
  let host: RouseHost | undefined;
  let account: Account;
  const results: Served[] = [];
  beforeAll(async () => {
    const archive = await ensureServers();
    host = await RouseHost.start({ binds: [`${archive}:/servers.tar`] });
    account = host.tester;
    await importServers(account);
  }, LONG_MS);
  afterAll(async () => {
    if (only === undefined) writeFileSync(DOCS, formatServed(results));
    await host?.stop();
  });

  test.each(SERVERS.filter(({ name }) => only === undefined || name.includes(only)))('$name serves its own client, who is its first', async (row) => {
    const served = await serve(account, row, FIRST_PORT + SERVERS.indexOf(row));
    results.push(served);
    if (process.env['ROUSE_SHOW'] !== undefined) process.stdout.write(`${JSON.stringify(served)}\n`);
    expect(served.answer).toMatch(row.expect);
    if (row.tells !== undefined) expect(served.sourceSeen).toBe(true);
  });
});
