/**
 * What a process sees of the file system: the words with which rouse-spawn changes the mounts of a namespace of its own; systemd.exec(5),
 * "SANDBOXING". Paths are prepared parents first, so that each can only change what is in it.
 */
import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BindMount, SandboxConfig, SandboxPath } from '../../unit/sandbox.js';

/** From where nothing can be read: an empty folder, an empty file. */
export interface EmptyPlaces {
  readonly folder: string;
  readonly file: string;
  /** A folder on which a mount can be prepared before it moves. */
  readonly stage: string;
}

export interface MountRequest {
  readonly sandbox: SandboxConfig;
  /** RootDirectory=, or ''. */
  readonly root: string;
  readonly runtimeDir: string;
  readonly places: EmptyPlaces;
  /** What stands for /tmp and /var/tmp; undefined: nothing. */
  readonly privateTmp: readonly [tmp: string, varTmp: string] | undefined;
  /** RuntimeDirectory= and its sisters stay writable. */
  readonly ownDirectories: readonly string[];
  /** Read-only, at $CREDENTIALS_DIRECTORY. */
  readonly credentials: string | undefined;
}

type Mode = 'read-only' | 'read-write' | 'inaccessible' | 'exec' | 'no-exec' | 'tmpfs' | 'read-only-tmpfs';

interface Entry {
  readonly path: string;
  readonly mode: Mode;
  readonly optional: boolean;
  readonly options?: string;
}

/** A path that has to be there is not. */
export class MissingPathError extends Error {}

export function needsMounts({ sandbox, privateTmp }: MountRequest): boolean {
  const { privateMounts, protectSystem, protectHome, privateDevices, protectProc, procSubset, protectControlGroups } = sandbox;
  const flags = [
    privateMounts === true,
    protectSystem !== 'no',
    protectHome !== 'no',
    privateDevices,
    protectProc !== 'default',
    procSubset !== 'all',
    protectControlGroups !== 'no',
  ];
  const { protectKernelTunables, protectKernelModules, protectKernelLogs, temporaryFileSystem, bindPaths, bindReadOnlyPaths, privateTmp: tmp } = sandbox;
  const lists = [
    temporaryFileSystem,
    bindPaths,
    bindReadOnlyPaths,
    sandbox.readWritePaths,
    sandbox.readOnlyPaths,
    sandbox.inaccessiblePaths,
    sandbox.execPaths,
    sandbox.noExecPaths,
  ];
  return [...flags, protectKernelTunables, protectKernelModules, protectKernelLogs, tmp !== 'no', privateTmp !== undefined].includes(true) || lists.some((list) => list.length > 0);
}

const NEW_MOUNTS = 0x00020000;

/** Throws MissingPathError. */
export function mountWords(request: MountRequest): readonly string[] {
  const { sandbox, root } = request;
  const binds = [...sandbox.bindPaths.map((bind) => ({ ...bind, readOnly: false })), ...sandbox.bindReadOnlyPaths.map((bind) => ({ ...bind, readOnly: true }))];
  return [
    `N${NEW_MOUNTS}`,
    'v',
    ...(sandbox.protectProc === 'default' && sandbox.procSubset === 'all' ? [] : [procMount(request)]),
    ...(sandbox.privateDevices ? devices(request) : []),
    ...tmpWords(request),
    ...entriesOf(request).flatMap((entry) => entryWords(request, entry)),
    ...binds.flatMap((bind) => bindWords(root, bind)),
  ];
}

/** Parents first; of one path the last word counts, and the way to what is hidden stays hidden. */
function entriesOf(request: MountRequest): readonly Entry[] {
  const all = [...system(request.sandbox), ...home(request), ...kernel(request.sandbox), ...own(request), ...lists(request.sandbox)];
  const found = new Map<string, Entry>();
  for (const entry of all) {
    const path = resolved(join(request.root, entry.path));
    if (path === undefined && !entry.optional && entry.mode !== 'tmpfs') throw new MissingPathError(`${entry.path}: No such file or directory`);
    // Each of the two kinds of rights has its own place.
    if (path !== undefined) found.set(`${path}\0${entry.mode.endsWith('exec')}`, { ...entry, path });
  }
  return [...found.values()].sort((a, b) => (a.path === b.path ? 0 : a.path < b.path ? -1 : 1));
}

