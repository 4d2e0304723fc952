import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ContainerLog } from './container-log.js';
import { UnitLog } from './output.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-container-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'ctr.log');
let unit: UnitLog;
let log: ContainerLog;
beforeEach(() => {
  unit = new UnitLog(folder, 'web.service');
  log = new ContainerLog(path, unit, () => ({ identifier: 'web', pid: 7 }));
});
afterEach(() => {
  log.close();
  unit.close();
  rmSync(unit.path, { force: true });
});

/** What has come into the unit's log, without the times. */
function lines(): readonly string[] {
  return existsSync(unit.path)
    ? readFileSync(unit.path, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => line.slice(line.indexOf(' ') + 1))
    : [];
}

const write = (...entries: readonly string[]): void => appendFileSync(path, entries.map((entry) => `2026-01-31T12:00:00.000000000+00:00 ${entry}\n`).join(''));
const until = (expected: readonly string[]): Promise<void> => vi.waitFor(() => expect(lines()).toEqual(expected), { timeout: 5000, interval: 5 });

describe("a container's log", () => {
  it('is followed as it grows', async () => {
    write('stdout F one');
    await until(['web[7]: one']);
    write('stderr F two', 'stdout F ');
    await until(['web[7]: one', 'web[7]: two', 'web[7]: ']);
  });

  it('has long lines in pieces, which are joined', async () => {
    write('stdout P one ', 'stdout P and ', 'stdout F two', 'nonsense');
    await until(['web[7]: one and two']);
  });

  it('is followed into the file that takes its place', async () => {
    write('stdout F old');
    await until(['web[7]: old']);
    for (const round of ['new', 'newer']) {
      writeFileSync(`${path}.tmp`, '');
      renameSync(`${path}.tmp`, path);
      write(`stdout F ${round}`);
      await vi.waitFor(() => expect(lines().at(-1)).toBe(`web[7]: ${round}`), { timeout: 5000, interval: 5 });
      write(`stdout F ${round} again`);
      await vi.waitFor(() => expect(lines().at(-1)).toBe(`web[7]: ${round} again`), { timeout: 5000, interval: 5 });
    }
    expect(lines()).toEqual(['old', 'new', 'new again', 'newer', 'newer again'].map((text) => `web[7]: ${text}`));
  });

  it('is followed when it is emptied', async () => {
    write('stdout F a long line that was there before');
    await until(['web[7]: a long line that was there before']);
    writeFileSync(path, '');
    write('stdout F new');
    await vi.waitFor(() => expect(lines().at(-1)).toBe('web[7]: new'), { timeout: 5000, interval: 5 });
  });

  it('is read to its end when it is closed, and removed', () => {
    write('stdout F last');
    log.close();
    expect(lines()).toEqual(['web[7]: last']);
    expect(existsSync(path)).toBe(false);
    log.close();
  });
});
