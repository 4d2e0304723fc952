/** OpenRC: a script in /etc/init.d, in the runlevel `default`; openrc-run(8), "supervise-daemon". */
import { join } from 'node:path';
import { bootEnvironmentWords, describe, runtimeFolder, serviceName, shellWords, type Target } from './target.js';
import { MADE_BY, mustRun, type Way } from './way.js';

export const openrc: Way = {
  name: 'OpenRC',
  needsRoot: true,
  // It is there once OpenRC has booted the host, and not where it is only installed.
  isHere: (host) => host.has('rc-update') && host.exists('/run/openrc/softlevel'),
  isEnabled: (host, target) => host.exists(join('/etc/runlevels/default', serviceName(target))),
  enable(host, target) {
    const path = join('/etc/init.d', serviceName(target));
    host.write(path, initScript(target), 0o755);
    if (!this.isEnabled(host, target)) mustRun(host, 'rc-update', ['add', serviceName(target), 'default']);
    return [`Created ${path}, in the runlevel default: OpenRC starts it at boot`];
  },
  disable(host, target) {
    const path = join('/etc/init.d', serviceName(target));
    if (!host.exists(path)) return [];
    host.run('rc-service', ['--ifstarted', serviceName(target), 'stop']);
    if (this.isEnabled(host, target)) mustRun(host, 'rc-update', ['del', serviceName(target), 'default']);
    host.remove(path);
    return [`Removed ${path}`];
  },
};

export function initScript(target: Target): string {
  const [program, ...args] = [...target.rouse, 'daemon'];
  const { mode, user } = target;
  return [
    '#!/sbin/openrc-run',
    `# ${MADE_BY}`,
    `description=${shellWords([`rouse, ${describe(target)}`])}`,
    'supervisor=supervise-daemon',
    `command=${shellWords([program])}`,
    `command_args=${shellWords([shellWords(args)])}`,
    ...(mode === 'user' ? [`command_user=${shellWords([`${user.name}:${user.gid}`])}`] : []),
    // The manager ends its units before itself.
    'retry=TERM/90/KILL/5',
    ...bootEnvironmentWords(target).map((word) => `export ${shellWords([word])}`),
    '',
    'depend() {',
    '  use localmount cgroups net',
    '  after bootmisc',
    '}',
    ...(mode === 'user' ? ['', 'start_pre() {', `  checkpath -d -m 0711 /run/user && checkpath -d -m 0700 -o ${user.uid}:${user.gid} ${runtimeFolder(target)}`, '}'] : []),
    '',
  ].join('\n');
}