function always(mode: Mode, ...paths: readonly string[]): readonly Entry[] {
  return paths.map((path) => ({ path, mode, optional: true }));
}

function system({ protectSystem }: SandboxConfig): readonly Entry[] {
  switch (protectSystem) {
    case 'no':
      return [];
    case 'yes':
      return always('read-only', '/usr', '/boot', '/efi');
    case 'full':
      return always('read-only', '/usr', '/boot', '/efi', '/etc');
    case 'strict':
      return [...always('read-only', '/'), ...always('read-write', '/proc', '/sys', '/dev', '/home', '/run/user', '/root')];
  }
}

function home({ sandbox: { protectHome } }: MountRequest): readonly Entry[] {
  const folders = ['/home', '/root', '/run/user'];
  if (protectHome === 'no') return [];
  return always(protectHome === 'yes' ? 'inaccessible' : protectHome === 'tmpfs' ? 'read-only-tmpfs' : 'read-only', ...folders);
}

const TUNABLES = [
  '/proc/acpi',
  '/proc/apm',
  '/proc/asound',
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/latency_stats',
  '/proc/mtrr',
  '/proc/scsi',
  '/proc/sys',
  '/proc/sysrq-trigger',
  '/proc/timer_stats',
];

function kernel(sandbox: SandboxConfig): readonly Entry[] {
  const writable = sandbox.protectControlGroups === 'no' ? always('read-write', '/sys/fs/cgroup') : [];
  return [
    ...(sandbox.protectKernelTunables
      ? [...always('read-only', ...TUNABLES, '/sys'), ...always('inaccessible', '/proc/kallsyms', '/proc/kcore', '/sys/kernel/debug', '/sys/kernel/tracing'), ...writable]
      : []),
    ...(sandbox.protectKernelModules ? always('inaccessible', '/usr/lib/modules') : []),
    ...(sandbox.protectKernelLogs ? always('inaccessible', '/proc/kmsg', '/dev/kmsg') : []),
    ...(sandbox.protectControlGroups === 'no' ? [] : always('read-only', '/sys/fs/cgroup')),
  ];
}

function own({ ownDirectories, sandbox }: MountRequest): readonly Entry[] {
  return sandbox.protectSystem === 'strict' ? always('read-write', ...ownDirectories) : [];
}

function lists(sandbox: SandboxConfig): readonly Entry[] {
  const as = (mode: Mode, paths: readonly SandboxPath[]): readonly Entry[] => paths.map(({ path, optional }) => ({ path, mode, optional }));
  return [
    ...sandbox.temporaryFileSystem.map(({ path, options }): Entry => ({ path, mode: 'tmpfs', optional: false, options })),
    ...as('read-write', sandbox.readWritePaths),
    ...as('read-only', sandbox.readOnlyPaths),
    ...as('inaccessible', sandbox.inaccessiblePaths),
    ...as('exec', sandbox.execPaths),
    ...as('no-exec', sandbox.noExecPaths),
  ];
}

const READ_ONLY = 1;
const NO_EXEC = 8;
const NOSUID_NODEV = 6;

