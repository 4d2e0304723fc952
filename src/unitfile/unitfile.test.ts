import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDiagnostic } from './diagnostic.js';
import { mergeUnitFiles } from './drop-in.js';
import { formatUnitFile } from './format.js';
import { allValues, lastValue } from './lookup.js';
import { parseUnitFile } from './parse.js';
import { dropInFolders, quadletSearchPath, unitSearchPath } from './search-path.js';
import { expandSpecifiers } from './specifier.js';
import { suggest } from './suggest.js';
import { quoteWord, splitWords } from './words.js';

function read(text: string): readonly string[] {
  return parseUnitFile('/x.socket', text).value.lines.flatMap((line) => (line.type === 'assignment' ? [`${line.line} ${line.key}=${line.value}`] : []));
}

function problems(text: string): readonly string[] {
  return parseUnitFile('/x.socket', text).diagnostics.map(formatDiagnostic);
}

describe('reading a unit file', () => {
  it('gives each assignment its line', () => {
    expect(read('# a\n[Socket]\nListenStream = 80 \n\n; b\nAccept=yes\n')).toEqual(['3 ListenStream=80', '6 Accept=yes']);
  });

  it('joins continued lines by a space and leaves comments between them out', () => {
    expect(read('[Service]\nExecStart=/bin/echo a \\\n# not this\n  b \\\n; nor this\nc\nType=exec')).toEqual(['2 ExecStart=/bin/echo a    b  c', '7 Type=exec']);
  });

  it('joins the lines of Quadlet files by nothing, as podman does', () => {
    const joined = (text: string): readonly string[] =>
      parseUnitFile('/x.container', `[Container]\n${text}`, 'podman').value.lines.flatMap((line) => (line.type === 'assignment' ? [`${line.line} ${line.key}=${line.value}`] : []));
    expect(joined('Label="a=b \\\n    c"\nExec=x\\  \n# not this\n\n  y \\\n; nor this\n')).toEqual(['2 Label="a=b c"', '4 Exec=xy']);
    expect(joined('A=1\\\\\n2')).toEqual(['2 A=1\\2']);
    expect(joined('A=1\\\n\\\n2\nB=3 \\')).toEqual(['2 A=12', '5 B=3']);
  });

  it('reads files of other systems: byte order mark and CRLF', () => {
    expect(read('\uFEFF[Socket]\r\nListenStream=80\r\n')).toEqual(['2 ListenStream=80']);
  });

  it('says what is wrong with a line, and goes on', () => {
    expect(problems('Early=1\n[Socket]\nnonsense\n=x\n[broken\nAccept=no')).toEqual([
      "/x.socket:1: Assignment 'Early=' outside of a section, ignoring\n  hint: put a line such as `[Unit]` before it",
      "/x.socket:3: Missing '=' in 'nonsense', ignoring\n  hint: a line is `Key=value`, `[Section]`, or a comment that begins with `#`",
      "/x.socket:4: Missing key before '=', ignoring",
      "/x.socket:5: Invalid section header '[broken', ignoring\n  hint: a section header is `[Name]`",
    ]);
    expect(read('Early=1\n[Socket]\nnonsense\n=x\n[broken\nAccept=no')).toEqual(['6 Accept=no']);
  });

  it('refuses a binary file with one message', () => {
    expect(problems('[Socket]\nA=\0')).toEqual(['/x.socket: Not a text file (it holds a NUL byte), refusing to load']);
  });

  it('gives back what it read, whatever that was', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom('[A]', 'k=v', 'k=v\\', '#c', '\\', '\n', '\r\n', ' ', '=', '"')).map((parts) => parts.join('\n')),
    );
    fc.assert(
      fc.property(text, (input) => {
        for (const joining of ['systemd', 'podman'] as const) if (!input.includes('\0')) expect(formatUnitFile(parseUnitFile('/x', input, joining).value)).toBe(input);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('merging', () => {
  const parse = (path: string, text: string): ReturnType<typeof parseUnitFile>['value'] => parseUnitFile(path, text).value;
  const merged = mergeUnitFiles('x.service', parse('/a', '[Service]\nEnvironment=A=1\nType=simple\n'), [
    parse('/b', '[Service]\nEnvironment=\nEnvironment=B=2\nType=exec\n[Unit]\nAfter=y'),
  ]);

  it('lets the last value win and the empty one reset a list', () => {
    expect(lastValue(merged, 'Service', 'Type')).toEqual({ file: '/b', line: 4, key: 'Type', value: 'exec' });
    expect(allValues(merged, 'Service', 'Environment').map(({ value }) => value)).toEqual(['B=2']);
    expect(merged.dropInPaths).toEqual(['/b']);
  });
});

describe('words', () => {
  it.each([
    ['a b  c', ['a', 'b', 'c']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    ['a"b c"d', ['ab cd']],
    ['""', ['']],
    ['\\x41\\102\\u00e9 \\s', ['ABé', ' ']],
    ['"a\\"b"', ['a"b']],
  ])('splits %j', (text, words) => {
    expect(splitWords(text)).toEqual({ words });
  });

  it('says what is wrong', () => {
    expect(splitWords('"a').error).toBe('a " is not closed');
    expect(splitWords('\\q').error).toBe("'\\q' is not an escape");
    expect(splitWords('\\400').error).toBe("'\\4' is not an escape");
    expect(splitWords('\\q', { relaxed: true }).words).toEqual(['\\q']);
  });

  it('come back from their quoted form', () => {
    const word = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(word, (text) => {
        expect(splitWords(quoteWord(text)).words).toEqual([text]);
      }),
    );
  });
});

describe('names and places', () => {
  it('expands specifiers and keeps those that mean nothing', () => {
    expect(expandSpecifiers('%h/%%a%Z', (letter) => (letter === 'h' ? '/root' : undefined))).toEqual({ value: '/root/%a%Z', unknown: ['Z'] });
  });

  it('finds the drop-in folders of a unit, most specific first', () => {
    expect(dropInFolders('foo-bar-baz@x.service')).toEqual(['foo-bar-baz@x.service.d', 'foo-bar-baz@.service.d', 'foo-bar-.service.d', 'foo-.service.d', 'service.d']);
  });

  it('knows the search paths', () => {
    const user = { mode: 'user', uid: 1000, home: '/home/u', runtimeDir: '/run/user/1000', env: {} } as const;
    expect(unitSearchPath(user)).toContain('/home/u/.config/systemd/user');
    expect(unitSearchPath({ ...user, env: { SYSTEMD_UNIT_PATH: '/a:' } })[0]).toBe('/a');
    expect(quadletSearchPath(user)).toContain('/etc/containers/systemd/users/1000');
    expect(quadletSearchPath({ ...user, mode: 'system' })).toEqual(['/run/containers/systemd', '/etc/containers/systemd', '/usr/share/containers/systemd']);
  });

  it('suggests what is near and nothing else', () => {
    expect(suggest('ListenSteam', ['ListenStream', 'ListenDatagram'])).toBe('ListenStream');
    expect(suggest('strat', ['start', 'stop'])).toBe('start');
    expect(suggest('xyz', ['ListenStream'])).toBeUndefined();
  });
});
