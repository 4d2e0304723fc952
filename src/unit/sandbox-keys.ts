/** Keys of systemd.exec(5), "SANDBOXING": they fill the field `sandbox` of a draft. */
import { expandSpecifiers } from '../unitfile/specifier.js';
import { custom, one, unsupported, validWords, type Draft, type KeyContext, type KeyRow } from './key-table.js';
import type { BindMount, CallFilter, SandboxPath, WordFilter } from './sandbox.js';
import { capabilitySet } from './values/capabilities.js';
import { words } from './values/exec-values.js';
import { absolutePath, boolean, oneOf } from './values/simple.js';
import { NAMESPACE_KINDS } from './values/namespaces.js';
import { systemCallNames } from './values/system-calls.js';
import { bad, good, type Value } from './values/value.js';

/** The same row, for a field of the sandbox. */
function inSandbox(row: KeyRow): KeyRow {
  return {
    ...row,
    read: (draft, text, context) => {
      const sandbox: Draft = { ...(draft['sandbox'] as Draft) };
      const expected = row.read(sandbox, text, context);
      draft['sandbox'] = sandbox;
      return expected;
    },
  };
}

function flag(key: string, field: string): KeyRow {
  return one(key, field, boolean, false);
}

/** `yes` and `no` beside further words. */
function level<T extends string>(...more: readonly T[]): (text: string) => Value<T | 'yes' | 'no'> {
  return (text) => {
    const plain = boolean(text);
    return plain.ok ? good(plain.value ? 'yes' : 'no') : oneOf(...more)(text);
  };
}

const tmp = (text: string): Value<'no' | 'connected' | 'disconnected'> => {
  const plain = boolean(text);
  return plain.ok ? good(plain.value ? 'connected' : 'no') : oneOf('disconnected')(text);
};

function paths(key: string, field: string): KeyRow {
  return custom(key, (draft, text, context) => {
    const before = draft[field] as readonly SandboxPath[];
    const split = words(expandSpecifiers(text, context.specifiers).value);
    if (!split.ok) return split.expected;
    draft[field] = text === '' ? [] : [...before, ...split.value.flatMap((word) => pathOf(word, context))];
    return undefined;
  });
}

function pathOf(word: string, { skip }: KeyContext): readonly SandboxPath[] {
  const [, prefix = '', rest = ''] = /^([-+]*)(.*)$/.exec(word) ?? [];
  const path = absolutePath(rest);
  if (!path.ok) skip(word, path.expected);
  return path.ok ? [{ path: path.value, optional: prefix.includes('-'), inRoot: prefix.includes('+') }] : [];
}

function binds(key: string, field: string): KeyRow {
  return custom(key, (draft, text, context) => {
    const split = words(expandSpecifiers(text, context.specifiers).value);
    if (!split.ok) return split.expected;
    draft[field] = text === '' ? [] : [...(draft[field] as readonly BindMount[]), ...split.value.flatMap((word) => bindOf(word, context))];
    return undefined;
  });
}

function bindOf(word: string, { skip }: KeyContext): readonly BindMount[] {
  const optional = word.startsWith('-');
  const [from = '', to = from, options = 'rbind'] = word.replace(/^-/, '').split(':');
  const target = to === '' ? from : to;
  if (from.startsWith('/') && target.startsWith('/')) return [{ from, to: target, optional, recursive: options !== 'norbind' }];
  skip(word, 'an absolute path, or two with a colon between them');
  return [];
}

const temporary = custom('TemporaryFileSystem', (draft, text, { specifiers, skip }) => {
  const split = words(expandSpecifiers(text, specifiers).value);
  if (!split.ok) return split.expected;
  const before = draft['temporaryFileSystem'] as readonly unknown[];
  const added = split.value.flatMap((word) => {
    const at = word.indexOf(':');
    const path = at < 0 ? word : word.slice(0, at);
    if (!path.startsWith('/')) skip(word, 'an absolute path, with options behind a colon');
    return path.startsWith('/') ? [{ path, options: at < 0 ? '' : word.slice(at + 1) }] : [];
  });
  draft['temporaryFileSystem'] = text === '' ? [] : [...before, ...added];
  return undefined;
});

