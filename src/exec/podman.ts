/**
 * The podman command of a container's service, as this host can run it. Quadlet writes it for systemd: `--cgroups=split`
 * wants a cgroup that may be divided, and output goes to the journal. Where the host has neither, the command gets what the
 * host does have; the table is in docs/containers.md. Everything else in the command stays as the user's file made it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename } from 'node:path';
import type { CgroupLayout } from './cgroup.js';
import { containersConf } from './containers-conf.js';

export interface PodmanHost {
  readonly layout: CgroupLayout;
  /** podman runs without root's rights: it may make cgroups where they were delegated, and in v1's hierarchies never. */
  readonly rootless: boolean;
  /** journald answers on its native socket, so podman's own choice of a log driver works. */
  readonly journald: boolean;
  /** Where runc is, if it is. */
  readonly runc: string | undefined;
  /** The OCI runtime that podman uses where nobody names one. */
  readonly runtime: string | undefined;
  /** podman finds a systemd, and lets it run the health checks. */
  readonly systemd: boolean;
  /** `--ulimit=` words for a host that lacks CAP_SYS_RESOURCE, as a sandbox does: a container cannot have higher limits there. */
  readonly ulimits: readonly string[];
}

export interface AdaptedCommand {
  readonly argv: readonly string[];
  /** What was changed and why, for the log; said once. */
  readonly notes: readonly string[];
  /** Where the container's output goes, when not to the journal. */
  readonly logPath: string | undefined;
}

/** `--cgroups=split` becomes this, and why. */
const CGROUPS: Readonly<Record<CgroupLayout, { readonly mode: string; readonly why: string } | undefined>> = {
  unified: undefined,
  undelegated: { mode: 'disabled', why: 'no cgroup is delegated to this user' },
  hybrid: { mode: 'enabled', why: 'this host has cgroup v1 controllers (hybrid)' },
  none: { mode: 'disabled', why: 'this host has no cgroup v2' },
};

const KEPT_IN_FILE = 'no journal here: podman keeps the output in a file (--log-driver=k8s-file), which `rouse logs` reads';

/** What the unit has for its container. */
export interface PodmanUnit {
  /** Where the container's output may be kept. */
  readonly logPath: string;
  /** The unit's cgroup, as the kernel names it. */
  readonly cgroup: string | undefined;
}

/** `argv` of any service that Quadlet generated. */
export function adaptPodman(argv: readonly string[], host: PodmanHost, { logPath, cgroup }: PodmanUnit): AdaptedCommand {
  if (basename(argv[0] ?? '') !== 'podman') return { argv, notes: [], logPath: undefined };
  if (argv.includes('play')) return adaptKube(argv, host);
  if (!argv.includes('run')) return { argv, notes: [], logPath: undefined };
  const notes: string[] = [];
  let adapted = adaptLimits(adaptCgroups(argv, host, notes, cgroup), host, notes);
  const logged = !host.journald && !hasOption(adapted, '--log-driver') && !hasOption(adapted, '--log-opt');
  if (logged) {
    notes.push(KEPT_IN_FILE);
    adapted = insertAfterRun(adapted, ['--log-driver=k8s-file', `--log-opt=path=${logPath}`, '--log-opt=max-size=8mb']);
  }
  return { argv: adapted, notes, logPath: logged ? logPath : undefined };
}

/** Each container has a file of its own, where podman puts it, so that `podman logs` tells them apart; here it is only kept from growing. */
function adaptKube(argv: readonly string[], host: PodmanHost): AdaptedCommand {
  if (host.journald || hasOption(argv, '--log-driver') || hasOption(argv, '--log-opt')) return { argv, notes: [], logPath: undefined };
  const at = argv.indexOf('play') + 1;
  return { argv: [...argv.slice(0, at), '--log-driver=k8s-file', '--log-opt=max-size=8mb', ...argv.slice(at)], notes: [KEPT_IN_FILE], logPath: undefined };
}