function entryWords({ places }: MountRequest, { path, mode, options = '' }: Entry): readonly string[] {
  const itself = path === '/' ? [] : [bind(path, path)];
  switch (mode) {
    case 'read-only':
      return [...itself, `a${READ_ONLY}:0:${path}`];
    case 'read-write':
      return [...itself, `w${path}`];
    case 'exec':
      return [...itself, `a0:${NO_EXEC}:${path}`];
    case 'no-exec':
      return [...itself, `a${NO_EXEC}:0:${path}`];
    case 'inaccessible':
      return [bind(isFolder(path) ? places.folder : places.file, path), `a${READ_ONLY}:0:${path}`];
    case 'tmpfs':
    case 'read-only-tmpfs': {
      const readOnly = mode === 'read-only-tmpfs' || options.split(',').includes('ro');
      const data = options.split(',').filter((word) => word !== '' && !/^(ro|rw|nosuid|nodev|exec|noexec|suid|dev)$/.test(word));
      const all = [...(data.some((word) => word.startsWith('mode=')) ? [] : ['mode=0755']), ...data].join(',');
      return [`t${NOSUID_NODEV}:${Buffer.byteLength(all)}:${all}${path}`, ...(readOnly ? [`a${READ_ONLY}:0:${path}`] : [])];
    }
  }
}

export function bind(from: string, to: string): string {
  return `b${Buffer.byteLength(from)}:${from}${to}`;
}

function bindWords(root: string, { from, to, optional, readOnly }: BindMount & { readonly readOnly: boolean }): readonly string[] {
  const source = resolved(from);
  if (source === undefined && optional) return [];
  if (source === undefined) throw new MissingPathError(`${from}: No such file or directory`);
  const target = join(root, to);
  const missing = resolved(target) === undefined;
  const place = !missing ? [] : isFolder(source) ? parents(target) : [...parents(join(target, '..')), `k${target}`];
  return [...place, bind(source, target), ...(readOnly ? [`a${READ_ONLY}:0:${target}`] : [])];
}

/** mkdir -p */
function parents(path: string): readonly string[] {
  const parts = path.split('/').filter(Boolean);
  return parts.map((_, i) => `K493:/${parts.slice(0, i + 1).join('/')}`);
}

function tmpWords({ sandbox, privateTmp, root }: MountRequest): readonly string[] {
  const [tmp, varTmp] = [join(root, '/tmp'), join(root, '/var/tmp')];
  if (sandbox.privateTmp === 'disconnected') return [tmp, varTmp].map((path) => `t${NOSUID_NODEV}:9:mode=1777${path}`);
  return privateTmp === undefined ? [] : [bind(privateTmp[0], tmp), bind(privateTmp[1], varTmp)];
}

function procMount({ sandbox, root }: MountRequest): string {
  const options = [...(sandbox.protectProc === 'default' ? [] : [`hidepid=${sandbox.protectProc}`]), ...(sandbox.procSubset === 'pid' ? ['subset=pid'] : [])].join(',');
  return `q${Buffer.byteLength(options)}:${options}${join(root, '/proc')}`;
}

/** A /dev with the devices that need no hardware, which are the machine's own, mounted; as systemd does where it may not make any. */
function devices({ places: { stage }, root }: MountRequest): readonly string[] {
  const target = join(root, '/dev');
  const nodes = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].filter((name) => resolved(`/dev/${name}`) !== undefined);
  const folders = ['pts', 'shm', 'mqueue', 'hugepages'].filter((name) => resolved(`/dev/${name}`) !== undefined);
  const links = [
    ['/proc/self/fd', 'fd'],
    ['/proc/self/fd/0', 'stdin'],
    ['/proc/self/fd/1', 'stdout'],
    ['/proc/self/fd/2', 'stderr'],
    ['pts/ptmx', 'ptmx'],
    ['/run/systemd/journal/dev-log', 'log'],
  ] as const;
  return [
    `t2:9:mode=0755${stage}`,
    ...nodes.flatMap((name) => [`k${stage}/${name}`, bind(`/dev/${name}`, `${stage}/${name}`)]),
    ...folders.flatMap((name) => [`K493:${stage}/${name}`, bind(`/dev/${name}`, `${stage}/${name}`)]),
    ...links.map(([to, name]) => `y${Buffer.byteLength(to)}:${to}${stage}/${name}`),
    `M${Buffer.byteLength(stage)}:${stage}${target}`,
  ];
}

function resolved(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