function capabilities(key: string, field: string): KeyRow {
  return custom(key, (draft, text) => {
    const before = draft[field] as readonly number[] | undefined;
    const set = text === '' ? good([]) : capabilitySet(text, before?.length === 0 ? undefined : before);
    if (!set.ok) return set.expected;
    draft[field] = set.value;
    return undefined;
  });
}

/** capabilities(7), "The securebits flags". */
const SECURE_BITS: Readonly<Record<string, number>> = { noroot: 1, 'noroot-locked': 2, 'no-setuid-fixup': 4, 'no-setuid-fixup-locked': 8, 'keep-caps': 16, 'keep-caps-locked': 32 };

const secureBits = custom('SecureBits', (draft, text) => {
  const bits = text
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => SECURE_BITS[word]);
  if (bits.includes(undefined)) return `some of ${Object.keys(SECURE_BITS).join(', ')}`;
  draft['secureBits'] = bits.reduce<number>((all, bit) => all | (bit ?? 0), 0);
  return undefined;
});

/** systemd.exec(5): the first line says whether the calls are those that are allowed; a later one of the other kind takes some away. */
const systemCallFilter = custom('SystemCallFilter', (draft, text, context) => {
  if (text === '') draft['systemCallFilter'] = undefined;
  if (text === '') return undefined;
  const inverted = text.startsWith('~');
  const before = (draft['systemCallFilter'] as CallFilter | undefined) ?? {
    allow: !inverted,
    calls: new Map(inverted ? [] : (systemCallNames('@default') ?? []).map((name) => [name, undefined])),
  };
  const calls = new Map(before.calls);
  const listed = validWords(text.replace(/^~/, ''), context, callEntry);
  for (const { names, errno } of listed)
    for (const name of names)
      if (before.allow === inverted) calls.delete(name);
      else calls.set(name, errno);
  draft['systemCallFilter'] = { allow: before.allow, calls } satisfies CallFilter;
  return undefined;
});

function callEntry(word: string): Value<{ readonly names: readonly string[]; readonly errno: string | undefined }> {
  const [name = '', errno] = word.split(':');
  const names = systemCallNames(name);
  return names === undefined ? bad('a system call or a group such as @system-service') : good({ names, errno });
}

const addressFamilies = custom('RestrictAddressFamilies', (draft, text, context) => {
  if (text === '') draft['restrictAddressFamilies'] = undefined;
  else if (text === 'none') draft['restrictAddressFamilies'] = { allow: true, words: [] };
  else {
    const inverted = text.startsWith('~');
    const before = (draft['restrictAddressFamilies'] as WordFilter | undefined) ?? { allow: !inverted, words: [] };
    const words = validWords(text.replace(/^~/, ''), context, (word) => (/^AF_[A-Z0-9]+$/.test(word) ? good(word) : bad('an address family such as AF_INET')));
    const kept = before.words.filter((word) => !words.includes(word));
    draft['restrictAddressFamilies'] = { allow: before.allow, words: before.allow === inverted ? kept : [...kept, ...words] } satisfies WordFilter;
  }
  return undefined;
});

const namespaces = custom('RestrictNamespaces', (draft, text, context) => {
  const plain = boolean(text);
  if (text === '' || plain.ok) draft['restrictNamespaces'] = plain.ok && plain.value ? [] : undefined;
  else {
    const inverted = text.startsWith('~');
    const named = validWords(text.replace(/^~/, ''), context, oneOf(...NAMESPACE_KINDS));
    const before = draft['restrictNamespaces'] as readonly string[] | undefined;
    const all = before ?? (inverted ? NAMESPACE_KINDS : []);
    draft['restrictNamespaces'] = inverted ? all.filter((kind) => !named.includes(kind as never)) : [...all, ...named];
  }
  return undefined;
});

