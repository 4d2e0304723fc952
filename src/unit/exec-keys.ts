/** Keys of every section that runs commands; systemd.exec(5), systemd.kill(5), systemd.resource-control(5). */
import { expandSpecifiers } from '../unitfile/specifier.js';
import type { OwnedDirectories, ResourceLimit } from './config.js';
import { custom, many, one, silent, unsupported, validWords, vital, wordList, type KeyRow } from './key-table.js';
import { INPUT_KEYS } from './input-keys.js';
import { SCHEDULING_KEYS } from './scheduling-keys.js';
import { SANDBOX_KEYS } from './sandbox-keys.js';
import { assignment, inputTarget, limit, outputTarget, variableName, words } from './values/exec-values.js';
import { absolutePath, boolean, mode, oneOf, preserve, signal, text, wholeNumber } from './values/simple.js';
import { bad, good, type Value } from './values/value.js';

const LIMITS = 'CPU FSIZE DATA STACK CORE RSS NOFILE AS NPROC MEMLOCK LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME';

function limitKey(name: string): KeyRow {
  const parse = limit(name.toLowerCase());
  return custom(`Limit${name}`, (draft, value) => {
    const others = (draft['limits'] as readonly ResourceLimit[]).filter(({ resource }) => resource !== name.toLowerCase());
    const parsed = value === '' ? undefined : parse(value);
    if (parsed?.ok === false) return parsed.expected;
    draft['limits'] = parsed === undefined ? others : [...others, parsed.value];
    return undefined;
  });
}

/** `RuntimeDirectory=a b` and `RuntimeDirectoryMode=0755` fill one field. */
function directory(key: string, field: string): readonly KeyRow[] {
  const read = (draft: Record<string, unknown>): OwnedDirectories => draft[field] as OwnedDirectories;
  return [
    custom(key, (draft, value, context) => {
      const { names, links, mode: bits } = read(draft);
      const pairs = validWords(value, context, folderNames);
      const more = pairs.flatMap(([name = '', link]) => (link === undefined ? [] : [[name, link] as const]));
      draft[field] =
        value === '' ? { names: [], links: [], mode: bits } : { names: [...new Set([...names, ...pairs.map(([name = '']) => name)])], links: [...links, ...more], mode: bits };
      return undefined;
    }),
    custom(`${key}Mode`, (draft, value) => {
      const parsed = mode(value === '' ? '0755' : value);
      if (!parsed.ok) return parsed.expected;
      draft[field] = { ...read(draft), mode: parsed.value };
      return undefined;
    }),
  ];
}

/** `name:link` gives the folder a second name. */
function folderNames(text: string): Value<readonly string[]> {
  const [name = '', link = ''] = text.split(':');
  const parsed = (link === '' ? [name] : [name, link]).map(folderName);
  const failed = parsed.find((each) => !each.ok);
  return failed?.ok === false ? failed : good(parsed.flatMap((each) => (each.ok ? [each.value] : [])));
}

function folderName(text: string): Value<string> {
  const name = text.replace(/\/{2,}/g, '/').replace(/\/$/, '');
  return name === '' || name.startsWith('/') || name.split('/').some((part) => part === '..' || part === '.') ? bad('a relative path without ..') : good(name);
}

/** Looser than what useradd(8) makes, as systemd is. */
function accountName(text: string): Value<string> {
  return /^(?!\.{1,2}$|-)[^:/\p{Cc}]+$/u.test(text) ? good(text) : bad('a name or a number');
}

const accountNames = (text: string): Value<readonly string[]> => {
  const parsed = text.split(/\s+/).filter(Boolean).map(accountName);
  return parsed.every((one) => one.ok) ? good(parsed.map(({ value }) => value)) : bad('names or numbers');
};

const RESOURCES =
  'MemoryMax MemoryHigh MemoryLow MemoryMin MemorySwapMax MemoryZSwapMax MemoryZSwapWriteback CPUQuota CPUQuotaPeriodSec CPUWeight StartupCPUWeight AllowedCPUs AllowedMemoryNodes IOWeight StartupIOWeight IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetSec TasksMax IPAddressAllow IPAddressDeny IPIngressFilterPath IPEgressFilterPath BPFProgram SocketBindAllow SocketBindDeny RestrictNetworkInterfaces DeviceAllow DevicePolicy NFTSet MemoryLimit CPUShares StartupCPUShares BlockIOWeight StartupBlockIOWeight DefaultMemoryMin DefaultMemoryLow StartupMemoryLow StartupMemoryHigh StartupMemoryMax StartupMemorySwapMax StartupAllowedCPUs StartupAllowedMemoryNodes';

