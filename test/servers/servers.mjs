/**
 * The archive of unmodified servers: where it is kept, and building it once. A
 * change of the package list or of the recipe makes a new one.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const RECIPE = join(import.meta.dirname, 'build.sh');

/** Debian's own servers, as they are installed. */
const PACKAGES = [
  ...['busybox-static', 'nginx-light', 'lighttpd', 'apache2', 'haproxy', 'tinyproxy', 'varnish', 'caddy', 'squid', 'php-fpm'],
  ...[
    'redis-server',
    'redis-tools',
    'memcached',
    'curl',
    'postgresql',
    'mariadb-server',
    'mosquitto',
    'mosquitto-clients',
    'nats-server',
    'etcd-server',
    'prometheus-node-exporter',
  ],
  ...['python3', 'gunicorn', 'uvicorn', 'python3-aiohttp', 'nodejs', 'default-jre-headless', 'ruby', 'ruby-webrick', 'libhttp-daemon-perl'],
  ...[
    'dnsmasq-base',
    'unbound',
    'bind9-dnsutils',
    'openssh-server',
    'rsync',
    'vsftpd',
    'postfix',
    'dovecot-imapd',
    'inspircd',
    'transmission-daemon',
    'snmpd',
    'snmp',
    'tftpd-hpa',
  ],
];

function storePath() {
  return process.env['ROUSE_TEST_SERVERS'] || '/var/cache/rouse-test-servers';
}

export function archivePath() {
  const hash = createHash('sha256').update(PACKAGES.join(' ')).update(readFileSync(RECIPE)).update(process.arch).digest('hex');
  return join(storePath(), `servers-${hash.slice(0, 16)}.tar`);
}

/** Builds the archive unless it is there. */
export async function ensureServers({ onProgress = () => {} } = {}) {
  const archive = archivePath();
  if (existsSync(archive)) return archive;
  mkdirSync(storePath(), { recursive: true });
  onProgress(`building ${archive} (once, a few minutes)`);
  const env = { ...process.env, STORE: storePath(), ARCHIVE: archive, PACKAGES: PACKAGES.join(' ') };
  const lock = ['flock', '--no-fork', join(storePath(), 'servers.lock')];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...lock, 'bash', RECIPE], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', onProgress);
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0 || !existsSync(archive)) throw new Error(`Failed to build the servers' archive: see ${join(storePath(), 'servers.log')}`);
  for (const name of readdirSync(storePath())) if (/^servers-.*\.tar$/.test(name) && join(storePath(), name) !== archive) rmSync(join(storePath(), name));
  return archive;
}

if (process.argv[1] === import.meta.filename) await ensureServers({ onProgress: (line) => process.stderr.write(`servers: ${line}\n`) });
