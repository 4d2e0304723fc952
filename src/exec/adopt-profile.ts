/**
 * The seccomp profile of a container whose sockets are adopted: the one that it would have anyway, with the calls to bind and listen sent
 * to us instead of to the kernel. seccomp.json(5), podman-run(1) --security-opt, and `listenerPath` of the OCI runtime's specification.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { splitRunOptions, type RunOption } from '../unit/podman-options.js';

export interface AdoptProfilePaths {
  /** Where the profile is written. */
  readonly profile: string;
  /** The Unix socket to which the runtime sends the notify descriptor. */
  readonly listener: string;
  /** The home of the user who runs podman. */
  readonly home: string;
}

export type AdoptedCommand = { readonly ok: true; readonly argv: readonly string[] } | { readonly ok: false; readonly why: string };

interface Rule {
  readonly names?: readonly string[];
  readonly name?: string;
  readonly action: string;
}

interface Profile {
  readonly defaultAction?: string;
  readonly syscalls?: readonly Rule[];
  readonly listenerPath?: string;
}

const CALLS: readonly string[] = ['bind', 'listen'];
const ALLOW = 'SCMP_ACT_ALLOW';
const NOTIFY = 'SCMP_ACT_NOTIFY';

/** A `podman run` with this profile. `why` says what stands in the way. */
export function withAdoptProfile(argv: readonly string[], paths: AdoptProfilePaths): AdoptedCommand {
  const at = argv.indexOf('run');
  if (basename(argv[0] ?? '') !== 'podman' || at < 0) return { ok: false, why: 'its command is not podman run' };
  const { options, rest } = splitRunOptions(argv.slice(at + 1));
  const base = baseProfile(options, paths.home);
  if (!base.ok) return base;
  const profile = askingProfile(base.profile, paths.listener);
  if (profile === undefined) return { ok: false, why: 'its seccomp profile has a listener of its own' };
  writeIfOther(paths.profile, JSON.stringify(profile));
  const others = options.filter((option) => seccompOf(option) === undefined);
  return { ok: true, argv: [...argv.slice(0, at + 1), `--security-opt=seccomp=${paths.profile}`, ...others.flatMap(({ words }) => words), ...rest] };
}

type Base = { readonly ok: true; readonly profile: Profile } | { readonly ok: false; readonly why: string };

function baseProfile(options: readonly RunOption[], home: string): Base {
  const named = options.map(seccompOf).findLast((value) => value !== undefined);
  const privileged = options.findLast(({ name }) => name === 'privileged');
  const isPrivileged = privileged !== undefined && privileged.value !== 'false';
  if (named === 'unconfined' || (named === undefined && isPrivileged)) return { ok: true, profile: { defaultAction: ALLOW } };
  const path = named ?? defaultPath(home);
  if (path === undefined) return { ok: false, why: `podman's seccomp profile is none of ${DEFAULTS.join(', ')}` };
  try {
    return { ok: true, profile: JSON.parse(readFileSync(path, 'utf8')) as Profile };
  } catch (error) {
    return { ok: false, why: `its seccomp profile ${path} cannot be read: ${(error as Error).message}` };
  }
}

/** The value of `--security-opt seccomp=…`. */
function seccompOf({ name, value }: RunOption): string | undefined {
  return name === 'security-opt' ? /^seccomp[=:](.*)$/.exec(value ?? '')?.[1] : undefined;
}

/** containers.conf(5), seccomp_profile=, and then where distributions put it. */
const DEFAULTS = ['/etc/containers/seccomp.json', '/usr/share/containers/seccomp.json'];

function defaultPath(home: string): string | undefined {
  const configs = ['/usr/share/containers/containers.conf', '/etc/containers/containers.conf', ...confs('/etc/containers/containers.conf.d')];
  const own = [`${home}/.config/containers/containers.conf`, ...confs(`${home}/.config/containers/containers.conf.d`)];
  const set = [...configs, ...own].flatMap((file) => /^\s*seccomp_profile\s*=\s*"([^"]+)"/m.exec(read(file))?.[1] ?? []).at(-1);
  return set ?? DEFAULTS.find((file) => existsSync(file));
}

function confs(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The same profile: where it allows the calls, they are asked about, under the same conditions; where it does not, they stay forbidden. */
function askingProfile(base: Profile, listenerPath: string): Profile | undefined {
  const rules = (base.syscalls ?? []).map((rule) => ({ ...rule, names: rule.names ?? (rule.name === undefined ? [] : [rule.name]) }));
  if (base.listenerPath !== undefined || rules.some(({ action }) => action === NOTIFY)) return undefined;
  const asked = rules.flatMap((rule) => {
    const calls = rule.names.filter((name) => CALLS.includes(name));
    if (rule.action !== ALLOW || calls.length === 0) return [rule];
    return [
      { ...rule, names: rule.names.filter((name) => !CALLS.includes(name)) },
      { ...rule, names: calls, action: NOTIFY },
    ];
  });
  const unnamed = base.defaultAction === ALLOW ? CALLS.filter((call) => !rules.some(({ names }) => names.includes(call))) : [];
  const byDefault = unnamed.length === 0 ? [] : [{ names: unnamed, action: NOTIFY }];
  return { ...base, listenerPath, syscalls: [...asked.filter(({ names }) => names.length > 0), ...byDefault] };
}

function writeIfOther(path: string, text: string): void {
  if (read(path) === text) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode: 0o600 });
}
