import { describe, expect, it } from 'vitest';
import { formatTable, makeStyle, wantsColour, widthOf } from './io.js';

describe('colour', () => {
  it.each<[env: NodeJS.ProcessEnv, terminal: boolean, wanted: boolean]>([
    [{}, true, true],
    [{}, false, false],
    [{ TERM: 'dumb' }, true, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, false, false],
    [{ SYSTEMD_COLORS: '0' }, true, false],
    [{ SYSTEMD_COLORS: 'false' }, true, false],
    [{ SYSTEMD_COLORS: '1' }, true, true],
  ])('with %j on a terminal (%s): %s', (env, terminal, wanted) => {
    expect(wantsColour(env, terminal)).toBe(wanted);
  });

  it('is around the text, and nowhere where there is none', () => {
    expect(makeStyle(true).red('x')).toBe('\u001b[31;1mx\u001b[0m');
    expect(makeStyle(true).red('')).toBe('');
    expect(makeStyle(false).red('x')).toBe('x');
  });

  it('has no width', () => {
    expect(widthOf(makeStyle(true).green('active'))).toBe(6);
  });
});

describe('a table', () => {
  const plain = makeStyle(false);

  it('has columns as wide as what is in them, and no blanks at the end of a line', () => {
    expect(
      formatTable(
        ['UNIT', 'LOAD', 'DESCRIPTION'],
        [
          ['web.service', 'loaded', 'Web'],
          ['a', '', ''],
        ],
        plain,
      ),
    ).toBe('UNIT        LOAD   DESCRIPTION\nweb.service loaded Web\na\n');
  });

  it('counts what is seen, not the colours', () => {
    const style = makeStyle(true);
    const [, first, second] = formatTable(
      ['A', 'B'],
      [
        [style.green('xx'), 'y'],
        ['x', 'y'],
      ],
      style,
    ).split('\n');
    expect([first, second]).toEqual([`${style.green('xx')} y`, 'x  y']);
  });

  it('is cut in its last column where the terminal ends, and nowhere without one', () => {
    const rows = [['web.service', 'a long description']];
    expect(formatTable(['UNIT', 'DESCRIPTION'], rows, plain, { columns: 20 })).toBe('UNIT        DESCRIP…\nweb.service a long …\n');
    expect(formatTable(['UNIT', 'DESCRIPTION'], rows, plain)).toContain('a long description\n');
  });

  it('for scripts is its rows alone', () => {
    expect(formatTable(['A', 'B'], [['x', 'y']], plain, { legend: false })).toBe('x y\n');
    expect(formatTable(['A', 'B'], [], plain, { legend: false })).toBe('');
  });

  it('without rows is its header', () => {
    expect(formatTable(['A', 'B'], [], plain)).toBe('A B\n');
  });
});