function adaptCgroups(argv: readonly string[], host: PodmanHost, notes: string[], cgroup: string | undefined): readonly string[] {
  const wanted = CGROUPS[host.layout];
  if (wanted === undefined || !argv.includes('--cgroups=split')) return argv;
  notes.push(`using --cgroups=${wanted.mode} in place of --cgroups=split: ${wanted.why}`);
  // The container's cgroups go below the unit's, in every hierarchy, so that they are removed with it. Without root there are none.
  const parent = wanted.mode === 'enabled' && !host.rootless && cgroup !== undefined && !hasOption(argv, '--cgroup-parent') ? [`--cgroup-parent=${cgroup}`] : [];
  const adapted = argv.flatMap((word) => (word === '--cgroups=split' ? [`--cgroups=${wanted.mode}`, ...parent] : [word]));
  if (host.layout !== 'hybrid' || host.rootless || host.runc === undefined || hasOption(adapted, '--runtime')) return adapted;
  notes.push('using runc: crun cannot make cgroups where v1 and v2 are mixed');
  return [...adapted.slice(0, 1), `--runtime=${host.runc}`, ...adapted.slice(1)];
}

/** podman asks for more open files and processes than we have, which the runtime then may not set. */
function adaptLimits(argv: readonly string[], host: PodmanHost, notes: string[]): readonly string[] {
  if (host.ulimits.length === 0 || hasOption(argv, '--ulimit')) return argv;
  notes.push(`using ${host.ulimits.join(' ')}: raising limits takes CAP_SYS_RESOURCE, which is missing here`);
  return insertAfterRun(argv, host.ulimits);
}

function hasOption(argv: readonly string[], option: string): boolean {
  return argv.some((word) => word === option || word.startsWith(`${option}=`));
}

function insertAfterRun(argv: readonly string[], words: readonly string[]): readonly string[] {
  const at = argv.indexOf('run') + 1;
  return [...argv.slice(0, at), ...words, ...argv.slice(at)];
}

export function detectPodmanHost(layout: CgroupLayout, path: string, home = homedir()): PodmanHost {
  const find = (program: string): string | undefined =>
    path
      .split(':')
      .map((folder) => `${folder}/${program}`)
      .find((file) => existsSync(file));
  const rootless = process.getuid?.() !== 0;
  const runc = find('runc');
  return {
    layout,
    rootless,
    journald: existsSync('/run/systemd/journal/socket'),
    runc,
    runtime: containersConf('runtime', home) ?? find('crun') ?? runc,
    systemd: hasSystemd(rootless),
    ulimits: rootless || hasCapability(CAP_SYS_RESOURCE) ? [] : ownLimits(),
  };
}

/** Whether a real one answers where podman asks for its timers. */
function hasSystemd(rootless: boolean): boolean {
  try {
    const folder = rootless ? (process.env['XDG_RUNTIME_DIR'] ?? '') : '/run';
    return readFileSync('/proc/1/comm', 'utf8').trim() === 'systemd' && existsSync(`${folder}/systemd/private`);
  } catch {
    return false;
  }
}

/** <linux/capability.h> */
const CAP_SYS_RESOURCE = 24n;

function hasCapability(capability: bigint): boolean {
  try {
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    return ((BigInt(`0x${effective}`) >> capability) & 1n) === 1n;
  } catch {
    return true;
  }
}

/** Our own limits, as podman takes them; proc_pid_limits(5). podman lowers its processes to pid_max before it starts a runtime. */
function ownLimits(): readonly string[] {
  const text = readFileSync('/proc/self/limits', 'utf8');
  const pidMax = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8'));
  const limit = (row: string, most: number): number => Math.min(most, Number(new RegExp(`^${row}\\s+\\S+\\s+(\\d+)`, 'm').exec(text)?.[1] ?? most));
  const files = limit('Max open files', MOST_FILES);
  const processes = limit('Max processes', pidMax);
  return [`--ulimit=nofile=${files}:${files}`, `--ulimit=nproc=${processes}:${processes}`];
}

/** What podman itself asks for. */
const MOST_FILES = 1_048_576;
