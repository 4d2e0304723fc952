import fc from 'fast-check';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { pipe } from '../sys/pipe.js';
import { captureOutput, identifierOf, LineSplitter, UnitLog } from './output.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-output-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LINE_MAX = 48 * 1024;

function split(...chunks: readonly (string | Buffer)[]): readonly string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter();
  for (const chunk of chunks) splitter.push(Buffer.from(chunk), (line) => lines.push(line));
  splitter.end((line) => lines.push(line));
  return lines;
}

describe('a stream of bytes', () => {
  it.each<[string, readonly (string | Buffer)[], readonly string[]]>([
    ['lines', ['a\nb\n'], ['a', 'b']],
    ['lines across chunks', ['a', 'b\nc', '\n', 'd\n'], ['ab', 'c', 'd']],
    ['a last line without an end', ['a\nb'], ['a', 'b']],
    ['empty lines', ['\n\na\n'], ['', '', 'a']],
    ['nothing', [''], []],
    ['a character in two chunks', [Buffer.from([0xc3]), Buffer.from([0xa9, 10])], ['é']],
    ['bytes that are no text', [Buffer.from([0xff, 10])], ['\ufffd']],
    ['half a character at the end', [Buffer.from([0x61, 0xc3])], ['a\ufffd']],
    ['a line that is too long', [`${'x'.repeat(LINE_MAX + 1)}\n`], ['x'.repeat(LINE_MAX), 'x']],
    ['a line that never ends', ['x'.repeat(LINE_MAX * 2), 'x', '\n'], ['x'.repeat(LINE_MAX), 'x'.repeat(LINE_MAX), 'x']],
  ])('is cut: %s', (_, chunks, lines) => {
    expect(split(...chunks)).toEqual(lines);
  });

  it('has the same lines however it comes in', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\n') })), (chunks) => {
        const lines = chunks.join('').split('\n');
        expect(split(...chunks)).toEqual(lines.at(-1) === '' ? lines.slice(0, -1) : lines);
      }),
    );
  });
});

describe("a unit's log", () => {
  let log = new UnitLog(folder, 'web.service');
  const files = (): readonly string[] => readdirSync(folder).sort();
  const texts = (): readonly string[] =>
    readFileSync(log.path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, ''));
  afterEach(() => {
    log.close();
    for (const file of files()) rmSync(join(folder, file), { recursive: true });
    log = new UnitLog(folder, 'web.service');
  });

  it('has each line with its time, and is for its owner alone', () => {
    log.write('web', 7, 'one\ntwo');
    expect(texts()).toEqual(['web[7]: one', 'web[7]: two']);
    expect(statSync(log.path).mode & 0o777).toBe(0o600);
  });

  it('goes on where an earlier one ended', () => {
    writeFileSync(log.path, 'earlier\n');
    log.write('web', 7, 'one');
    expect(texts()).toEqual(['earlier', 'web[7]: one']);
  });

  it('is begun anew when it has grown too large, with the last one beside it', () => {
    const line = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 20; i++) log.write('web', i, line);
    expect(files()).toEqual(['web.service.log', 'web.service.log.1']);
    const sizes = files().map((file) => statSync(join(folder, file)).size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(texts().at(-1)).toBe(`web[19]: ${line}`);
  });

  it('is made again when somebody has removed it', () => {
    log.write('web', 7, 'one');
    rmSync(log.path);
    log.write('web', 7, 'two');
    log.flush();
    expect(texts()).toEqual(['web[7]: two']);
  });

  it('is written at once, and what follows closely a moment later', async () => {
    log.write('web', 7, 'one');
    log.write('web', 7, 'two');
    expect(texts()).toEqual(['web[7]: one']);
    await vi.waitFor(() => expect(texts()).toEqual(['web[7]: one', 'web[7]: two']));
  });

  it('costs nobody anything where it cannot be written', () => {
    writeFileSync(join(folder, 'file'), '');
    const nowhere = new UnitLog(join(folder, 'file'), 'web.service');
    nowhere.write('web', 7, 'lost');
    nowhere.close();
    expect(files()).toEqual(['file']);
  });

  it('takes what comes through a pipe, to its last byte', async () => {
    const { read, write } = pipe();
    captureOutput(read, log, () => ({ identifier: 'web', pid: 7 }));
    writeSync(write.number, 'one\ntwo');
    write.close();
    await vi.waitFor(() => expect(texts()).toEqual(['web[7]: one', 'web[7]: two']), { timeout: 5000, interval: 5 });
  });
});

it("a program's lines carry its name, or SyslogIdentifier=", () => {
  expect(identifierOf(undefined, '/usr/bin/web')).toBe('web');
  expect(identifierOf('mine', '/usr/bin/web')).toBe('mine');
});

describe('the logs of many units', () => {
  it('do not all stay open, and lose no line', () => {
    const logs = Array.from({ length: 200 }, (_, i) => new UnitLog(join(folder, 'many'), `unit${i}.service`));
    const before = readdirSync('/proc/self/fd').length;
    for (const round of ['one', 'two']) for (const log of logs) log.write('me', 1, round);
    expect(readdirSync('/proc/self/fd').length - before).toBeLessThan(100);
    for (const log of logs) log.close();
    for (const { path } of logs) expect(readFileSync(path, 'utf8')).toMatch(/one\n.*two\n$/);
  });
});
