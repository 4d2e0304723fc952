import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { quadletKeys } from '../quadlet/convert.js';
import { convert } from '../quadlet/testing/quadlets.js';
import type { KeyRow } from '../unit/key-table.js';
import { COMMON_DEFAULTS, EXEC_DEFAULTS, INSTALL_DEFAULTS, KILL_DEFAULTS, SERVICE_DEFAULTS, SOCKET_DEFAULTS } from '../unit/defaults.js';
import { SERVICE_KEYS } from '../unit/service-keys.js';
import { SOCKET_KEYS } from '../unit/socket-keys.js';
import { INSTALL_KEYS, UNIT_KEYS } from '../unit/unit-keys.js';
import { CHECKS, READER_CODES } from './checks.js';
import { isList } from './key-tables.js';

/** Values that tell two of a key apart, for keys that do not take just anything. */
const VALUES = ['a', 'b'];

function words(file: Readonly<Record<string, string>>, name: string): string {
  return (
    convert(file)
      .all.find(({ source }) => source.name === name)
      ?.service?.sections.flatMap(({ name: section, assignments }) => (section.startsWith('X-') ? [] : assignments.map(({ value }) => value)))
      .join('\n') ?? ''
  );
}

const BASES: Readonly<Record<string, string>> = {
  container: '[Container]\nImage=q.io/x\n',
  pod: '[Pod]\n',
  kube: '[Kube]\nYaml=/x.yml\n',
  volume: '[Volume]\nDevice=/dev/x\n',
  network: '[Network]\n',
  image: '[Image]\nImage=q.io/x\n',
  build: '[Build]\nImageTag=localhost/x\nFile=/Containerfile\n',
  artifact: '[Artifact]\nArtifact=q.io/x\n',
};

describe('keys that make lists', () => {
  test.each(Object.entries(BASES))('of .%s files are those of which the generator uses both values', (type, base) => {
    const section = `${type.charAt(0).toUpperCase()}${type.slice(1)}`;
    const wrong = [...(quadletKeys(type, section) ?? [])].filter((key) => {
      const both = words({ [`x.${type}`]: `${base}${VALUES.map((value) => `${key}=zz${value}zz\n`).join('')}` }, `x.${type}`);
      const used = VALUES.map((value) => both.toLowerCase().includes(`zz${value}zz`));
      // What converts to nothing, or to neither value, says nothing here.
      return used[1] === true && used[0] !== isList(section, key);
    });
    expect(wrong).toEqual([]);
  });

  const probe = (row: KeyRow, defaults: object): boolean => {
    const draft: Record<string, unknown> = { ...defaults };
    row.read(draft, '', { specifiers: () => undefined, place: { file: '', line: 1 }, skip: () => undefined });
    return Object.values({ ...draft }).some((value, i) => Array.isArray(value) && Object.values(defaults)[i] !== value);
  };

  test.each([
    ['Unit', UNIT_KEYS, COMMON_DEFAULTS],
    ['Install', INSTALL_KEYS, INSTALL_DEFAULTS],
    ['Service', SERVICE_KEYS, { ...EXEC_DEFAULTS, ...KILL_DEFAULTS, ...SERVICE_DEFAULTS }],
    ['Socket', SOCKET_KEYS, { ...EXEC_DEFAULTS, ...KILL_DEFAULTS, ...SOCKET_DEFAULTS }],
  ] as const)('of [%s] are those that an empty value empties', (section, table, defaults) => {
    const lists = [...table.values()].filter((row) => row.without === undefined && probe(row, defaults)).map(({ key }) => key);
    expect(lists.filter((key) => !isList(section, key))).toEqual([]);
    expect(lists.length).toBeGreaterThan(2);
  });
});

test('every check and every code of the readers has a sentence', () => {
  for (const { code, summary } of CHECKS) expect([code, summary]).toEqual([expect.stringMatching(/^[a-z-]+$/), expect.stringMatching(/^.{10,}\.$/)]);
  for (const summary of Object.values(READER_CODES)) expect(summary).toMatch(/\.$/);
});

test('every code is in the manual', () => {
  const manual = readFileSync(join(import.meta.dirname, '../../docs/verify.md'), 'utf8');
  const documented = [...manual.matchAll(/^\| `([a-z][a-z-]+)` \|/gm)].map(([, code]) => code);
  expect(documented).toEqual([...new Set(CHECKS.map(({ code }) => code)), ...Object.keys(READER_CODES)]);
});
