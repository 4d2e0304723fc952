/**
 * Keys of a compose service, and the lines of a .container that mean the same; compose-spec, 05-services.md, and podman-systemd.unit(5). Those that take
 * more than their own value to understand (image, ports, volumes, networks, depends_on …) are in service.ts.
 */
import { literal, literalWords, setting } from '../run/unit-text.js';
import { isRecord, pairs, seconds, text, texts, words, type Line } from './values.js';

export interface KeyAround {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A path as the compose file means it. */
  readonly resolve: (path: string) => string;
}

/** undefined: this value is none that could be carried over. */
type Handler = (value: unknown, around: KeyAround) => readonly Line[] | undefined;

const one =
  (key: string): Handler =>
  (value) => {
    const own = text(value);
    return own === undefined ? undefined : [[key, literal(own)]];
  };
const each =
  (key: string): Handler =>
  (value) =>
    texts(value).map((own) => [key, literal(own)]);
const eachWord =
  (key: string): Handler =>
  (value) =>
    pairs(value).map((own) => [key, literalWords([own])]);
const command =
  (key: string): Handler =>
  (value) =>
    words(value).length === 0 ? [] : [[key, literalWords(words(value))]];
const option =
  (name: string): Handler =>
  (value) =>
    texts(value).map((own) => ['PodmanArgs', literalWords([`--${name}=${own}`])]);
const flag =
  (key: string, name = ''): Handler =>
  (value) =>
    value === true || value === 'true' ? [key === 'PodmanArgs' ? [key, `--${name}`] : [key, 'true']] : [];
const inSeconds =
  (key: string): Handler =>
  (value) => {
    const own = seconds(value);
    return own === undefined ? undefined : [[key, own]];
  };
const nothing: Handler = () => [];

export const SERVICE_KEYS: Readonly<Record<string, Handler>> = {
  annotations: eachWord('Annotation'),
  attach: nothing,
  cap_add: (value) => texts(value).map((own) => ['AddCapability', own]),
  cap_drop: (value) => texts(value).map((own) => ['DropCapability', own]),
  cgroup_parent: option('cgroup-parent'),
  command: command('Exec'),
  container_name: one('ContainerName'),
  cpus: option('cpus'),
  cpu_shares: option('cpu-shares'),
  cpuset: option('cpuset-cpus'),
  devices: (value) => texts(value).map((own) => ['AddDevice', literal(own)]),
  device_cgroup_rules: option('device-cgroup-rule'),
  dns: each('DNS'),
  dns_opt: each('DNSOption'),
  dns_search: each('DNSSearch'),
  // A list in Entrypoint= is JSON, as podman's --entrypoint takes it.
  entrypoint: (value) => {
    const argv = words(value);
    return argv.length === 0 ? [] : [['Entrypoint', literal(argv.length === 1 ? (argv[0] ?? '') : JSON.stringify(argv))]];
  },
  env_file: (value, { resolve }) => {
    const files = Array.isArray(value) ? value : [value];
    return files.flatMap((file): readonly Line[] => {
      const path = isRecord(file) ? text(file['path']) : text(file);
      return path === undefined ? [] : [['EnvironmentFile', literalWords([resolve(path)])]];
    });
  },
  environment: (value, { env }) => pairs(value, env).map((own) => ['Environment', setting(own).replaceAll('$', '$$$$')]),
  expose: nothing,
  extra_hosts: (value) =>
    (isRecord(value) ? Object.entries(value).map(([name, address]) => `${name}:${text(address) ?? ''}`) : texts(value)).map((own) => ['AddHost', literal(own.replace('=', ':'))]),
  group_add: each('GroupAdd'),
  healthcheck: (value) => healthLines(value),
  hostname: one('HostName'),
  init: flag('RunInit'),
  ipc: option('ipc'),
  labels: eachWord('Label'),
  logging: (value) => {
    const driver = isRecord(value) ? text(value['driver']) : undefined;
    const options = isRecord(value) && isRecord(value['options']) ? pairs(value['options']) : [];
    return [...(driver === undefined ? [] : [['LogDriver', driver] as const]), ...options.map((own): Line => ['PodmanArgs', literalWords([`--log-opt=${own}`])])];
  },
  mac_address: option('mac-address'),
  mem_limit: option('memory'),
  mem_reservation: option('memory-reservation'),
  memswap_limit: option('memory-swap'),
  oom_score_adj: option('oom-score-adj'),
  pid: option('pid'),
  pids_limit: one('PidsLimit'),
  platform: option('platform'),
  privileged: flag('PodmanArgs', 'privileged'),
  pull_policy: (value) => [['Pull', value === 'if_not_present' ? 'missing' : value === 'build' ? 'never' : (text(value) ?? '')]],
  read_only: flag('ReadOnly'),
  runtime: option('runtime'),
  security_opt: (value) =>
    texts(value).map((own): Line =>
      /^no-new-privileges([:=]true)?$/.test(own) ? ['NoNewPrivileges', 'true'] : ['PodmanArgs', literalWords([`--security-opt=${own.replace(/^seccomp:/, 'seccomp=')}`])],
    ),
  shm_size: one('ShmSize'),
  // Nobody types into it.
  stdin_open: nothing,
  tty: nothing,
  stop_grace_period: inSeconds('StopTimeout'),
  stop_signal: one('StopSignal'),
  sysctls: eachWord('Sysctl'),
  tmpfs: each('Tmpfs'),
  ulimits: (value) =>
    Object.entries(isRecord(value) ? value : {}).map(([name, limit]) => [
      'Ulimit',
      `${name}=${isRecord(limit) ? `${text(limit['soft']) ?? ''}:${text(limit['hard']) ?? ''}` : (text(limit) ?? '')}`,
    ]),
  user: (value) => {
    const [user = '', group] = (text(value) ?? '').split(':');
    return [['User', literal(user)], ...(group === undefined ? [] : [['Group', literal(group)] as const])];
  },
  userns_mode: one('UserNS'),
  uts: option('uts'),
  working_dir: one('WorkingDir'),
};

function healthLines(value: unknown): readonly Line[] | undefined {
  if (!isRecord(value)) return undefined;
  const test = value['test'];
  if (value['disable'] === true || (Array.isArray(test) && test[0] === 'NONE')) return [['HealthCmd', 'none']];
  const list = texts(test);
  const cmd = !Array.isArray(test) ? text(test) : list[0] === 'CMD' ? JSON.stringify(list.slice(1)) : list[1];
  const times = [
    ['interval', 'HealthInterval'],
    ['timeout', 'HealthTimeout'],
    ['retries', 'HealthRetries'],
    ['start_period', 'HealthStartPeriod'],
  ] as const;
  const rest = times.flatMap(([name, key]): readonly Line[] => (text(value[name]) === undefined ? [] : [[key, text(value[name]) ?? '']]));
  return [...(cmd === undefined ? [] : [['HealthCmd', literal(cmd)] as const]), ...rest];
}
