/** runit and s6: a folder with a `run` script, which the supervisor starts at boot and again when it has ended; runsv(8), s6-supervise. */
import { join } from 'node:path';
import type { LingerHost } from './host.js';
import { runScript } from './run-script.js';
import { serviceName, shellWords, type Target } from './target.js';
import { LingerError, type Way } from './way.js';

interface Supervisor {
  readonly name: string;
  /** Its process that looks for services, with their folder as an argument. */
  readonly scanner: string;
  /** Folders of services that are started at boot, in the order in which distributions have them. */
  readonly enabled: readonly string[];
  /** Where services are kept whether they are enabled or not; a link enables them. */
  readonly kept: readonly string[];
  /** A shell's words that become the user, with all of the user's groups. */
  readonly become: (user: string) => string;
  /** Makes the scanner look; not all do so by themselves. */
  readonly rescan?: (host: LingerHost, folder: string) => void;
  /** One that runs would be left without a supervisor: it is told to end first. */
  readonly stop: (host: LingerHost, path: string) => void;
}

/** Debian, Void, and runit by its manual. */
export const runit = supervised({
  name: 'runit',
  scanner: 'runsvdir',
  enabled: ['/etc/service', '/var/service', '/service'],
  kept: ['/etc/sv', '/etc/runit/sv'],
  become: (user) => `chpst -u "${shellWords([user])}$(id -Gn ${shellWords([user])} | sed 's/^/ /; s/ /:/g')"`,
  stop: (host, path) => host.run('sv', ['-w', '30', 'force-stop', path]),
});

/** s6-overlay, s6-linux-init, and s6 by its manual. */
export const s6 = supervised({
  name: 's6',
  scanner: 's6-svscan',
  enabled: ['/etc/services.d', '/etc/s6-linux-init/current/run-image/service', '/service'],
  kept: [],
  become: (user) => `s6-setuidgid ${shellWords([user])}`,
  rescan: (host, folder) => host.run('s6-svscanctl', ['-a', folder]),
  stop: (host, path) => host.run('s6-svc', ['-wD', '-T', '30000', '-d', path]),
});

function supervised(supervisor: Supervisor): Way {
  const { name, scanner, enabled, kept } = supervisor;
  const places = (host: LingerHost, target: Target): readonly string[] =>
    [...new Set([...foldersOf(host, supervisor), ...enabled, ...kept])].map((folder) => join(folder, serviceName(target))).filter((path) => host.exists(path));
  return {
    name,
    needsRoot: true,
    isHere: (host) => host.running(scanner) !== undefined,
    isEnabled: (host, target) => places(host, target).some((path) => !kept.some((folder) => path.startsWith(`${folder}/`))),
    enable(host, target) {
      const [folder] = foldersOf(host, supervisor);
      if (folder === undefined) throw new LingerError(`${name} has no folder of services that lasts here`, `expected one of ${enabled.join(', ')}`);
      const path = join(folder, serviceName(target));
      const keeper = kept.find((each) => host.exists(each));
      const real = keeper === undefined ? path : join(keeper, serviceName(target));
      host.write(join(real, 'run'), runScript(target, supervisor.become), 0o755);
      if (real !== path) host.link(path, real);
      supervisor.rescan?.(host, folder);
      return [`Created ${join(real, 'run')}${real === path ? '' : ` and the link ${path}`}: ${name} starts it at boot`];
    },
    disable(host, target) {
      const paths = places(host, target);
      const [first] = paths;
      if (first === undefined) return [];
      supervisor.stop(host, first);
      for (const path of paths) host.remove(path);
      const [folder] = foldersOf(host, supervisor);
      if (folder !== undefined) supervisor.rescan?.(host, folder);
      return [`Removed ${paths.join(' and ')}`];
    },
  };
}

/** The one that is being looked at, unless it goes with the next boot, before those that are usual. */
function foldersOf(host: LingerHost, { scanner, enabled }: Supervisor): readonly string[] {
  const watched = (host.running(scanner) ?? []).filter((word) => word.startsWith('/') && !word.endsWith(scanner) && !word.startsWith('/run/'));
  return [...watched, ...enabled].filter((folder) => host.exists(folder));
}
