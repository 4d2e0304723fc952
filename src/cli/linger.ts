/** `rouse linger`: the manager starts at boot, and outlives the log-out. */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { LingerHost } from '../linger/host.js';
import { describe, type Target } from '../linger/target.js';
import { LingerError, type Way } from '../linger/way.js';
import { chooseWay, WAYS } from '../linger/ways.js';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';

const ACTIONS: Readonly<Record<string, (context: CliContext, host: LingerHost, target: Target) => number>> = { enable, disable, status };

export async function linger(context: CliContext, [action = 'status', user, ...more]: readonly string[]): Promise<number> {
  const act = ACTIONS[action];
  if (act === undefined || more.length > 0) throw new CliError(`Unknown call: rouse linger ${[action, user, ...more].join(' ')}`, 'rouse linger enable|disable|status [user]');
  try {
    return await Promise.resolve(act(context, new LingerHost(), targetOf(context, user)));
  } catch (error) {
    if (error instanceof LingerError) throw new CliError(error.message, error.hint);
    throw error;
  }
}

function enable({ io }: CliContext, host: LingerHost, target: Target): number {
  const way = chooseWay(host, target);
  for (const line of way.enable(host, target)) io.out(`${line}\n`);
  return EXIT.success;
}

/** Whatever is found, however the host has changed since; first by the way that the host has now, which can end what runs. */
function disable({ io }: CliContext, host: LingerHost, target: Target): number {
  const here = WAYS.filter((way) => way.isHere(host, target));
  const done = [...new Set([...here, ...WAYS])].flatMap((way) => (way.isEnabled(host, target) ? way.disable(host, target) : []));
  io.out(done.length === 0 ? `Nothing starts ${describe(target)} at boot\n` : `${done.join('\n')}\n`);
  return EXIT.success;
}

function status({ io, options }: CliContext, host: LingerHost, target: Target): number {
  const ways = enabledWays(host, target).map(({ name }) => name);
  if (options.json === true) io.out(`${JSON.stringify({ user: target.user.name, mode: target.mode, enabled: ways.length > 0, by: ways }, undefined, 2)}\n`);
  else if (ways.length > 0) io.out(`${io.style.green('●')} ${describe(target)} starts at boot, by ${ways.join(' and ')}\n`);
  else io.out(`○ ${describe(target)} does not start at boot\n  hint: rouse linger enable\n`);
  return ways.length > 0 ? EXIT.success : EXIT.notActive;
}

function enabledWays(host: LingerHost, target: Target): readonly Way[] {
  return WAYS.filter((way) => way.isHere(host, target) && way.isEnabled(host, target));
}

/** The caller's own manager, or for root that of a user. Throws CliError. */
function targetOf(context: CliContext, name: string | undefined): Target {
  const own = userInfo();
  const user = name === undefined || name === own.username ? { name: own.username, uid: own.uid, gid: own.gid, home: context.scope.home } : findUser(name);
  if (user.uid !== own.uid && own.uid !== 0) throw new CliError(`Only root can do this for ${user.name}`);
  const environment = user.uid === own.uid ? ownVariables() : {};
  return { mode: user.uid === 0 ? 'system' : 'user', user, rouse: [process.execPath, process.argv[1] ?? 'rouse'], environment };
}

function ownVariables(): Readonly<Record<string, string>> {
  return Object.fromEntries(['ROUSE_UNIT_PATH', 'ROUSE_RUNTIME_DIR', 'ROUSE_LOG_DIR'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

/** passwd(5). */
function findUser(name: string): Target['user'] {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid, , home] = line?.split(':') ?? [];
  if (uid === undefined || home === undefined) throw new CliError(`There is no user '${name}'`);
  return { name, uid: Number(uid), gid: Number(gid), home };
}
