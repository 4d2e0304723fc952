/** Facts about keys that the tables of `src/unit` and `src/quadlet` do not say: which make lists, and which are out of date. */
import { quadletKeys } from '../quadlet/convert.js';
import { SERVICE_KEYS } from '../unit/service-keys.js';
import { SOCKET_KEYS } from '../unit/socket-keys.js';
import { INSTALL_KEYS, UNIT_KEYS } from '../unit/unit-keys.js';
import { ownSection, type Subject } from './subject.js';

const UNIT_SECTIONS: ReadonlyMap<string, { readonly has: (key: string) => boolean }> = new Map([
  ['Unit', UNIT_KEYS],
  ['Install', INSTALL_KEYS],
  ['Service', SERVICE_KEYS],
  ['Socket', SOCKET_KEYS],
]);

/** The sections that a file has, with the keys that they may hold. */
export function sectionsOf(subject: Subject): ReadonlyMap<string, { readonly has: (key: string) => boolean }> {
  const own = ownSection(subject);
  const names = subject.isQuadlet ? ['Unit', 'Service', 'Install'] : ['Unit', 'Install', own];
  const units = names.flatMap((name) => {
    const keys = UNIT_SECTIONS.get(name);
    return keys === undefined ? [] : [[name, keys] as const];
  });
  const quadlet = subject.isQuadlet ? [own, 'Quadlet'].map((name) => [name, quadletKeys(subject.type, name) ?? new Set<string>()] as const) : [];
  return new Map<string, { readonly has: (key: string) => boolean }>([...quadlet, ...units]);
}

/** Keys of units that may stand more than once, each time adding to the list. */
const UNIT_LISTS = new Set(
  [
    'Documentation Requires Requisite Wants BindsTo PartOf Upholds Conflicts Before After OnFailure OnSuccess PropagatesReloadTo ReloadPropagatedFrom PropagatesStopTo StopPropagatedFrom',
    'JoinsNamespaceOf RequiresMountsFor WantsMountsFor Alias WantedBy RequiredBy UpheldBy Also',
    'ExecStartPre ExecStart ExecStartPost ExecCondition ExecReload ExecStop ExecStopPre ExecStopPost SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus Sockets',
    'ListenStream ListenDatagram ListenSequentialPacket ListenFIFO ListenSpecial ListenNetlink ListenMessageQueue ListenUSBFunction Symlinks',
    'SupplementaryGroups Environment EnvironmentFile PassEnvironment UnsetEnvironment RuntimeDirectory StateDirectory CacheDirectory LogsDirectory ConfigurationDirectory',
  ].flatMap((keys) => keys.split(' ')),
);

/** Of what rouse only knows by name; systemd.exec(5), systemd.resource-control(5). */
const OTHER_LISTS =
  /^(Condition|Assert|.*(Paths|Directories|Filter|Families|Images|Mounts)$|BindPaths|Restrict|SystemCall|Capability|Ambient|LoadCredential|SetCredential|ImportCredential|IPAddress|IO.*(Max|Weight|Sec)$|Device|Socket(Bind)|OpenFile|LogExtraFields|LogFilterPatterns|CPUAffinity|StandardInput(Text|Data)|TemporaryFileSystem|ExecSearchPath|SecureBits|DisableControllers|BlockIO|NFTSet|BPFProgram|Allowed|Limit|DeviceAllow|Smack)/;

/** Keys of Quadlet files that may stand more than once. */
const QUADLET_LISTS = new Set(
  [
    'AddCapability AddDevice AddHost Annotation BuildArg ConfigMap ContainersConfModule DNS DNSOption DNSSearch DropCapability Environment EnvironmentFile ExposeHostPort GIDMap GlobalArgs GroupAdd',
    'ImageTag Label LogOpt Mask Mount Network NetworkAlias Options PodmanArgs PublishPort RemapGid RemapUid Secret Subnet Gateway IPRange Sysctl Tmpfs UIDMap Ulimit Unmask Volume Yaml AutoUpdate HostName',
  ].flatMap((keys) => keys.split(' ')),
);

/** Where a list key stands for lists in one kind only. */
const QUADLET_SINGLES: Readonly<Record<string, readonly string[]>> = { container: ['AutoUpdate', 'HostName'], image: ['ImageTag'], volume: ['Options'] };

export function isList(section: string, key: string): boolean {
  if (UNIT_SECTIONS.has(section)) return UNIT_LISTS.has(key) || OTHER_LISTS.test(key);
  return QUADLET_LISTS.has(key) && QUADLET_SINGLES[section.toLowerCase()]?.includes(key) !== true;
}

interface Deprecated {
  readonly section: string;
  readonly keys: readonly string[];
  readonly hint: string;
}

function row(section: string, keys: string, hint: string): Deprecated {
  return { section, keys: keys.split(' '), hint };
}

/** systemd's and podman's own words on what has replaced what. */
const DEPRECATED: readonly Deprecated[] = [
  row('Container', 'RemapUsers', 'UserNS=, with UIDMap= and GIDMap= where it was manual'),
  row('Container', 'RemapUid RemapUidSize', 'UIDMap=, or UserNS=auto:size=…'),
  row('Container', 'RemapGid', 'GIDMap='),
  row('Kube', 'RemapUsers RemapUid RemapGid RemapUidSize', 'UserNS='),
  row('Pod', 'RemapUsers RemapUid RemapGid RemapUidSize', 'UserNS=, UIDMap= and GIDMap='),
  row('Container', 'VolatileTmp', 'Tmpfs=/tmp, or ReadOnlyTmpfs=yes'),
  row('Unit', 'BindTo', 'BindsTo='),
  row('Unit', 'RequiresOverridable', 'Requires='),
  row('Unit', 'RequisiteOverridable', 'Requisite='),
  row('Unit', 'PropagateReloadTo', 'PropagatesReloadTo='),
  row('Unit', 'PropagateReloadFrom', 'ReloadPropagatedFrom='),
  row('Unit', 'OnFailureIsolate', 'OnFailureJobMode=isolate'),
  row('Unit', 'IgnoreOnSnapshot', 'nothing: snapshots are gone'),
  row('Unit', 'StartLimitInterval', 'StartLimitIntervalSec='),
  row('Service', 'StartLimitInterval StartLimitIntervalSec', 'StartLimitIntervalSec= in section [Unit]'),
  row('Service', 'StartLimitBurst', 'StartLimitBurst= in section [Unit]'),
  row('Service', 'StartLimitAction', 'StartLimitAction= in section [Unit]'),
  row('Service', 'FailureAction SuccessAction RebootArgument', 'the same key in section [Unit]'),
  row('Service', 'PermissionsStartOnly', 'a + before the program of ExecStartPre= and its like'),
  row('Service', 'SysVStartPriority FsckPassNo BusPolicy', 'nothing: it has no effect'),
  ...['Service', 'Socket'].flatMap((section) => [
    row(section, 'MemoryLimit', 'MemoryMax='),
    row(section, 'CPUShares StartupCPUShares', 'CPUWeight='),
    row(section, 'BlockIOWeight StartupBlockIOWeight BlockIOAccounting', 'IOWeight='),
    row(section, 'ReadWriteDirectories', 'ReadWritePaths='),
    row(section, 'ReadOnlyDirectories', 'ReadOnlyPaths='),
    row(section, 'InaccessibleDirectories', 'InaccessiblePaths='),
  ]),
];

/** What to use in its place. */
export function replacementOf(section: string, key: string): string | undefined {
  return DEPRECATED.find((each) => each.section === section && each.keys.includes(key))?.hint;
}
