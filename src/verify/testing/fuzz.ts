/**
 * For tests: random and mutated sets of files from a number, and what must hold for each of them, however broken it is. The same
 * number makes the same files everywhere, so what fails can be told by its number.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { convertQuadlets, quadletKeys, QUADLET_TYPES } from '../../quadlet/convert.js';
import { kindOf } from '../../quadlet/kinds.js';
import { loadUnit } from '../../unit/load.js';
import { SERVICE_KEYS } from '../../unit/service-keys.js';
import { SOCKET_KEYS } from '../../unit/socket-keys.js';
import type { SpecifierFacts } from '../../unit/specifiers.js';
import { INSTALL_KEYS, UNIT_KEYS } from '../../unit/unit-keys.js';
import type { Diagnostic } from '../../unitfile/diagnostic.js';
import { mergeUnitFiles } from '../../unitfile/drop-in.js';
import { formatContents, formatUnitFile } from '../../unitfile/format.js';
import { parseUnitFile } from '../../unitfile/parse.js';
import type { UnitContents, UnitFile } from '../../unitfile/unit-file.js';
import { CHECKS, READER_CODES } from '../checks.js';
import { verifyFolder, type Texts } from './verify-texts.js';

export type Random = () => number;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[below(random, list.length)] as T;
}

const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  Unit: [...UNIT_KEYS.keys()],
  Install: [...INSTALL_KEYS.keys()],
  Service: [...SERVICE_KEYS.keys()],
  Socket: [...SOCKET_KEYS.keys()],
};
const BASES = ['web', 'data', 'a-b-c', 'x@', 'x@one', 'x@%i', '%n', 'net', 'é', 'a.b', '-', '@', ''];
const TYPES = [...QUADLET_TYPES, 'socket', 'service', 'target'];
const NASTY = [
  '',
  ' ',
  '\\',
  '\\\n',
  '\n',
  '\r\n',
  '\r',
  '\t',
  '"',
  "'",
  '""',
  '"\\',
  "\\'",
  '%',
  '%%',
  '%i',
  '%Z',
  '%',
  '$',
  '${A}',
  '$$',
  ';',
  ' ; ',
  '\\;',
  '#',
  ' # x',
  '=',
  '==',
  '[',
  ']',
  '[]',
  '[Unit]',
  ':',
  '::',
  ',',
  ',,',
  '/',
  '//',
  '/../..',
  '-',
  '--',
  '+',
  '!',
  '!!',
  '@',
  '|',
  '~',
  '.',
  '..',
  '*',
  '?',
  '0',
  '-1',
  '99999999999999999999',
  '1e9',
  '0x10',
  '0777',
  'infinity',
  'yes',
  'no',
  'maybe',
  '\u00A0',
  '\uFEFF',
  '\u2028',
  '\uD800',
  '😀',
  'é',
  '\\x41',
  '\\x',
  '\\u12',
  '\\777',
  '\\0',
  '\x07',
  '\x7f',
  'web.service',
  'web.socket',
  'web.container',
  'data.volume',
  'data.volume:/data',
  'net.network',
  'x@.service',
  'x@one.service',
  'web.pod',
  'a.image',
  'a.build',
  'default.target',
  '127.0.0.1:80',
  '[::1]:80',
  '8080:80',
  '70000',
  'vsock::1',
  '/run/x',
  '@abs',
  '1s',
  '5min 20s',
  'type=bind,source=/x,target=/y',
  'type="bind',
  'A=b',
  '"A=b c"',
  'keep-id:uid=1',
  '10.0.0.0/24',
  '::/0',
  'registry',
  'healthy',
  'none',
  'host',
  'on-failure',
  'oneshot',
  'notify',
  'simple',
  'sh -c "x && y"',
  '/bin/sh',
  '-/bin/false',
  'quay.io/x/y:1',
  'nginx',
] as const;

/** Now and then one that is long enough to show what takes more than its length. */
function value(random: Random): string {
  if (random() < 0.003) return `${pick(random, NASTY)}${pick(random, NASTY).repeat(20_000)}${pick(random, NASTY)}`;
  return Array.from({ length: below(random, 4) }, () => pick(random, NASTY)).join(random() < 0.5 ? '' : ' ');
}

