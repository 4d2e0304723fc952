/** Paths, volumes, mounts and secrets: what is not there, and what podman does not take. */
import { posix } from 'node:path';
import { kindOf } from '../quadlet/kinds.js';
import { isUrl } from '../quadlet/paths.js';
import { splitWords } from '../unitfile/words.js';
import { refused } from './quadlet-value-checks.js';
import { ownSection, type Finding, type Subject, type World } from './subject.js';
import { expand, linesOf, valuesOf, type Line } from './text.js';

/** Keys of Quadlet files that name files or folders of the host, and which part of the value does. */
const PATHS: readonly (readonly [type: string, keys: string, part: (value: string) => readonly string[]])[] = [
  ['container', 'Volume', (value) => bindSource(value)],
  ['pod', 'Volume', (value) => bindSource(value)],
  ['build', 'Volume', (value) => bindSource(value)],
  ['container', 'Mount', (value) => mountSource(value)],
  ['container', 'EnvironmentFile', words],
  [
    'container',
    'AddDevice',
    (value) =>
      words(value)
        .filter((word) => word.startsWith('/'))
        .map((word) => word.split(':', 1)[0] ?? ''),
  ],
  ['container', 'SeccompProfile', (value) => (value === 'unconfined' ? [] : [value])],
  ['container', 'Rootfs', (value) => [value.replace(/:(O|idmap.*)$/, '')]],
  ['kube', 'Yaml', words],
  ['kube', 'ConfigMap', words],
  ['build', 'File', (value) => (isUrl(value) ? [] : [value])],
  ['build', 'IgnoreFile', (value) => [value]],
  ['build', 'AuthFile', (value) => [value]],
  ['image', 'AuthFile', (value) => [value]],
  ['artifact', 'AuthFile', (value) => [value]],
];

function words(value: string): readonly string[] {
  return splitWords(value, { relaxed: true }).words;
}

/** The first part of SOURCE:TARGET, where it is a path and not a name. */
function bindSource(value: string): readonly string[] {
  const [source = '', target] = value.split(':');
  return target !== undefined && /^[./%]/.test(source) ? [source] : [];
}

function mountSource(value: string): readonly string[] {
  const fields = value.split(',');
  const source = fields.find((field) => /^(source|src)=[./%]/.test(field))?.replace(/^(source|src)=/, '');
  return source !== undefined && fields.includes('type=bind') ? [source] : [];
}

export function* missingPath(subject: Subject, world: World): Iterable<Finding> {
  if (!subject.isQuadlet) return;
  for (const line of ownLines(subject)) {
    const part = PATHS.find(([type, key]) => type === subject.type && key === line.key)?.[2];
    for (const word of part?.(line.value) ?? []) {
      const path = absolute(subject, expand(subject, world, word));
      if (path === undefined || isMade(subject, world, path) || world.host.exists(path) !== false) continue;
      yield { at: line, word, section: line.section, message: `${line.key}= names '${path}', which does not exist: ${refused(subject)}`, ...madeHint(line) };
    }
  }
}

function madeHint({ key }: Line): { hint?: string } {
  return key === 'Volume' || key === 'Mount' ? { hint: 'podman makes no folders on the host: make it, or use a .volume file' } : {};
}

