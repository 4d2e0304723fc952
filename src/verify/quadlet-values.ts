/**
 * What podman takes as the value of a key. Quadlet hands values on as they are, so that a slip comes to light when the service
 * is started; this table tells before. Keys that take anything have no row.
 */
import { isIP, isIPv4 } from 'node:net';
import { signal } from '../unit/values/simple.js';
import { oneOfText } from './text.js';

export interface ValueRule {
  readonly keys: ReadonlySet<string>;
  /** The types of files that it is for; all that have the key, where it says nothing. */
  readonly types?: readonly string[];
  /** Each word of the value is one. */
  readonly words?: true;
  /** Completes "is not …". */
  readonly expected: string;
  readonly valid: (text: string) => boolean;
}

type Options = Pick<ValueRule, 'types' | 'words'>;

function rule(keys: string, expected: string, valid: (text: string) => boolean, options: Options = {}): ValueRule {
  return { keys: new Set(keys.split(' ')), expected, valid, ...options };
}

function words(keys: string, allowed: readonly string[], options: Options = {}): ValueRule {
  return rule(keys, oneOfText(allowed), (text) => allowed.includes(text), options);
}

/** time.ParseDuration of Go: a number has a unit, save 0. */
const DURATION = /^(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*)$/;
const SIZE = /^\d+(\.\d+)? ?([kmgtp]?i?b?)$/i;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const ULIMITS = 'core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack';
const PULL = 'always, missing, never or newer';

/** `podman --pull`, which knows the words of Kubernetes too. */
function isPullPolicy(text: string): boolean {
  return /^(always|missing|never|newer|ifnotpresent|ifmissing|ifnewer)$/i.test(text);
}

/** capabilities(7) */
const CAPABILITIES = new Set(
  (
    'AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE ' +
    'MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME ' +
    'SYS_TTY_CONFIG SYSLOG WAKE_ALARM'
  ).split(' '),
);

function isCapability(text: string): boolean {
  const name = text.toUpperCase();
  return name === 'ALL' || CAPABILITIES.has(name.replace(/^CAP_/, ''));
}

function isHostEntry(text: string): boolean {
  const address = /^[^:\s]+:(\S+)$/.exec(text)?.[1]?.replace(/^\[(.*)\]$/, '$1') ?? '';
  return address === 'host-gateway' || isIP(address) !== 0;
}

function isTimezone(text: string): boolean {
  if (text === 'local') return true;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function isSubnet(text: string): boolean {
  const [address = '', length = ''] = text.split('/');
  return isIP(address) !== 0 && /^\d{1,3}$/.test(length) && Number(length) <= (isIPv4(address) ? 32 : 128);
}

function isRange(text: string): boolean {
  const [from = '', to = ''] = text.split('-');
  return isSubnet(text) || (isIP(from) !== 0 && isIP(from) === isIP(to));
}

export const QUADLET_VALUES: readonly ValueRule[] = [
  rule('HealthInterval HealthStartupInterval', "a duration such as 30s or 1m30s, or 'disable'", (text) => text === 'disable' || DURATION.test(text)),
  rule('HealthTimeout HealthStartPeriod HealthStartupTimeout RetryDelay', 'a duration such as 30s or 1m30s', (text) => DURATION.test(text)),
  rule('HealthRetries HealthStartupRetries HealthStartupSuccess HealthMaxLogCount HealthMaxLogSize Retry UID GID', 'a whole number', (text) => /^\d+$/.test(text)),
  rule('StopTimeout', 'a number of seconds', (text) => /^\d+$/.test(text)),
  rule('PidsLimit', 'a number of processes, or -1 for no limit', (text) => /^(-1|\d+)$/.test(text)),
  rule('Memory ShmSize', 'a size such as 512m or 2g', (text) => SIZE.test(text)),
  words('HealthOnFailure', ['none', 'kill', 'restart', 'stop']),
  rule('Pull', PULL, isPullPolicy, { types: ['container'] }),
  rule('Policy', PULL, isPullPolicy),
  words('LogDriver', ['journald', 'k8s-file', 'json-file', 'none', 'passthrough', 'passthrough-tty']),
  words('CgroupsMode', ['enabled', 'disabled', 'no-conmon', 'split']),
  words('ExitPolicy', ['continue', 'stop']),
  words('ExitCodePropagation', ['all', 'any', 'none']),
  rule('StopSignal ReloadSignal', 'a signal such as SIGTERM', (text) => signal(text.toUpperCase()).ok),
  rule('AddCapability DropCapability', 'a capability such as CAP_NET_ADMIN; capabilities(7)', isCapability, { words: true }),
  rule('IP', 'an IPv4 address', isIPv4),
  rule('IP6', 'an IPv6 address', (text) => isIP(text) !== 0),
  rule('DNS', 'the IP address of a name server', (text) => text === 'none' || isIP(text) !== 0, { types: ['container', 'pod', 'build'] }),
  rule('DNS Gateway', 'an IP address', (text) => isIP(text) !== 0, { types: ['network'] }),
  rule('Subnet', 'a subnet such as 10.89.0.0/24', isSubnet),
  rule('IPRange', 'a range such as 10.89.0.0/25 or 10.89.0.10-10.89.0.20', isRange),
  rule('AddHost', 'HOST:ADDRESS with an IP address or host-gateway', isHostEntry),
  rule('Ulimit', 'NAME=SOFT[:HARD] such as nofile=1024:4096, or host', (text) => text === 'host' || new RegExp(`^(${ULIMITS})=-?\\d+(:-?\\d+)?$`).test(text)),
  rule('Sysctl', 'NAME=VALUE', (text) => /^[^=\s]+=/.test(text), { words: true }),
  rule('Tmpfs', 'an absolute path, with options behind a colon', (text) => text.startsWith('/')),
  rule('WorkingDir', 'an absolute path', (text) => text.startsWith('/')),
  rule('UserNS', 'auto, host, keep-id, nomap, private, container:NAME or ns:PATH', (text) => /^((auto|keep-id|nomap|private)(:.*)?|host|(container|ns):.+)$/.test(text)),
  rule('Timezone', "a time zone such as Europe/Berlin, or 'local'", isTimezone),
  rule('ContainerName PodName VolumeName NetworkName', 'a name of letters, digits and _.- that begins with a letter or digit', (text) => NAME.test(text)),
];