/** A key as it is, or with a slip in it. */
function key(random: Random, keys: readonly string[]): string {
  const name = pick(random, keys) ?? 'Key';
  if (random() < 0.9) return name;
  const at = below(random, name.length);
  return name.slice(0, at) + pick(random, NASTY).replace(/\n/g, '') + name.slice(at + below(random, 2));
}

function section(random: Random, type: string): string {
  const own = type.charAt(0).toUpperCase() + type.slice(1);
  const name = pick(random, [own, own, own, 'Unit', 'Service', 'Install', 'Socket', 'Quadlet', 'X-Mine', 'Contaner', '']);
  const known = quadletKeys(type, name);
  const keys = (known === undefined ? undefined : [...known]) ?? SECTIONS[name] ?? [...UNIT_KEYS.keys()];
  const lines = Array.from({ length: below(random, 8) }, () => `${key(random, keys)}${pick(random, ['=', '=', '=', ' = ', '= ', ''])}${value(random)}`);
  return `[${name}]\n${lines.join(pick(random, ['\n', '\n', '\r\n', '\n\n', '\n# c\n', '\\\n']))}\n`;
}

function mutate(random: Random, text: string): string {
  let changed = text;
  for (let i = below(random, 6); i >= 0; i--) {
    const at = below(random, changed.length + 1);
    const lines = changed.split('\n');
    const line = below(random, lines.length);
    switch (below(random, 6)) {
      case 0:
        changed = changed.slice(0, at) + pick(random, NASTY) + changed.slice(at);
        break;
      case 1:
        changed = changed.slice(0, at) + changed.slice(at + below(random, 5));
        break;
      case 2:
        changed = lines.toSpliced(line, 1).join('\n');
        break;
      case 3:
        changed = lines.toSpliced(line, 0, pick(random, lines)).join('\n');
        break;
      case 4:
        changed = lines.toSpliced(line, 1, (lines[line] ?? '').replace(/=.*/s, `=${value(random)}`)).join('\n');
        break;
      default:
        changed = changed.slice(0, at) + changed.slice(at, at + 40).repeat(below(random, 3)) + changed.slice(at);
    }
  }
  return changed;
}

/** Up to six files by name, among them drop-ins. `seeds` are texts to mutate. */
export function randomFiles(seed: number, seeds: readonly (readonly [name: string, text: string])[]): Texts {
  const random = randomFrom(seed);
  const files: Record<string, string> = {};
  for (let i = 1 + below(random, 6); i > 0; i--) {
    const [name, text] = seeds.length > 0 && random() < 0.5 ? pick(random, seeds) : [`${pick(random, BASES)}.${pick(random, TYPES)}`, ''];
    const type = name.slice(name.lastIndexOf('.') + 1);
    const made = text === '' ? Array.from({ length: 1 + below(random, 4) }, () => section(random, type)).join('') : text;
    const path = random() < 0.15 ? `${name}.d/${below(random, 3)}.conf` : name;
    if (!path.startsWith('.')) files[path] = random() < 0.7 ? mutate(random, made) : made;
  }
  return files;
}

export const FACTS: SpecifierFacts = {
  mode: 'user',
  uid: 1000,
  gid: 1000,
  userName: 'somebody',
  groupName: 'somebody',
  home: '/home/somebody',
  shell: '/bin/sh',
  runtimeDir: '/run/user/1000',
  configHome: '/home/somebody/.config',
  dataHome: '/home/somebody/.local/share',
  stateHome: '/home/somebody/.local/state',
  cacheHome: '/home/somebody/.cache',
  hostName: 'host',
  machineId: '0',
  bootId: '0',
  kernelRelease: '1',
  architecture: 'x86-64',
  osRelease: {},
  tmpDir: '/tmp',
  varTmpDir: '/var/tmp',
};

const DROP_IN = /^([^/]+)\.d\/[^/]+$/;