export const EXEC_KEYS: readonly (KeyRow | readonly KeyRow[])[] = [
  vital(one('User', 'user', accountName)),
  vital(one('Group', 'group', accountName)),
  vital(many('SupplementaryGroups', 'supplementaryGroups', (value, { specifiers }) => accountNames(expandSpecifiers(value, specifiers).value))),
  vital(
    custom('WorkingDirectory', (draft, value, { specifiers }) => {
      const path = expandSpecifiers(value.replace(/^-/, ''), specifiers).value;
      if (path !== '' && path !== '~' && !path.startsWith('/')) return 'an absolute path or ~';
      draft['workingDirectory'] = path === '' ? undefined : path;
      draft['workingDirectoryOptional'] = value.startsWith('-');
      return undefined;
    }),
    (value) => !value.startsWith('-'),
  ),
  vital(one('RootDirectory', 'rootDirectory', absolutePath)),
  one('UMask', 'umask', mode, 0o022),
  one('Nice', 'nice', wholeNumber(-20, 19)),
  one('OOMScoreAdjust', 'oomScoreAdjust', wholeNumber(-1000, 1000)),
  one('NoNewPrivileges', 'noNewPrivileges', boolean, false),
  one('IgnoreSIGPIPE', 'ignoreSigpipe', boolean, true),
  LIMITS.split(' ').map(limitKey),
  many('Environment', 'environment', (value, { specifiers, skip }) => {
    const split = words(value);
    if (!split.ok) return split;
    const pairs = split.value.flatMap((word) => {
      const parsed = assignment(expandSpecifiers(word, specifiers).value);
      if (!parsed.ok) skip(word, parsed.expected);
      return parsed.ok ? [parsed.value] : [];
    });
    return good(pairs);
  }),
  many('EnvironmentFile', 'environmentFiles', (value, { specifiers, place }) => {
    const path = expandSpecifiers(value.replace(/^-/, ''), specifiers).value;
    return path.startsWith('/') ? { ok: true, value: [{ path, optional: value.startsWith('-'), place }] } : { ok: false, expected: 'an absolute path' };
  }),
  wordList('PassEnvironment', 'passEnvironment', variableName),
  many('UnsetEnvironment', 'unsetEnvironment', (value, { specifiers, skip }) => {
    const split = words(expandSpecifiers(value, specifiers).value);
    if (!split.ok) return split;
    const isName = (word: string): boolean => variableName(word).ok || assignment(word).ok;
    for (const word of split.value) if (!isName(word)) skip(word, 'NAME or NAME=value');
    return good(split.value.filter(isName));
  }),
  one('StandardInput', 'standardInput', inputTarget, { type: 'null' }),
  one('StandardOutput', 'standardOutput', outputTarget),
  one('StandardError', 'standardError', outputTarget, { type: 'inherit' }),
  one('SyslogIdentifier', 'syslogIdentifier', text),
  directory('RuntimeDirectory', 'runtimeDirectory'),
  directory('StateDirectory', 'stateDirectory'),
  directory('CacheDirectory', 'cacheDirectory'),
  directory('LogsDirectory', 'logsDirectory'),
  directory('ConfigurationDirectory', 'configurationDirectory'),
  one('RuntimeDirectoryPreserve', 'runtimeDirectoryPreserve', preserve, 'no'),
  silent(
    'SyslogFacility SyslogLevel SyslogLevelPrefix LogLevelMax LogExtraFields LogRateLimitIntervalSec LogRateLimitBurst LogFilterPatterns LogNamespace TTYPath TTYReset TTYVHangup TTYVTDisallocate TTYRows TTYColumns UtmpIdentifier UtmpMode SetLoginEnvironment MemoryAccounting CPUAccounting IOAccounting TasksAccounting IPAccounting BlockIOAccounting Slice MemoryPressureWatch MemoryPressureThresholdSec ManagedOOMSwap ManagedOOMMemoryPressure ManagedOOMMemoryPressureLimit ManagedOOMMemoryPressureDurationSec ManagedOOMPreference MemoryKSM MountFlags DisableControllers CoredumpReceive TimeoutCleanSec PassRoot MountAPIVFS RootEphemeral RootVerity RootHashSignature RootImageOptions RootImagePolicy MountImagePolicy ExtensionImagePolicy BindLogSockets',
  ),
  unsupported('it is not applied', 'NUMAPolicy NUMAMask PAMName LoadCredentialEncrypted SetCredentialEncrypted ImportCredential'),
  SANDBOX_KEYS,
  SCHEDULING_KEYS,
  INPUT_KEYS.filter(({ key }) => key !== 'OpenFile'),
  many('ExecSearchPath', 'execSearchPath', (value, { specifiers }) =>
    good(
      expandSpecifiers(value, specifiers)
        .value.split(':')
        .filter((path) => path.startsWith('/')),
    ),
  ),
  unsupported('the service runs without this limit', RESOURCES),
];

export const KILL_KEYS: readonly KeyRow[] = [
  one('KillMode', 'killMode', oneOf('control-group', 'mixed', 'process', 'none'), 'control-group'),
  one('KillSignal', 'killSignal', signal, 'SIGTERM'),
  one('RestartKillSignal', 'restartKillSignal', signal),
  one('FinalKillSignal', 'finalKillSignal', signal, 'SIGKILL'),
  one('SendSIGHUP', 'sendSighup', boolean, false),
  one('SendSIGKILL', 'sendSigkill', boolean, true),
  one('WatchdogSignal', 'watchdogSignal', signal, 'SIGABRT'),
];
