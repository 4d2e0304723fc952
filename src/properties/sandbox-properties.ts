/** Table: properties of what sets a unit's processes apart; org.freedesktop.systemd1(5). */
import { constants as errnos } from 'node:os';
import type { BindMount, SandboxConfig, SandboxPath } from '../unit/sandbox.js';
import { NO_SANDBOX } from '../unit/sandbox.js';
import { NAMESPACE_FLAGS } from '../unit/values/namespaces.js';
import { property, type Property, type PropertyValue } from './property.js';
import { runsCommands } from './runs-commands.js';

function sandbox(name: string, signature: string, read: (sandbox: SandboxConfig) => PropertyValue): Property {
  return property(name, signature, (subject) => read(runsCommands(subject)?.exec.sandbox ?? NO_SANDBOX));
}

const pathText = ({ path, optional, inRoot }: SandboxPath): string => `${optional ? '-' : ''}${inRoot ? '+' : ''}${path}`;
const MS_REC = 16384;
const bindText = ({ from, to, optional, recursive }: BindMount): PropertyValue => [from, to, optional, recursive ? MS_REC : 0];

function paths(name: string, read: (sandbox: SandboxConfig) => readonly SandboxPath[]): Property {
  return sandbox(name, 'as', (config) => read(config).map(pathText));
}

/** Infinity is all. */
function capabilities(numbers: readonly number[] | undefined): PropertyValue {
  return numbers === undefined ? ALL_BITS : numbers.reduce((all, each) => all + 2 ** each, 0);
}

const ALL_BITS = 2 ** 41 - 1;

export const SANDBOX_PROPERTIES: readonly Property[] = [
  sandbox('CapabilityBoundingSet', 't', ({ capabilityBoundingSet }) => capabilities(capabilityBoundingSet)),
  sandbox('AmbientCapabilities', 't', ({ ambientCapabilities }) => capabilities(ambientCapabilities)),
  sandbox('SecureBits', 'i', ({ secureBits }) => secureBits),
  sandbox('DynamicUser', 'b', ({ dynamicUser }) => dynamicUser),
  sandbox('RemoveIPC', 'b', ({ removeIpc }) => removeIpc),
  paths('ReadWritePaths', ({ readWritePaths }) => readWritePaths),
  paths('ReadOnlyPaths', ({ readOnlyPaths }) => readOnlyPaths),
  paths('InaccessiblePaths', ({ inaccessiblePaths }) => inaccessiblePaths),
  paths('ExecPaths', ({ execPaths }) => execPaths),
  paths('NoExecPaths', ({ noExecPaths }) => noExecPaths),
  sandbox('PrivateTmp', 'b', ({ privateTmp }) => privateTmp !== 'no'),
  sandbox('PrivateTmpEx', 's', ({ privateTmp }) => privateTmp),
  sandbox('PrivateDevices', 'b', ({ privateDevices }) => privateDevices),
  sandbox('ProtectClock', 'b', ({ protectClock }) => protectClock),
  sandbox('ProtectKernelTunables', 'b', ({ protectKernelTunables }) => protectKernelTunables),
  sandbox('ProtectKernelModules', 'b', ({ protectKernelModules }) => protectKernelModules),
  sandbox('ProtectKernelLogs', 'b', ({ protectKernelLogs }) => protectKernelLogs),
  sandbox('ProtectControlGroups', 'b', ({ protectControlGroups }) => protectControlGroups !== 'no'),
  sandbox('ProtectControlGroupsEx', 's', ({ protectControlGroups }) => protectControlGroups),
  sandbox('PrivateNetwork', 'b', ({ privateNetwork }) => privateNetwork),
  sandbox('PrivateUsers', 'b', ({ privateUsers }) => privateUsers),
  sandbox('PrivateUsersEx', 's', ({ privateUsers }) => (privateUsers ? 'self' : 'no')),
  sandbox('PrivateMounts', 'b', ({ privateMounts }) => privateMounts === true),
  sandbox('PrivateIPC', 'b', ({ privateIpc }) => privateIpc),
  sandbox('ProtectHome', 's', ({ protectHome }) => protectHome),
  sandbox('ProtectSystem', 's', ({ protectSystem }) => protectSystem),
  sandbox('SystemCallFilter', '(bas)', ({ systemCallFilter: filter }) => [
    filter?.allow ?? false,
    [...(filter?.calls ?? [])].map(([call, errno]) => (errno === undefined ? call : `${call}:${errno}`)).sort(),
  ]),
  sandbox('SystemCallArchitectures', 'as', ({ systemCallArchitectures }) => systemCallArchitectures),
  sandbox('SystemCallErrorNumber', 'i', ({ systemCallErrorNumber }) => errnoOf(systemCallErrorNumber)),
  sandbox('LockPersonality', 'b', ({ lockPersonality }) => lockPersonality),
  sandbox('RestrictAddressFamilies', '(bas)', ({ restrictAddressFamilies: filter }) => [filter?.allow ?? false, [...(filter?.words ?? [])].sort()]),
  sandbox('MemoryDenyWriteExecute', 'b', ({ memoryDenyWriteExecute }) => memoryDenyWriteExecute),
  sandbox('RestrictRealtime', 'b', ({ restrictRealtime }) => restrictRealtime),
  sandbox('RestrictSUIDSGID', 'b', ({ restrictSuidSgid }) => restrictSuidSgid),
  sandbox('RestrictNamespaces', 't', ({ restrictNamespaces: allowed }) =>
    allowed === undefined ? Infinity : allowed.reduce((all, kind) => all + (NAMESPACE_FLAGS[kind] ?? 0), 0),
  ),
  sandbox('BindPaths', 'a(ssbt)', ({ bindPaths }) => bindPaths.map(bindText)),
  sandbox('BindReadOnlyPaths', 'a(ssbt)', ({ bindReadOnlyPaths }) => bindReadOnlyPaths.map(bindText)),
  sandbox('TemporaryFileSystem', 'a(ss)', ({ temporaryFileSystem }) => temporaryFileSystem.map(({ path, options }) => [path, options])),
  sandbox('ProtectProc', 's', ({ protectProc }) => protectProc),
  sandbox('ProcSubset', 's', ({ procSubset }) => procSubset),
  sandbox('ProtectHostname', 'b', ({ protectHostname }) => protectHostname),
  sandbox('NetworkNamespacePath', 's', ({ networkNamespacePath }) => networkNamespacePath ?? ''),
  sandbox('IPCNamespacePath', 's', ({ ipcNamespacePath }) => ipcNamespacePath ?? ''),
];

/** systemd's number for the kernel's own answer. */
const SECCOMP_ERROR_NUMBER_KILL = 2 ** 31 - 2;

function errnoOf(name: string | undefined): number {
  if (name === undefined) return SECCOMP_ERROR_NUMBER_KILL;
  return Number(name) || ((errnos.errno as Readonly<Record<string, number>>)[name] ?? 0);
}
