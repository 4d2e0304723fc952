import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteWord } from '../../unitfile/words.js';
import type { Command } from '../config.js';
import { commands, mayFail } from './command.js';

const PLACE = { file: '/x.service', line: 3 };
const LETTERS: Readonly<Record<string, string>> = { p: 'web', n: 'web.service', i: '', h: '/root' };

function read(text: string): ReturnType<typeof commands> {
  return commands(text, (letter) => LETTERS[letter], PLACE);
}

/** The path, then argv, of each command. */
function lines(text: string): readonly (readonly string[])[] {
  const parsed = read(text);
  if (!parsed.ok) throw new Error(parsed.expected);
  return parsed.value.map(({ path, argv }) => [path, ...argv]);
}

// Each as systemd 257 splits it.
const SPLIT: readonly (readonly [text: string, lines: readonly (readonly string[])[]])[] = [
  ['/bin/a', [['/bin/a', '/bin/a']]],
  ['sh -c y', [['sh', 'sh', '-c', 'y']]],
  ['/bin//sh x', [['/bin/sh', '/bin//sh', 'x']]],
  ['/bin/a "b c" \'d e\' f"g h"i', [['/bin/a', '/bin/a', 'b c', 'd e', 'fg hi']]],
  [`/bin/x 'it'"'"'s' "" "\\"q\\"" 'a\\x41'`, [['/bin/x', '/bin/x', "it's", '', '"q"', 'aA']]],
  ['"/bin/my prog" \\x41', [['/bin/my prog', '/bin/my prog', 'A']]],
  ['/bin/a \\q', [['/bin/a', '/bin/a', '\\q']]],
  [
    '/bin/a ; /bin/b c',
    [
      ['/bin/a', '/bin/a'],
      ['/bin/b', '/bin/b', 'c'],
    ],
  ],
  [
    '/bin/a ; ; /bin/b',
    [
      ['/bin/a', '/bin/a'],
      ['/bin/b', '/bin/b'],
    ],
  ],
  [`/bin/a ';' \\; ";" x; ;/bin/b`, [['/bin/a', '/bin/a', ';', ';', ';', 'x;', ';/bin/b']]],
  ["/bin/%p %i %n %% '%p' $$A ${B}", [['/bin/web', '/bin/web', '', 'web.service', '%', 'web', '$$A', '${B}']]],
  ['%%x', [['%x', '%x']]],
  ['@/bin/sh -c x', [['/bin/sh', '-c', 'x']]],
];

const NONE: Omit<Command, 'path' | 'argv' | 'place'> = { ignoreFailure: false, noEnvironmentExpansion: false, fullPrivileges: false, noSetuid: false };
const PREFIXES: readonly (readonly [text: string, flags: Partial<Command>])[] = [
  ['/bin/a', {}],
  ['-/bin/a', { ignoreFailure: true }],
  [':/bin/a', { noEnvironmentExpansion: true }],
  ['+/bin/a', { fullPrivileges: true }],
  ['!/bin/a', { noSetuid: true }],
  ['!!/bin/a', { noSetuid: true }],
  ['-:+/bin/a', { ignoreFailure: true, noEnvironmentExpansion: true, fullPrivileges: true }],
];

describe('a command line', () => {
  it.each(SPLIT.filter(([text]) => !text.startsWith('|')))('%s is split as systemd splits it', (text, expected) => {
    expect(lines(text)).toEqual(expected);
  });

  it.each(PREFIXES)('%s has the flags of its prefix', (text, flags) => {
    expect(read(text)).toEqual({ ok: true, value: [{ ...NONE, path: '/bin/a', argv: ['/bin/a'], place: PLACE, ...flags }] });
    expect(mayFail(text)).toBe(flags.ignoreFailure === true);
  });

  it('with | is run by a shell', () => {
    expect(lines('|echo $HOME')).toEqual([['/bin/sh', 'sh', '-c', 'echo $HOME']]);
  });

  it('may be empty', () => {
    expect(lines('')).toEqual([]);
    expect(lines(' ; ')).toEqual([]);
  });

  it.each([
    ['relative/x', 'an absolute path of a program, or its name in PATH'],
    ['/bin/', 'an absolute path of a program, or its name in PATH'],
    ['/bin/a ; relative/x', 'an absolute path of a program, or its name in PATH'],
    ['-', 'a program after the prefix'],
    ['- /bin/true', 'a program after the prefix'],
    ['@/bin/sh', 'argv[0] after the program, because of the @'],
    ['"unclosed', 'a command line: a " is not closed'],
    ["/bin/a 'unclosed", "a command line: a ' is not closed"],
  ])('%s is refused', (text, expected) => {
    expect(read(text)).toEqual({ ok: false, expected });
  });

  it('gives any word back that was quoted', () => {
    const word = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(lines(['/bin/a', ...words.map((one) => quoteWord(one).replaceAll('%', '%%'))].join(' '))).toEqual([['/bin/a', '/bin/a', ...words]]);
      }),
    );
  });
});
