// Accept=yes with cat: connections per second of rouse beside systemd, systemd-socket-activate -a and xinetd, in turns in one run on one
// throw-away host. Each client connects, sends a word, waits until it comes back and for the end, one client or several at a time.
//
//   node bench/accept.mjs [--rounds 5] [--count 400] [--json]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatTable, summarize } from './table.mjs';

const option = (name, fallback) => (process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : fallback);
const rounds = option('--rounds', 5);
const count = option('--count', 400);
const AT_ONCE = [1, 8];

const SOCKET = (port) => `[Socket]\nListenStream=127.0.0.1:${port}\nAccept=yes\nMaxConnections=1000\nTriggerLimitIntervalSec=0\nPollLimitIntervalSec=0\n`;
const SERVICE = '[Service]\nExecStart=/bin/cat\nStandardInput=socket\n';
const XINETD = (port) =>
  `service bench\n{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n wait = no\n user = root\n server = /bin/cat\n bind = 127.0.0.1\n port = ${port}\n cps = 100000 1\n instances = UNLIMITED\n per_source = UNLIMITED\n log_type = FILE /dev/null\n}\n`;

/** Writes a file in the host by way of a command's input. */
const write = (host, path, text) => host.exec(['sh', '-c', 'mkdir -p "$(dirname "$1")"; cat > "$1"', 'sh', path], { input: text });

const SERVERS = [
  {
    name: 'rouse',
    port: 4101,
    async start(host) {
      await write(host, '/bench/units/cat.socket', SOCKET(this.port));
      await write(host, '/bench/units/cat@.service', SERVICE);
      await host.exec(['sh', '-c', '. /bench/env; node /rouse/bin/rouse start cat.socket']);
    },
  },
  {
    name: 'systemd',
    port: 4102,
    async start(host) {
      await write(host, '/etc/systemd/system/cat.socket', SOCKET(this.port));
      await write(host, '/etc/systemd/system/cat@.service', SERVICE);
      await host.exec(['sh', '-c', 'systemctl daemon-reload; systemctl start cat.socket']);
    },
  },
  {
    name: 'systemd-socket-activate -a',
    port: 4103,
    async start(host) {
      host.spawn(['sh', '-c', `exec $(command -v systemd-socket-activate || echo /usr/lib/systemd/systemd-socket-activate) -a --inetd -l 127.0.0.1:${this.port} /bin/cat`], {
        stdio: 'ignore',
      });
    },
  },
  {
    name: 'xinetd',
    port: 4104,
    async start(host) {
      const { status } = await host.exec(['sh', '-c', 'for each in /packages/*.deb; do dpkg-deb -x "$each" /packages/root; done; test -x /packages/root/usr/sbin/xinetd']);
      if (status !== 0) return false;
      await write(host, '/bench/xinetd.conf', XINETD(this.port));
      await write(host, '/etc/protocols', 'tcp 6 TCP\n');
      host.spawn(
        [
          'sh',
          '-c',
          'export LD_LIBRARY_PATH=$(echo /packages/root/usr/lib/*-linux-gnu):$(echo /packages/root/lib/*-linux-gnu); exec /packages/root/usr/sbin/xinetd -dontfork -filelog /bench/xinetd.log -f /bench/xinetd.conf',
        ],
        { stdio: 'ignore' },
      );
      return true;
    },
  },
];

/** Debian's package, fetched on this machine as the host has no network; without it the others are measured all the same. */
function fetchXinetd() {
  const folder = mkdtempSync(join(tmpdir(), 'rouse-bench-'));
  try {
    // With the libraries that the host lacks.
    execFileSync(
      'apt-get',
      ['download', 'xinetd', 'libtirpc3', 'libwrap0', 'libselinux1', 'libgssapi-krb5-2', 'libkrb5-3', 'libk5crypto3', 'libkrb5support0', 'libcom-err2', 'libkeyutils1', 'libnsl2'],
      { cwd: folder, stdio: 'ignore', timeout: 60_000 },
    );
  } catch {
    console.error('xinetd cannot be had here: apt-get download xinetd failed');
  }
  return folder;
}

async function measure() {
  const { startHost } = await import('../test/host/host.mjs');
  const packages = fetchXinetd();
  const host = await startHost({ systemd: true, timeoutMs: 120_000, binds: [`${packages}:/packages`] });
  try {
    await host.exec(['sh', '-c', 'mkdir -p /bench && gcc -O2 -o /bench/clients /rouse/bench/connect-many.c']);
    await write(host, '/bench/env', 'export ROUSE_UNIT_PATH=/bench/units ROUSE_RUNTIME_DIR=/bench/run ROUSE_LOG_DIR=/bench/log SYSTEMD_UNIT_PATH=/none QUADLET_UNIT_DIRS=/none\n');
    const servers = [];
    for (const server of SERVERS) {
      if ((await server.start(host)) !== false) servers.push(server);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return await inTurns(host, servers);
  } finally {
    await host.stop();
    rmSync(packages, { recursive: true });
  }
}

/** One after the other, again and again: what else the machine does meets all of them. */
async function inTurns(host, servers) {
  const results = servers.map(({ name }) => ({ name, perSecond: Object.fromEntries(AT_ONCE.map((atOnce) => [atOnce, []])), lost: 0 }));
  const ask = async (server, clients, atOnce) => {
    const { status, stdout, stderr } = await host.exec(['/bench/clients', String(server.port), String(clients), String(atOnce)]);
    if (status !== 0) throw new Error(`${server.name}: ${stderr}`);
    return JSON.parse(stdout);
  };
  for (const server of servers) await ask(server, count, 1);
  for (let round = 0; round < rounds; round++) {
    for (const atOnce of AT_ONCE) {
      for (const [i, server] of servers.entries()) {
        const { perSecond, lost } = await ask(server, count, atOnce);
        results[i].perSecond[atOnce].push(perSecond);
        results[i].lost += lost;
      }
    }
  }
  return results;
}

const results = await measure();
if (process.argv.includes('--json')) console.log(JSON.stringify(results));
else {
  for (const atOnce of AT_ONCE) {
    const medians = results.map(({ perSecond }) => summarize(perSecond[atOnce]).median);
    const rows = results.map(({ name, perSecond, lost }, i) => {
      const { min, max } = summarize(perSecond[atOnce]);
      return [name, min.toFixed(0), medians[i].toFixed(0), max.toFixed(0), lost, (medians[i] / medians[0]).toFixed(2)];
    });
    console.log(`\nConnections per second, Accept=yes with cat, ${atOnce === 1 ? 'one client after the other' : `${atOnce} clients at a time`}\n`);
    console.log(formatTable(['', 'min', 'median', 'max', 'lost', 'of rouse'], rows));
  }
}
