import { describe, expect, it } from 'vitest';
import { splitRunOptions } from './podman-options.js';

const ROWS: readonly (readonly [what: string, words: string, options: readonly string[], rest: string])[] = [
  ['an image alone', 'nginx', [], 'nginx'],
  ['options with a word after them, and with one joined on', '--name web --network=none nginx -g x', ['name web', 'network none'], 'nginx -g x'],
  ['flags', '--rm --replace -d nginx', ['rm', 'replace', 'd'], 'nginx'],
  ['flags that are switched off', '--read-only=false nginx', ['read-only false'], 'nginx'],
  ['one letter with its word', '-p 8080:80 -v /a:/b nginx', ['p 8080:80', 'v /a:/b'], 'nginx'],
  ['one letter with its word joined on', '-p8080:80 -eX=1 nginx', ['p 8080:80', 'e X=1'], 'nginx'],
  ['letters together', '-itv /a:/b nginx', ['i', 't', 'v /a:/b'], 'nginx'],
  ['what looks like an option is the program’s behind the image', 'nginx --privileged -d', [], 'nginx --privileged -d'],
  ['a root file system instead of an image', '--rootfs /srv/root sh', ['rootfs'], '/srv/root sh'],
];

describe('the words of podman run', () => {
  it.each(ROWS)('%s', (_, words, options, rest) => {
    const split = splitRunOptions(words.split(' '));
    expect(split.options.map(({ name, value }) => (value === undefined ? name : `${name} ${value}`))).toEqual(options);
    expect(split.rest.join(' ')).toBe(rest);
    expect(split.dashes).toBe(false);
    expect([...split.options.flatMap((option) => option.words), ...split.rest].length).toBeGreaterThan(0);
  });

  it('end at --, which stands for something else than an image', () => {
    expect(splitRunOptions(['-p', '3000', '--', 'node', '--watch'])).toEqual({
      options: [{ name: 'p', value: '3000', words: ['-p', '3000'] }],
      rest: ['node', '--watch'],
      dashes: true,
    });
  });

  it('know of flags that podman does not have', () => {
    expect(splitRunOptions(['--save', 'nginx'], new Set(['save'])).rest).toEqual(['nginx']);
    expect(splitRunOptions(['--save', 'nginx']).rest).toEqual([]);
  });
});
