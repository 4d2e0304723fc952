import { describe, expect, it } from 'vitest';
import { expandSpecifiers } from '../unitfile/specifier.js';
import { specifierTable } from './specifiers.js';
import { FACTS } from './testing/load-text.js';

function expand(text: string, name: string, mode: 'system' | 'user' = 'system'): string {
  const facts =
    mode === 'system'
      ? FACTS
      : {
          ...FACTS,
          mode,
          uid: 1000,
          gid: 1000,
          userName: 'ann',
          home: '/home/ann',
          runtimeDir: '/run/user/1000',
          configHome: '/c',
          dataHome: '/d',
          stateHome: '/s',
          cacheHome: '/k',
        };
  return expandSpecifiers(text, specifierTable(name, facts, `/etc/systemd/system/${name}`)).value;
}

const INSTANCE = 'a-b\\x2dc@foo-bar\\x2Dbaz.service';

// The first four columns as systemd 257 prints them for units of these names.
const TABLE: readonly (readonly [letter: string, instance: string, plain: string, user?: string])[] = [
  ['n', INSTANCE, 'plain.service'],
  ['N', 'a-b\\x2dc@foo-bar\\x2Dbaz', 'plain'],
  ['p', 'a-b\\x2dc', 'plain'],
  ['P', 'a/b-c', 'plain'],
  ['i', 'foo-bar\\x2Dbaz', ''],
  ['I', 'foo/bar-baz', ''],
  ['j', 'b\\x2dc', 'plain'],
  ['J', 'b-c', 'plain'],
  ['f', '/foo/bar-baz', '/plain'],
  ['y', `/etc/systemd/system/${INSTANCE}`, '/etc/systemd/system/plain.service'],
  ['Y', '/etc/systemd/system', '/etc/systemd/system'],
  ['t', '/run', '/run', '/run/user/1000'],
  ['S', '/var/lib', '/var/lib', '/s'],
  ['C', '/var/cache', '/var/cache', '/k'],
  ['L', '/var/log', '/var/log', '/s/log'],
  ['E', '/etc', '/etc', '/c'],
  ['D', '/usr/share', '/usr/share', '/d'],
  ['d', `/run/credentials/${INSTANCE}`, '/run/credentials/plain.service', '/run/user/1000/credentials/plain.service'],
  ['h', '/root', '/root', '/home/ann'],
  ['u', 'root', 'root', 'ann'],
  ['U', '0', '0', '1000'],
  ['g', 'wheel', 'wheel'],
  ['G', '0', '0', '1000'],
  ['s', '/bin/sh', '/bin/sh'],
  ['H', 'box.example.org', 'box.example.org'],
  ['l', 'box', 'box'],
  ['q', 'The Box', 'The Box'],
  ['m', FACTS.machineId, FACTS.machineId],
  ['b', FACTS.bootId, FACTS.bootId],
  ['v', '6.1.0', '6.1.0'],
  ['a', 'x86-64', 'x86-64'],
  ['o', 'alpine', 'alpine'],
  ['w', '3.22', '3.22'],
  ['W', 'edge', 'edge'],
  ['B', '42', '42'],
  ['M', 'cloud', 'cloud'],
  ['A', '7', '7'],
  ['T', '/tmp', '/tmp'],
  ['V', '/var/tmp', '/var/tmp'],
];

describe('a specifier', () => {
  it.each(TABLE)('%%%s stands for what it stands for in systemd', (letter, instance, plain, user = plain) => {
    expect(expand(`%${letter}`, INSTANCE)).toBe(instance);
    expect(expand(`%${letter}`, 'plain.service')).toBe(plain);
    expect(expand(`%${letter}`, 'plain.service', 'user')).toBe(user);
  });

  it('%% is a plain one, and others are kept', () => {
    expect(expand('100%% %%n %X %', 'plain.service')).toBe('100% %n %X %');
  });

  it('%f of the instance for / is /', () => {
    expect(expand('%f', 'mnt@-.service')).toBe('/');
  });
});
