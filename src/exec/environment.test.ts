import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { service } from '../unit/testing/load-text.js';
import { buildEnvironment, DEFAULT_PATH, EnvironmentFileError, managerEnvironment, parseEnvironmentFile, type EnvironmentSources } from './environment.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-environment-'));
afterAll(() => rmSync(folder, { recursive: true }));

// Each as systemd 257 reads it.
const FILE: readonly (readonly [title: string, text: string, value: string | undefined])[] = [
  ['a plain value', 'X=plain', 'plain'],
  ['white space around it', 'X =  lead and trail  ', 'lead and trail'],
  ['white space before the name', '  X=1', '1'],
  ['double quotes', 'X="double  quoted " ', 'double  quoted '],
  ['single quotes', "X='single  $x \\n ' ", 'single  $x \\n '],
  ['a line that goes on', 'X=con\\\ntinued', 'continued'],
  ['a line that goes on in quotes', 'X="con\\\ntinued"', 'continued'],
  ['a line end in double quotes', 'X="line\ntwo"', 'line\ntwo'],
  ['a line end in single quotes', "X='line\ntwo'", 'line\ntwo'],
  ['escapes', 'X=a\\ b\\\\c\\"d\\t', 'a b\\c"dt'],
  ['an escaped blank at the end', 'X=a\\ ', 'a '],
  ['escapes in double quotes', 'X="a\\"b\\\\c\\$d\\`e\\nf"', 'a"b\\c$d`e\\nf'],
  ['pieces', `X='a'"b"c`, 'abc'],
  ['white space between pieces', 'X="q" tail end', 'qtail end'],
  ['quotes in the middle', 'X=a"b"', 'a"b"'],
  ['what looks like a comment behind it', 'X=x # not comment', 'x # not comment'],
  ['no value', 'X=', ''],
  ['an empty value', 'X=""', ''],
  ['an open quote, which ends with the file', 'X="open\nY=1\n', 'open\nY=1\n'],
  ['other characters', 'X=é', 'é'],
  ['Windows line ends', 'X=1\r\nY=2\r\n', '1'],
  ['the last of several', 'X=1\nX=2', '2'],
  ['none after a comment', '# X=1\n; X=2', undefined],
  ['none after a comment that goes on', '# a \\\nX=1', undefined],
  ['none after export', 'export X=1', undefined],
  ['none without a name', '=1\nX', undefined],
];

describe('an environment file', () => {
  it.each(FILE)('has %s', (_, text, value) => {
    expect(new Map(parseEnvironmentFile(text)).get('X')).toBe(value);
  });

  it('goes on after a line that says nothing', () => {
    expect(parseEnvironmentFile('A-B=1\nnonsense\n\n=x\nC=3\n')).toEqual([['C', '3']]);
  });

  it('never throws, and names are names', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom('A', '=', '"', "'", '\\', '\n', ' ', '#')).map((parts) => parts.join('')),
    );
    fc.assert(fc.property(text, (written) => parseEnvironmentFile(written).every(([name]) => /^[A-Za-z_]\w*$/.test(name))));
  });
});

describe('the environment of a process', () => {
  const sources: EnvironmentSources = {
    manager: new Map([
      ['PATH', '/bin'],
      ['LANG', 'C'],
      ['A', 'manager'],
    ]),
    own: { PASSED: 'own', A: 'own', HIDDEN: 'own' },
    user: undefined,
    directories: new Map([['STATE_DIRECTORY', '/var/lib/x']]),
    process: new Map([
      ['LISTEN_FDS', '1'],
      ['INVOCATION_ID', 'abc'],
    ]),
  };
  const build = (lines: string, more: Partial<EnvironmentSources> = {}): Readonly<Record<string, string>> =>
    Object.fromEntries(buildEnvironment(service(lines).exec, { ...sources, ...more }));
  const BASE = { PATH: '/bin', LANG: 'C', A: 'manager', STATE_DIRECTORY: '/var/lib/x', LISTEN_FDS: '1', INVOCATION_ID: 'abc' };

  it('is that of the manager, with what the process is told', () => {
    expect(build('')).toEqual(BASE);
  });

  it('names the user, where there is one', () => {
    expect(build('', { user: { name: 'ann', home: '/home/ann', shell: '/bin/zsh' } })).toEqual({ ...BASE, USER: 'ann', LOGNAME: 'ann', HOME: '/home/ann', SHELL: '/bin/zsh' });
  });

  it('has the last word of PassEnvironment=, Environment= and EnvironmentFile=, in this order', () => {
    const file = join(folder, 'a.env');
    writeFileSync(file, 'A=file\n');
    expect(build('PassEnvironment=A PASSED NONE')).toEqual({ ...BASE, A: 'own', PASSED: 'own' });
    expect(build('PassEnvironment=A\nEnvironment=A=unit A=later')['A']).toBe('later');
    expect(build(`EnvironmentFile=${file}\nEnvironment=A=unit`)['A']).toBe('file');
  });

  it('may replace what the manager sets', () => {
    expect(build('Environment=LISTEN_FDS=7')['LISTEN_FDS']).toBe('7');
  });

  it('is without what UnsetEnvironment= names, whoever set it', () => {
    const { LANG, INVOCATION_ID, ...rest } = BASE;
    expect(build('UnsetEnvironment=LANG INVOCATION_ID A=other PATH=/other')).toEqual(rest);
    expect(build('Environment=X=1\nUnsetEnvironment=X=1')['X']).toBeUndefined();
    expect([LANG, INVOCATION_ID]).toEqual(['C', 'abc']);
  });

  it('needs its files, unless they are optional', () => {
    expect(() => build('EnvironmentFile=/nowhere/x.env')).toThrow(new EnvironmentFileError("Failed to read EnvironmentFile= '/nowhere/x.env': ENOENT"));
    expect(build('EnvironmentFile=-/nowhere/x.env')).toEqual(BASE);
  });
});

describe('what the manager hands on of its own', () => {
  const own = {
    PATH: '/x',
    LANG: 'C',
    LC_ALL: 'C',
    TZ: 'UTC',
    HOME: '/root',
    SECRET: '1',
    LISTEN_FDS: '1',
    NOTIFY_SOCKET: '/x',
    NODE_OPTIONS: '-x',
    ROUSE_LOG_LEVEL: 'debug',
    PWD: '/',
    _: 'x',
  };

  it('is little for the system, and nearly all for a user', () => {
    expect(Object.fromEntries(managerEnvironment('system', own))).toEqual({ PATH: '/x', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' });
    expect(Object.fromEntries(managerEnvironment('user', own))).toEqual({ PATH: '/x', LANG: 'C', LC_ALL: 'C', TZ: 'UTC', HOME: '/root', SECRET: '1' });
  });

  it('has a PATH in any case', () => {
    expect(Object.fromEntries(managerEnvironment('system', {}))).toEqual({ PATH: DEFAULT_PATH });
  });
});
