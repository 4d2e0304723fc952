/** cron: a line `@reboot` in the user's own table, which needs no root; crontab(5). */
import type { LingerHost } from './host.js';
import { environmentWords, shellWords, type Target } from './target.js';
import { LingerError, type Way } from './way.js';

const MARK = '# rouse linger';

export const cron: Way = {
  name: 'cron',
  needsRoot: false,
  isHere: (host) => host.has('crontab'),
  isEnabled: (host, target) => tableOf(host, target).some(isOurs),
  enable(host, target) {
    const others = tableOf(host, target).filter((line) => !isOurs(line));
    install(host, target, [...others, cronLine(target)]);
    return [`Added a line @reboot to the crontab of ${target.user.name}: cron starts it at boot`];
  },
  disable(host, target) {
    const table = tableOf(host, target);
    if (!table.some(isOurs)) return [];
    install(
      host,
      target,
      table.filter((line) => !isOurs(line)),
    );
    return [`Removed the line @reboot from the crontab of ${target.user.name}`];
  },
};

/** The manager goes into the background by itself; crontab(5) turns a bare % into a new line. */
export function cronLine(target: Target): string {
  const command = shellWords([...environmentWords(target), ...target.rouse, '--quiet', 'start', 'default.target']);
  return `@reboot ${command.replaceAll('%', '\\%')} ${MARK}`;
}

function isOurs(line: string): boolean {
  return line.endsWith(MARK);
}

function tableOf(host: LingerHost, target: Target): readonly string[] {
  // Without a table it says so, and fails.
  return host
    .run('crontab', [...whose(host, target), '-l'])
    .stdout.split('\n')
    .filter((line, i, lines) => i < lines.length - 1 || line !== '');
}

function install(host: LingerHost, target: Target, lines: readonly string[]): void {
  const { ok, stderr } = host.run('crontab', [...whose(host, target), '-'], lines.map((line) => `${line}\n`).join(''));
  if (!ok) throw new LingerError(`crontab refused the new table: ${stderr.trim()}`, 'crontab -l shows the old one, which is unchanged');
}

/** Root names the user; anyone else has one table only. */
function whose(host: LingerHost, { user }: Target): readonly string[] {
  return host.isRoot && user.uid !== 0 ? ['-u', user.name] : [];
}
