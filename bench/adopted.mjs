// One nginx image: on the host, adopted, and behind every other way in, in one run on one throw-away host; and what adopting adds to a start. Makes
// docs/adopting-speed.md with --write. The rounds take turns, because the machines are noisy: read the ratios.
//
//   node bench/adopted.mjs [--rounds 30] [--seconds 0.2] [--starts 30] [--write] [--json]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTable, ms, summarize } from './table.mjs';

const argv = process.argv.slice(2);
const option = (name, fallback) => Number(argv.includes(name) ? argv[argv.indexOf(name) + 1] : fallback);
const rounds = option('--rounds', 30);
const seconds = option('--seconds', 0.2);
const starts = option('--starts', 30);
const LONG_MS = 900_000;
const CFG = '/rouse/test/servers/config';
/** nginx listens where it is told, and has 64 MiB to give. */
const begin = (port) => ['sh', '-c', `echo "listen ${port};" > /tmp/listen.conf; truncate -s 64M /tmp/large; exec nginx -c /cfg/nginx-bench.conf -g "daemon off;"`];
const RUN = ['podman', 'run', '--rm', '-d', '--pull=never', '-v', `${CFG}:/cfg:ro`];

/** Each has nginx on a port of its own; `user` is whose containers they are. */
const CONTESTANTS = {
  host: { port: 7200, user: 'tester', start: (port) => [...RUN, '--network=host', 'localhost/servers', ...begin(port)] },
  adopted: { port: 7210, user: 'tester' },
  'bridge of root': { port: 7240, user: 'root', start: (port) => [...RUN, '-p', `127.0.0.1:${port}:80`, 'localhost/servers', ...begin(80)] },
  'pasta -p': { port: 7220, user: 'tester', start: (port) => [...RUN, '--network=pasta', '-p', `127.0.0.1:${port}:80`, 'localhost/servers', ...begin(80)] },
  'slirp4netns -p': { port: 7230, user: 'tester', start: (port) => [...RUN, '--network=slirp4netns', '-p', `127.0.0.1:${port}:80`, 'localhost/servers', ...begin(80)] },
  'systemd-socket-proxyd': {
    port: 7250,
    user: 'tester',
    start: (port) => [
      'sh',
      '-c',
      `(while :; do systemd-socket-activate -l 127.0.0.1:${port} /usr/lib/systemd/systemd-socket-proxyd 127.0.0.1:7200; sleep 0.1; done) > /dev/null 2>&1 &`,
    ],
  },
};

const MEASURES = {
  'requests/s, 1 connection': { args: ['fetch', 1, '/small'], at: 0 },
  'requests/s, 32 connections': { args: ['fetch', 32, '/small'], at: 0 },
  'new connections/s': { args: ['connect', '/small'], at: 0 },
  'one download, Gbit/s': { args: ['fetch', 1, '/large'], at: 1 },
  '8 downloads, Gbit/s': { args: ['fetch', 8, '/large'], at: 1 },
};

class Bench {
  constructor(host) {
    this.host = host;
  }

  async ok(command, user, options = {}) {
    const { status, stdout, stderr } = await this.host.exec(command, { user, timeoutMs: LONG_MS, ...options });
    if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
    return stdout.trim();
  }

  async prepare() {
    for (const user of ['tester', 'root']) await this.ok(['sh', '-c', 'podman import --quiet - localhost/servers < /servers.tar'], user);
    await this.ok(['sh', '-c', 'gcc -O2 -o /tmp/http-load /rouse/bench/http-load.c && gcc -O2 -static -o /tmp/once /rouse/bench/echo-once.c'], 'tester');
    await this.units('speed', 7210, 'Adopt=80', 'no', begin(80));
    await this.ok(['/rouse/bin/rouse', 'start', 'speed.socket'], 'tester');
    for (const { port, user, start } of Object.values(CONTESTANTS)) if (start) await this.ok(start(port), user);
    for (const { port } of Object.values(CONTESTANTS)) await this.answers(port);
  }

  /** `arm` as in Arm=. */
  async units(name, port, adopt, arm, exec) {
    const words = exec.map((word) => `'${word.replaceAll('$', '$$$$')}'`).join(' ');
    const container = `[Unit]\nStartLimitIntervalSec=0\n[Container]\nImage=localhost/servers\nPull=never\nNetwork=none\nPodmanArgs=--stop-timeout=1\nVolume=${CFG}:/cfg:ro\nVolume=/tmp/once:/once:ro\nExec=${words}\n`;
    const socket = `[Socket]\nListenStream=127.0.0.1:${port}\nTriggerLimitBurst=0\n[X-Rouse]\n${adopt}\n${arm === 'no' ? '' : `Arm=${arm}\n`}`;
    const write = `mkdir -p ~/.config/rouse ~/.config/containers/systemd; printf %s "$1" > ~/.config/rouse/${name}.socket; printf %s "$2" > ~/.config/containers/systemd/${name}.container`;
    await this.ok(['sh', '-c', write, 'sh', socket, container], 'tester');
  }

