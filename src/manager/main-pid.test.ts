import { spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { service } from '../unit/testing/load-text.js';
import { MainPidFinder } from './main-pid.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-main-pid-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'x.pid');
let finder: MainPidFinder | undefined;
afterEach(() => {
  finder?.close();
  rmSync(file, { force: true });
});

/** What the finder says, in order: pids, or 'missing'. */
function find(lines: string, pids: readonly number[] = []): readonly (number | 'missing')[] {
  const said: (number | 'missing')[] = [];
  finder = new MainPidFinder(service(`Type=forking\n${lines}`), () => pids, { onFound: (pid) => said.push(pid), onMissing: () => said.push('missing') });
  finder.start();
  return said;
}

describe('a main process without PIDFile=', () => {
  it.each<[pids: readonly number[], lines: string, said: readonly unknown[]]>([
    [[7], '', [7]],
    [[], '', ['missing']],
    [[7, 8], '', ['missing']],
    [[7], 'GuessMainPID=no', ['missing']],
  ])('is the only one of %j %s: %j', (pids, lines, said) => {
    expect(find(lines, pids)).toEqual(said);
  });
});

it('is the only one that is our child, where there are more', () => {
  const child = spawn('sleep', ['1000']);
  const pid = child.pid ?? 0;
  expect(find('', [1, pid, process.pid])).toEqual([pid]);
  child.kill();
});

describe('a main process with PIDFile=', () => {
  const lines = `PIDFile=${file}`;

  it('is the one in the file', () => {
    writeFileSync(file, `${process.pid}\n`);
    expect(find(lines)).toEqual([process.pid]);
  });

  it('is waited for until the file comes, and is told once', async () => {
    const said = find(lines);
    expect(said).toEqual([]);
    writeFileSync(`${file}.new`, `${process.pid}\n`);
    renameSync(`${file}.new`, file);
    await vi.waitFor(() => expect(said).toEqual([process.pid]), { interval: 2 });
    writeFileSync(file, `${process.ppid}\n`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(said).toEqual([process.pid]);
  });

  it('is waited for until the file has a number', async () => {
    writeFileSync(file, '');
    const said = find(lines);
    writeFileSync(file, 'nonsense\n');
    writeFileSync(file, `${process.pid}\n`);
    await vi.waitFor(() => expect(said).toEqual([process.pid]), { interval: 2 });
  });

  it('is not looked for any more when the search was ended', async () => {
    const said = find(lines);
    finder?.close();
    writeFileSync(file, `${process.pid}\n`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(said).toEqual([]);
  });

  it('is missing where there can be no such file', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(find(`PIDFile=${folder}/file/x.pid`)).toEqual(['missing']);
  });
});
