/** Unit files out of packages of Debian 13, which is what the test host is. Nothing is installed. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const PACKAGES = [
  ...[
    'dbus',
    'cups-daemon',
    'openssh-server',
    'avahi-daemon',
    'uuid-runtime',
    'gpg-agent',
    'dirmngr',
    'pcscd',
    'mariadb-server',
    'podman',
    'rpcbind',
    'docker.io',
    'containerd',
    'mpd',
  ],
  ...[
    'cockpit-ws',
    'dovecot-core',
    'dbus-user-session',
    'nginx-common',
    'apache2',
    'redis-server',
    'haproxy',
    'chrony',
    'memcached',
    'unbound',
    'named',
    'tor',
    'cron',
    'rsyslog',
    'postfix',
  ],
  ...[
    'squid',
    'tinyproxy',
    'fail2ban',
    'prometheus-node-exporter',
    'postgresql-common',
    'rsync',
    'lighttpd',
    'mosquitto',
    'snmpd',
    'vsftpd',
    'pulseaudio',
    'pipewire',
    'lvm2',
    'libvirt-daemon',
  ],
  ...[
    'bluez',
    'network-manager',
    'modemmanager',
    'udisks2',
    'polkitd',
    'upower',
    'wpasupplicant',
    'nfs-common',
    'iscsid',
    'open-iscsi',
    'smartmontools',
    'acpid',
    'apt',
    'systemd-resolved',
    'ssh-agent-filter',
  ],
];

const STORE = process.env['ROUSE_TEST_PACKAGES'] ?? '/var/cache/rouse-test-packages';
const FOLDERS = { system: ['usr/lib/systemd/system', 'lib/systemd/system'], user: ['usr/lib/systemd/user', 'lib/systemd/user'] };

/** Resolves with a folder that has `system` and `user`. */
export async function fetchUnits(say) {
  const [debs, units, root] = ['debs', 'units', 'unpacked'].map((name) => join(STORE, name));
  mkdirSync(debs, { recursive: true });
  const apt = aptOptions();
  if (readdirSync(debs).length === 0) {
    say('fetching the package lists of Debian 13');
    execFileSync('apt-get', [...apt, 'update', '-qq'], { stdio: 'inherit' });
    for (const name of PACKAGES) {
      say(`fetching ${name}`);
      // One that Debian has no more is one less.
      try {
        execFileSync('apt-get', [...apt, 'download', '-qq', name], { cwd: debs, stdio: ['ignore', 'ignore', 'ignore'] });
      } catch {
        say(`${name} is not there`);
      }
    }
  }
  rmSync(units, { recursive: true, force: true });
  for (const file of readdirSync(debs).filter((name) => name.endsWith('.deb'))) {
    rmSync(root, { recursive: true, force: true });
    execFileSync('dpkg-deb', ['-x', join(debs, file), root]);
    for (const [mode, folders] of Object.entries(FOLDERS))
      for (const folder of folders) if (existsSync(join(root, folder))) cpSync(join(root, folder), join(units, mode), { recursive: true, verbatimSymlinks: true });
  }
  for (const mode of Object.keys(FOLDERS)) mkdirSync(join(units, mode), { recursive: true });
  return units;
}

/** A world of its own: the machine's package lists stay as they are. */
function aptOptions() {
  const state = join(STORE, 'apt');
  for (const folder of ['lists/partial', 'cache/archives/partial', 'etc']) mkdirSync(join(state, folder), { recursive: true });
  writeFileSync(join(state, 'etc/sources.list'), `deb ${mirror()} trixie main\n`);
  writeFileSync(join(state, 'status'), '');
  const options = {
    'Dir::Etc::sourcelist': join(state, 'etc/sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(state, 'lists'),
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': join(state, 'cache'),
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** The machine's own mirror if it has one of Debian. */
function mirror() {
  const folder = '/etc/apt/sources.list.d';
  const files = [...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []), '/etc/apt/sources.list'].filter((path) => existsSync(path));
  const urls = files.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(\S+)/gm)].map(([, url]) => url));
  return urls.find((url) => /\/debian\/?$/.test(url)) ?? 'http://deb.debian.org/debian';
}
