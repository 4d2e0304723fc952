import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UnitLog } from '../exec/output.js';
import { formatEntry, logPath, parseEntry, readEntries, type LogEntry } from './log-file.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-log-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

const line = (i: number, text = `line ${i}`): string => `2026-01-31T12:00:00.${String(i % 1000).padStart(3, '0')}Z web[7]: ${text}\n`;
const lines = (from: number, to: number): string => Array.from({ length: to - from }, (_, i) => line(from + i)).join('');
const texts = (unit: string, count: number): readonly string[] => readEntries(folder, unit, count).map(({ text }) => text);

describe('an entry', () => {
  const entry: LogEntry = { timeMs: Date.UTC(2026, 0, 31, 12, 0, 0, 5), identifier: 'web', pid: 7, text: 'a [b]: c' };

  it('is read as it was written', () => {
    expect(parseEntry('2026-01-31T12:00:00.005Z web[7]: a [b]: c')).toEqual(entry);
    expect(parseEntry('2026-01-31T12:00:00.005Z my web[7]: ')).toEqual({ ...entry, identifier: 'my web', text: '' });
    const log = new UnitLog(folder, 'written.service');
    log.write('web', 7, 'a [b]: c');
    log.close();
    expect(readEntries(folder, 'written.service', 1)).toEqual([{ ...entry, timeMs: expect.any(Number) as number }]);
  });

  it.each(['', 'nonsense', '2026-01-31T12:00:00.005Z web: x', '2026-01-31T12:00:00.005Z web[x]: y'])('is none: %j', (text) => {
    expect(parseEntry(text)).toBeUndefined();
  });

  it.each([
    ['cat', /^a \[b\]: c$/],
    ['short', /^(Jan|Feb) \d\d \d\d:00:00 web\[7\]: a \[b\]: c$/],
    ['short-iso', /^2026-01-31T12:00:00\.005Z web\[7\]: a \[b\]: c$/],
    ['json', /^\{"timeMs":1769860800005,"identifier":"web","pid":7,"text":"a \[b\]: c"\}$/],
  ] as const)('is printed as %s', (format, expected) => {
    expect(formatEntry(entry, format)).toMatch(expected);
  });
});

describe('the last entries', () => {
  it('are as many as are asked for, or as there are', () => {
    writeFileSync(logPath(folder, 'a.service'), lines(0, 5));
    expect(texts('a.service', 2)).toEqual(['line 3', 'line 4']);
    expect(texts('a.service', 100)).toHaveLength(5);
    expect(texts('a.service', 0)).toEqual([]);
    expect(texts('none.service', 5)).toEqual([]);
  });

  it('go on in the file before', () => {
    writeFileSync(`${logPath(folder, 'b.service')}.1`, lines(0, 5));
    writeFileSync(logPath(folder, 'b.service'), lines(5, 7));
    expect(texts('b.service', 4)).toEqual(['line 3', 'line 4', 'line 5', 'line 6']);
  });

  it('are found at the end of a large file', () => {
    writeFileSync(logPath(folder, 'c.service'), lines(0, 20_000) + line(1, 'é'.repeat(100_000)));
    expect(texts('c.service', 3).map((text) => text.slice(0, 10))).toEqual(['line 19998', 'line 19999', 'é'.repeat(10)]);
    expect(texts('c.service', 20_001)).toHaveLength(20_001);
  });

  it('are without what is no entry', () => {
    writeFileSync(logPath(folder, 'd.service'), `nonsense\n${line(1)}`);
    expect(texts('d.service', 5)).toEqual(['line 1']);
  });
});
