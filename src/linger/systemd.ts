/**
 * Where systemd is the host's init: a unit of systemd's that runs our manager, and for a user loginctl's own linger, which starts
 * the user's systemd at boot and keeps it after the log-out; loginctl(1), enable-linger.
 */
import { join } from 'node:path';
import type { LingerHost } from './host.js';
import { describe, type Target } from './target.js';
import { LingerError, MADE_BY, mustRun, type Way } from './way.js';

const UNIT = 'rouse.service';

export const systemd: Way = {
  name: 'systemd',
  needsRoot: false,
  isHere: (host) => host.exists('/run/systemd/system'),
  isEnabled: (host, target) => host.exists(wantsLink(target)) && (target.mode === 'system' || lingers(host, target)),
  enable(host, target) {
    if (target.mode === 'user' && !lingers(host, target)) letLinger(host, target);
    const path = join(unitFolder(target), UNIT);
    host.write(path, unitText(target));
    host.link(wantsLink(target), `../${UNIT}`);
    if (target.mode === 'system') {
      mustRun(host, 'systemctl', ['daemon-reload']);
      return [`Created ${path}, which systemd starts at boot`];
    }
    own(host, target);
    reloadUser(host, target);
    return [`Created ${path}, which the systemd of ${target.user.name} starts at boot; it lingers (loginctl), so a log-out ends nothing`];
  },
  disable(host, target) {
    const path = join(unitFolder(target), UNIT);
    if (!host.exists(path)) return [];
    host.remove(wantsLink(target));
    host.remove(path);
    if (target.mode === 'system') {
      mustRun(host, 'systemctl', ['daemon-reload']);
      return [`Removed ${path}`];
    }
    reloadUser(host, target);
    // Others may count on it: only rouse's part goes.
    return [`Removed ${path}; loginctl's own linger stays: loginctl disable-linger ${target.user.name} ends it`];
  },
};

function unitFolder({ mode, user }: Target): string {
  return mode === 'system' ? '/etc/systemd/system' : join(user.home, '.config/systemd/user');
}

function wantsLink(target: Target): string {
  return join(unitFolder(target), target.mode === 'system' ? 'multi-user.target.wants' : 'default.target.wants', UNIT);
}

function lingers(host: LingerHost, { user }: Target): boolean {
  return host.exists(`/var/lib/systemd/linger/${user.name}`);
}

/** Without polkit only root may. */
function letLinger(host: LingerHost, { user }: Target): void {
  const { ok, stderr } = host.run('loginctl', ['enable-linger', user.name]);
  if (!ok) throw new LingerError(`loginctl enable-linger ${user.name} failed: ${stderr.trim()}`, `as root: loginctl enable-linger ${user.name}`);
}

/** What root writes into a user's home is to be the user's. */
function own(host: LingerHost, target: Target): void {
  if (!host.isRoot) return;
  const { uid, gid, home } = target.user;
  mustRun(host, 'chown', ['-hR', `${uid}:${gid}`, join(home, '.config/systemd')]);
}

/** Only the user's own systemd can be asked, and only by its user; without one, the next boot reads the files anyway. */
function reloadUser(host: LingerHost, target: Target): void {
  if (host.uid === target.user.uid) host.run('systemctl', ['--user', 'daemon-reload']);
}

/** systemd.service(5). The manager ends its units itself, in order. KillMode=process: when it is killed, what it holds and runs waits for the next one (docs/keeper.md). */
export function unitText(target: Target): string {
  const environment = Object.entries(target.environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}\n`);
  return [
    `# ${MADE_BY}\n`,
    '[Unit]\n',
    `Description=rouse, ${describe(target)}\n`,
    '\n[Service]\n',
    'Type=exec\n',
    ...environment,
    `ExecStart=${[...target.rouse, 'daemon'].map(quoted).join(' ')}\n`,
    'ExecReload=/bin/kill -HUP $MAINPID\n',
    'Restart=on-failure\n',
    'KillMode=process\n',
    'Delegate=yes\n',
    '\n[Install]\n',
    `WantedBy=${target.mode === 'system' ? 'multi-user.target' : 'default.target'}\n`,
  ].join('');
}

/** systemd.syntax(7): specifiers and variables are to stay what they are. */
function quoted(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return /[\s"'\\]/.test(word) ? `"${escaped}"` : escaped;
}
