/**
 * Servers that take the sockets they inherit, each in a host of its own, with the unit files of its package, and its own client as its first.
 * Those that the ordinary host has, and with ROUSE_WHOLE=1 all, from Debian's packages; ROUSE_WRITE_TABLE=1 writes docs/inherited-servers.md too.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import { formatInherited, type Failure } from '../servers/inherited-format.js';
import { EXTRA } from '../servers/inherited-packages.js';
import type { InheritedRow } from '../servers/inherited-row.js';
import { INHERITED } from '../servers/inherited-table.js';
import { RouseHost } from './lib/host.js';
import { serveInherited, type Inherited } from './lib/inherited.js';

const DOCS = join(import.meta.dirname, '../../docs/inherited-servers.md');
const LONG_MS = 600_000;
const only = process.env['ROUSE_TEST_SERVER'];
const writes = process.env['ROUSE_WRITE_TABLE'] !== undefined;
const whole = writes || only !== undefined || process.env['ROUSE_WHOLE'] !== undefined;

const rows = INHERITED.filter(({ name, quick }) => (whole ? only === undefined || name.includes(only) : quick === true));

describe.skipIf(whyNoHost() !== undefined)('servers that take the sockets they inherit', () => {
  const results: Inherited[] = [];
  const failures: Failure[] = [];
  afterAll(() => {
    if (writes) writeFileSync(DOCS, formatInherited(results, failures));
  });

  test.each(rows)(
    '$name is started by its own client, and again after it has ended',
    async (row: InheritedRow) => {
      const host = await RouseHost.start(row.quick === true ? {} : { extra: EXTRA });
      try {
        const served = await serveInherited(host, row);
        if (process.env['ROUSE_SHOW'] !== undefined) process.stdout.write(`${JSON.stringify({ ...served, row: row.name })}\n`);
        results.push(served);
        expect(served.answer).toMatch(row.expect);
        expect(served.inherited).not.toBe(false);
        expect(served.cameBack).toBe(true);
      } catch (error) {
        failures.push({ row, why: error instanceof Error ? error.message : String(error) });
        throw error;
      } finally {
        await host.stop();
      }
    },
    LONG_MS,
  );
});