const errorNumber = custom('SystemCallErrorNumber', (draft, text) => {
  draft['systemCallErrorNumber'] = text === '' || text === 'kill' ? undefined : text;
  return text === '' || text === 'kill' || /^(E[A-Z0-9]+|\d{1,4})$/.test(text) ? undefined : 'an errno such as EPERM, or kill';
});

const architectures = custom('SystemCallArchitectures', (draft, text) => {
  draft['systemCallArchitectures'] = text === '' ? [] : [...(draft['systemCallArchitectures'] as readonly string[]), ...text.split(/\s+/).filter(Boolean)];
  return undefined;
});

const ROWS: readonly KeyRow[] = [
  one('ProtectSystem', 'protectSystem', level('full', 'strict'), 'no'),
  one('ProtectHome', 'protectHome', level('read-only', 'tmpfs'), 'no'),
  one('PrivateTmp', 'privateTmp', tmp, 'no'),
  one('ProtectControlGroups', 'protectControlGroups', level('private', 'strict'), 'no'),
  one('ProtectProc', 'protectProc', oneOf('default', 'noaccess', 'invisible', 'ptraceable'), 'default'),
  one('ProcSubset', 'procSubset', oneOf('all', 'pid'), 'all'),
  one('PrivateUsers', 'privateUsers', (text) => (text === 'self' ? good(true) : boolean(text)), false),
  one('PrivateMounts', 'privateMounts', boolean),
  one('NetworkNamespacePath', 'networkNamespacePath', absolutePath),
  one('IPCNamespacePath', 'ipcNamespacePath', absolutePath),
  flag('PrivateDevices', 'privateDevices'),
  flag('PrivateNetwork', 'privateNetwork'),
  flag('PrivateIPC', 'privateIpc'),
  flag('ProtectHostname', 'protectHostname'),
  flag('ProtectClock', 'protectClock'),
  flag('ProtectKernelTunables', 'protectKernelTunables'),
  flag('ProtectKernelModules', 'protectKernelModules'),
  flag('ProtectKernelLogs', 'protectKernelLogs'),
  flag('RestrictRealtime', 'restrictRealtime'),
  flag('RestrictSUIDSGID', 'restrictSuidSgid'),
  flag('MemoryDenyWriteExecute', 'memoryDenyWriteExecute'),
  flag('LockPersonality', 'lockPersonality'),
  flag('DynamicUser', 'dynamicUser'),
  flag('RemoveIPC', 'removeIpc'),
  paths('ReadWritePaths', 'readWritePaths'),
  paths('ReadOnlyPaths', 'readOnlyPaths'),
  paths('InaccessiblePaths', 'inaccessiblePaths'),
  paths('ReadWriteDirectories', 'readWritePaths'),
  paths('ReadOnlyDirectories', 'readOnlyPaths'),
  paths('InaccessibleDirectories', 'inaccessiblePaths'),
  paths('ExecPaths', 'execPaths'),
  paths('NoExecPaths', 'noExecPaths'),
  binds('BindPaths', 'bindPaths'),
  binds('BindReadOnlyPaths', 'bindReadOnlyPaths'),
  temporary,
  capabilities('CapabilityBoundingSet', 'capabilityBoundingSet'),
  capabilities('AmbientCapabilities', 'ambientCapabilities'),
  secureBits,
  systemCallFilter,
  errorNumber,
  architectures,
  addressFamilies,
  namespaces,
];

/** `no` asks for nothing, and so nothing is missed. */
const isNo = (text: string): boolean => /^(no|false|off|0|default|shared|inherit)$/i.test(text);

/** What needs a process of its own between the manager and the service, an image, or a kernel module's or a security module's help. */
const MISSING =
  'PrivatePIDs PrivateBPF ProtectHostnameEx RestrictFileSystems SystemCallLog RootImage RootHash MountImages ExtensionImages ExtensionDirectories SELinuxContext AppArmorProfile SmackProcessLabel KeyringMode Personality DelegateNamespaces';

export const SANDBOX_KEYS: readonly KeyRow[] = [...ROWS.map(inSandbox), ...unsupported('the service runs without this restriction', MISSING, isNo)];