/** Throws where anything does not hold. */
export function checkFiles(files: Texts): void {
  const contents = merged(files);
  for (const each of contents) checkDiagnostics(loadUnit(each, { facts: FACTS }).diagnostics, files, '/');
  const quadlets = contents.filter(({ name, fragmentPath }) => fragmentPath !== '' && kindOf(name) !== undefined);
  for (const { service, diagnostics } of convertQuadlets(quadlets, { mode: 'user', uid: 1000, podman: '/usr/bin/podman' })) {
    checkDiagnostics(diagnostics, files, '/');
    if (service === undefined) continue;
    checkGenerated(service);
    checkDiagnostics(loadUnit(service, { facts: FACTS }).diagnostics, files, '/');
  }
  checkVerify(files);
}

/** Each file with its drop-ins, and drop-ins that have no file. */
function merged(files: Texts): readonly UnitContents[] {
  const parsed = new Map(Object.entries(files).map(([path, text]) => [path, parseChecked(path, text)]));
  const dropIns = (name: string): readonly UnitFile[] => [...parsed].flatMap(([path, file]) => (DROP_IN.exec(path)?.[1] === name ? [file] : []));
  const names = new Set([...parsed.keys()].map((path) => DROP_IN.exec(path)?.[1] ?? path));
  return [...names].map((name) => mergeUnitFiles(name, parsed.get(name), dropIns(name)));
}

function parseChecked(path: string, text: string): UnitFile {
  const [ours, podmans] = (['systemd', 'podman'] as const).map((joining) => {
    const { value, diagnostics } = parseUnitFile(`/${path}`, text, joining);
    checkDiagnostics(diagnostics, { [path]: text }, '/');
    if (!text.includes('\0') && formatUnitFile(value) !== text) throw new Error('what was parsed does not print as it was');
    return value;
  });
  return (kindOf(DROP_IN.exec(path)?.[1] ?? path) === undefined ? ours : podmans) as UnitFile;
}

/** A generated service reads as it was meant, but for white space around values, which files do not have. */
function checkGenerated(service: UnitContents): void {
  const text = formatContents(service);
  const read = mergeUnitFiles(service.name, parseUnitFile('/x.service', text).value, []);
  const flat = ({ sections }: UnitContents): string =>
    JSON.stringify(sections.flatMap(({ name, assignments }) => assignments.map(({ key, value: each }) => `[${name}] ${key}=${each.trim()}`)).sort());
  if (flat(read) !== flat(service)) throw new Error(`a generated service reads otherwise: ${text}`);
}

function checkDiagnostics(diagnostics: readonly Diagnostic[], files: Texts, root: string): void {
  const names = new Set(diagnostics.map(({ file }) => file));
  const ends = new Map([...names].map((file) => [file, files[file.slice(root.length)]?.split('\n').length]));
  for (const { file, line, message, column, code } of diagnostics) {
    const end = ends.get(file);
    const problem =
      end === undefined
        ? 'a file that there is not'
        : !Number.isInteger(line) || line < 0 || line > end
          ? 'a line that there is not'
          : (column ?? 1) < 1
            ? 'a column that there is not'
            : message === '' || code === ''
              ? 'nothing'
              : undefined;
    if (problem !== undefined) throw new Error(`a diagnostic names ${problem}: ${JSON.stringify({ file, line, column, code, message })}`);
  }
}

const CODES = new Set([...CHECKS.map(({ code }) => code), ...Object.keys(READER_CODES)]);

function checkVerify(files: Texts): void {
  const root = mkdtempSync(join(tmpdir(), 'rouse-fuzz-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    const found = verifyFolder(root, Object.keys(files), { mode: 'user' });
    // What was written is what was read: a lone surrogate has no form in a file.
    checkDiagnostics(found, Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString()])), `${root}/`);
    const unknown = found.find(({ code }) => !CODES.has(code));
    if (unknown !== undefined) throw new Error(`a code without a sentence: ${unknown.code}`);
  } finally {
    rmSync(root, { recursive: true });
  }
}
