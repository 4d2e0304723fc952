/** Finds the scope of this process: the one place that looks at the environment, the user and what else runs on the host. */
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { userInfo } from 'node:os';
import { configHome, generatorSearchPath, quadletSearchPath, unitSearchPath, type SearchContext } from '../unitfile/search-path.js';
import { isPrivateOurs, privateLink } from './private-link.js';
import { GENERATED_UNITS, RUN_UNITS, type Scope } from './scope.js';
import { statQuietly } from './quietly.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface ScopeOptions {
  /** --user as root; without it root is the system and everyone else a user. */
  readonly user?: boolean;
  readonly env: Env;
}

/** The environment leaves no safe place to work in. */
export class ScopeError extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** Throws ScopeError. */
export async function resolveScope({ user, env }: ScopeOptions): Promise<Scope> {
  const uid = process.getuid?.() ?? 0;
  const mode = uid === 0 && user !== true ? 'system' : 'user';
  const home = env['HOME'] ?? homeOf();
  const warnings: string[] = [];
  const runtimeDir = mode === 'system' ? '/run' : userRuntimeDir(uid, env, warnings);
  const rouseDir = env['ROUSE_RUNTIME_DIR'] ?? `${runtimeDir}/rouse`;
  const context: SearchContext = { mode, uid, home, runtimeDir, env, generated: `${rouseDir}/${GENERATED_UNITS}` };
  const config = configHome(context);
  const folders = [...(env['ROUSE_UNIT_PATH'] ?? '').split(':').filter(Boolean), mode === 'system' ? '/etc/rouse' : `${config}/rouse`];
  const own = [...folders, `${rouseDir}/${RUN_UNITS}`];
  const taken = !isPrivateOurs({ runtimeDir }) && (await answers(privateLink({ runtimeDir }).link));
  return {
    mode,
    uid,
    gid: process.getgid?.() ?? 0,
    userName: nameOf(uid),
    home,
    runtimeDir,
    rouseDir,
    controlSocket: `${rouseDir}/control.sock`,
    logDir: env['ROUSE_LOG_DIR'] ?? (mode === 'system' ? '/var/log/rouse' : `${env['XDG_STATE_HOME'] ?? `${home}/.local/state`}/rouse/log`),
    configUnitDir: taken || env['ROUSE_UNIT_PATH'] !== undefined ? (own[0] ?? '/etc/rouse') : mode === 'system' ? '/etc/systemd/system' : `${config}/systemd/user`,
    unitDirs: taken ? own : [...own, ...unitSearchPath(context)],
    generatorDirs: taken ? [] : generatorSearchPath(context),
    quadletDirs: taken ? own : [...own, ...quadletSearchPath(context)],
    notice: taken ? `systemd runs here for ${mode === 'system' ? 'the system' : 'this user'}: rouse leaves its files alone and reads ${folders.join(' and ')} only` : undefined,
    warnings,
  };
}

/** Services of the system run as other users, who must get to their notify socket through this folder. What else is in it is closed to them. */
const MODES = { system: 0o711, user: 0o700 } as const;

/** Creates the folder of control socket and state, and checks that it is ours. Throws ScopeError. */
export function prepareRouseDir({ rouseDir, uid, mode }: Scope): void {
  mkdirSync(rouseDir, { recursive: true, mode: 0o700 });
  checkPrivate(rouseDir, uid, MODES[mode]);
  // Whatever the umask was.
  chmodSync(rouseDir, MODES[mode]);
}

/** XDG_RUNTIME_DIR, /run/user/UID, or a private folder: after `su`, in cron, on Alpine there may be no first and no second. */
function userRuntimeDir(uid: number, env: Env, warnings: string[]): string {
  const set = env['XDG_RUNTIME_DIR'];
  if (set !== undefined && set.startsWith('/')) return set.replace(/(?<=.)\/+$/, '');
  const usual = `/run/user/${uid}`;
  const stat = statQuietly(usual);
  if (stat?.isDirectory() === true && stat.uid === uid) {
    warnings.push(`XDG_RUNTIME_DIR is not set, using ${usual}`);
    return usual;
  }
  const own = `/tmp/rouse-runtime-${uid}`;
  mkdirSync(own, { recursive: true, mode: 0o700 });
  checkPrivate(own, uid);
  warnings.push(`XDG_RUNTIME_DIR is not set and there is no ${usual}, using ${own}`);
  return own;
}

function checkPrivate(folder: string, uid: number, most = 0o700): void {
  const stat = lstatSync(folder);
  if (!stat.isDirectory()) throw new ScopeError(`${folder} is not a folder, refusing to use it`, 'remove it, or set XDG_RUNTIME_DIR');
  if (stat.uid !== uid) throw new ScopeError(`${folder} belongs to user ${stat.uid} and not to ${uid}, refusing to use it`, 'set XDG_RUNTIME_DIR to a folder of your own');
  if ((stat.mode & 0o777 & ~most) !== 0)
    throw new ScopeError(`${folder} can be used by others (mode ${(stat.mode & 0o777).toString(8)}), refusing to use it`, `chmod ${most.toString(8)} ${folder}`);
}

/** Whether someone listens on a Unix socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.on('connect', () => end(true));
    // A socket that we may not connect to has an owner all the same.
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'EACCES' || error.code === 'EPERM'));
  });
}

function nameOf(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return String(uid);
  }
}

function homeOf(): string {
  try {
    return userInfo().homedir;
  } catch {
    return '/';
  }
}