/** As the generator makes it: relative to the file. Where a variable or an unknown specifier is in it, nothing can be said. */
function absolute(subject: Subject, path: string): string | undefined {
  if (/[%$*?[]/.test(path)) return undefined;
  return posix.isAbsolute(path) ? posix.normalize(path) : posix.join(posix.dirname(subject.contents.fragmentPath), path);
}

/** Folders that the service makes before it starts, and file systems that begin empty with each boot. */
function isMade(subject: Subject, { facts }: World, path: string): boolean {
  if (subject.config?.type !== 'service') return false;
  const { exec, execStartPre } = subject.config;
  const system = facts.mode === 'system';
  const parents = [
    [facts.runtimeDir, exec.runtimeDirectory],
    [system ? '/var/lib' : facts.stateHome, exec.stateDirectory],
    [system ? '/var/cache' : facts.cacheHome, exec.cacheDirectory],
    [system ? '/var/log' : `${facts.stateHome}/log`, exec.logsDirectory],
    [system ? '/etc' : facts.configHome, exec.configurationDirectory],
  ] as const;
  const owned = parents.some(([parent, { names }]) => names.some((name) => path === `${parent}/${name}` || path.startsWith(`${parent}/${name}/`)));
  return owned || execStartPre.some(({ argv }) => argv.some((word) => word.includes(path))) || path.startsWith('/run/') || path.startsWith(`${facts.runtimeDir}/`);
}

/** podman-run(1), --volume */
const OPTIONS =
  /^(rw|ro|z|Z|O|U|noU|copy|nocopy|r?shared|r?slave|r?private|r?unbindable|r?bind|no-dereference|(no)?(exec|dev|suid|atime|diratime)|relatime|idmap(=.*)?|(upperdir|workdir)=.*)$/;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

export function* badVolume(subject: Subject, world: World): Iterable<Finding> {
  if (!['container', 'pod', 'build'].includes(subject.type)) return;
  for (const line of valuesOf(subject, 'Volume')) {
    const fault = volumeFault(expand(subject, world, line.value));
    if (fault !== undefined)
      yield {
        at: line,
        word: fault.word,
        section: line.section,
        message: `${fault.message} in Volume=: ${refused(subject)}`,
        ...(fault.hint === undefined ? {} : { hint: fault.hint }),
      };
  }
}

interface Fault {
  readonly word: string;
  readonly message: string;
  readonly hint?: string;
}

function volumeFault(value: string): Fault | undefined {
  if (/[%$]/.test(value)) return undefined;
  const parts = value.split(':');
  const [source = '', target = source, options = ''] = parts;
  if (parts.length > 3) return { word: value, message: `'${value}' has too many parts`, hint: 'Volume=SOURCE:TARGET[:OPTION,OPTION]' };
  if (!target.startsWith('/')) return { word: target, message: `'${target}' is no absolute path in the container`, hint: 'Volume=SOURCE:/TARGET[:OPTION,OPTION]' };
  const isName = parts.length > 1 && source !== '' && !/^[./]/.test(source);
  if (isName && kindOf(source) === undefined && !NAME.test(source))
    return { word: source, message: `'${source}' is neither a path nor the name of a volume`, hint: `a path is absolute or begins with a dot: ./${source}` };
  const unknown = options.split(',').find((option) => option !== '' && !OPTIONS.test(option));
  return unknown === undefined
    ? undefined
    : { word: unknown, message: `'${unknown}' is no option of a volume`, hint: 'options are ro, rw, z, Z, U, O, exec, nosuid and others; podman-run(1), --volume' };
}

/** podman-run(1), --mount */
const MOUNT_TYPES = ['artifact', 'bind', 'devpts', 'glob', 'image', 'ramfs', 'tmpfs', 'volume'];

export function* badMount(subject: Subject): Iterable<Finding> {
  if (subject.type !== 'container') return;
  for (const line of valuesOf(subject, 'Mount')) {
    const fields = line.value.replace(/^"(.*)"$/, '$1').split(',');
    const type = fields.find((field) => field.startsWith('type='))?.slice('type='.length) ?? 'volume';
    const at = { at: line, section: 'Container' };
    if (!MOUNT_TYPES.includes(type))
      yield { ...at, word: type, message: `'${type}' in Mount= is no type of a mount: ${refused(subject)}`, hint: `types are ${MOUNT_TYPES.join(', ')}` };
    else if (!fields.some((field) => /^(target|dst|destination)=./.test(field)))
      yield { ...at, message: `Mount= has no target=: ${refused(subject)}`, hint: `Mount=type=${type},${type === 'tmpfs' ? '' : 'source=…,'}target=/path/in/the/container` };
  }
}

const SECRET_OPTIONS: Readonly<Record<string, readonly string[]>> = { container: ['type', 'target', 'uid', 'gid', 'mode'], build: ['id', 'src', 'source', 'env', 'type'] };

export function* badSecret(subject: Subject): Iterable<Finding> {
  const known = SECRET_OPTIONS[subject.type];
  if (known === undefined) return;
  for (const line of valuesOf(subject, 'Secret')) {
    for (const word of words(line.value)) {
      const [name = '', ...options] = word.split(',');
      const at = { at: line, section: line.section };
      if (subject.type === 'container' && !/^[^=,/\s]+$/.test(name))
        yield { ...at, word: name, message: `'${name}' in Secret= is no name of a secret: ${refused(subject)}`, hint: 'Secret=NAME[,type=mount|env][,target=…]' };
      const unknown = options.find((option) => !known.includes(option.split('=', 1)[0] ?? ''));
      if (unknown !== undefined)
        yield { ...at, word: unknown, message: `'${unknown}' in Secret= is no option of a secret: ${refused(subject)}`, hint: `options are ${known.join(', ')}` };
    }
  }
}

function ownLines(subject: Subject): readonly Line[] {
  return linesOf(subject).filter(({ section, value }) => section === ownSection(subject) && value !== '');
}