  async answers(port) {
    await this.ok(['sh', '-c', `for i in $(seq 200); do /tmp/http-load fetch ${port} 0.05 1 /small > /dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1`], 'tester');
  }

  /** Short pieces by turns: what disturbs one of them disturbs its neighbours, too. */
  async measure() {
    const results = Object.fromEntries(Object.keys(MEASURES).map((measure) => [measure, Object.fromEntries(Object.keys(CONTESTANTS).map((name) => [name, []]))]));
    for (let round = 0; round < rounds; round++) {
      for (const [measure, { args, at }] of Object.entries(MEASURES)) {
        const order = rotate(Object.entries(CONTESTANTS), round);
        const [verb, ...rest] = args;
        // systemd-socket-proxyd ends now and then, and is started again.
        const one = ([, { port }]) => `for i in 1 2 3 4 5; do /tmp/http-load ${verb} ${port} ${seconds} ${rest.join(' ')} && break; sleep 0.3; done`;
        const printed = await this.ok(['sh', '-c', order.map(one).join('; ')], 'tester');
        printed.split('\n').forEach((line, i) => results[measure][order[i][0]].push(Number(line.split(' ')[at])));
      }
    }
    return results;
  }

  /** The first byte of an armed container that binds for itself, beside the same one that takes what it inherits: by turns. */
  async measureStarts() {
    await this.units('binds', 7261, 'Adopt=80', 'armed', ['/once', 'bind', '80']);
    await this.units('inherits', 7262, 'Adopt=no', 'armed', ['/once']);
    await this.ok(['/rouse/bin/rouse', 'start', 'binds.socket', 'inherits.socket'], 'tester');
    const times = { binds: [], inherits: [] };
    const one = `until /rouse/bin/rouse status $1.service | grep -q "armed (process"; do sleep 0.05; done; sleep 0.3; /tmp/once $2`;
    for (let run = 0; run < starts; run++)
      for (const [name, port] of [
        ['binds', 7261],
        ['inherits', 7262],
      ])
        times[name].push(Number(await this.ok(['sh', '-c', one, 'sh', name, String(port)], 'tester')));
    return times;
  }
}

function rotate(list, by) {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function tables({ results, times }) {
  const names = Object.keys(CONTESTANTS);
  const speed = Object.entries(results).map(([measure, values]) => {
    const median = (name) => summarize(values[name]).median;
    const part = (name) => summarize(values[name].map((value, round) => value / values.host[round])).median;
    return [measure, ...names.map((name) => `${short(median(name))} (${part(name).toFixed(2)})`)];
  });
  const added = { least: summarize(times.binds).min - summarize(times.inherits).min, median: summarize(times.binds).median - summarize(times.inherits).median };
  const start = Object.entries({ 'binds, and is adopted': times.binds, 'takes what it inherits': times.inherits }).map(([title, values]) => {
    const { runs, min, median, p90, max } = summarize(values);
    return [title, runs, ...[min, median, p90, max].map((us) => `${(us / 1000).toFixed(2)} ms`)];
  });
  return { speed: [['', ...names], speed], start: [['', 'starts', 'min', 'median', 'p90', 'max'], start], added };
}

const short = (value) => (value < 100 ? value.toFixed(1) : value.toFixed(0));
const markdown = ([header, rows]) => [header, header.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

function page({ speed, start, added }) {
  return `# What adopting costs

Made by \`node bench/adopted.mjs --write\`: ${rounds} rounds of ${seconds} s each, by turns, on one machine with two cores, on which client and server share them with whatever else runs.
Medians; in parentheses the part of what nginx does on the host's own network, piece by piece beside it. The image is the same everywhere.

${markdown(speed)}

An armed container that binds its port and is adopted, beside the same program that takes the descriptor that it inherits; from connect to the first byte, by turns:

${markdown(start)}

Adopting adds ${ms(added.least)} to a start that nothing disturbs (the difference of the least), and ${ms(added.median)} by the medians of this run.
`;
}

async function main() {
  const { startHost, whyNoHost } = await import('../test/host/host.mjs');
  const { ensureServers } = await import('../test/servers/servers.mjs');
  const why = whyNoHost();
  if (why !== undefined) throw new Error(`The benchmark needs a throw-away host: ${why}`);
  const archive = await ensureServers({ onProgress: (line) => console.error(line) });
  const host = await startHost({ timeoutMs: LONG_MS, binds: [`${archive}:/servers.tar`] });
  try {
    const bench = new Bench(host);
    await bench.prepare();
    const outcome = { results: await bench.measure(), times: await bench.measureStarts() };
    if (argv.includes('--json')) return console.log(JSON.stringify(outcome));
    const made = tables(outcome);
    console.log(`${formatTable(...made.speed)}\n\n${formatTable(...made.start)}\n\nadded by adopting: ${ms(made.added.least)}, by medians ${ms(made.added.median)}`);
    if (argv.includes('--write')) writeFileSync(join(import.meta.dirname, '../docs/adopting-speed.md'), page(made));
  } finally {
    await host.stop();
  }
}

await main();
