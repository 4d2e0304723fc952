// `rouse proxy` beside systemd-socket-proxyd, plain Node streams and no proxy at all, in one run: throughput, requests, latency, memory.
// The rounds take turns, because the machines are noisy: read the ratios. Needs gcc and systemd's two programs; in the throw-away
// host `node test/host/host.mjs run -- node bench/proxy.mjs`.
//
//   node bench/proxy.mjs [--rounds 5] [--seconds 1] [--json | --markdown]
//
// docs/proxy-measured.md is what it prints with --markdown.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatMarkdown, formatTable, summarize } from './table.mjs';

const argv = process.argv.slice(2);
const option = (name, fallback) => (argv.includes(name) ? argv[argv.indexOf(name) + 1] : fallback);
const rounds = Number(option('--rounds', 5));
const seconds = option('--seconds', '1');
const here = import.meta.dirname;
const work = mkdtempSync(join(tmpdir(), 'rouse-bench-proxy-'));
const load = join(work, 'proxy-load');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const children = [];

function start(command, args) {
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, NODE_EXTRA_CA_CERTS: '' } });
  children.push(child);
  return child;
}

const proxyd = ['/usr/lib/systemd/systemd-socket-proxyd', '/lib/systemd/systemd-socket-proxyd'].find((path) => existsSync(path));
/** Each listens on a port for the sink and on one for the echo: [FROM, TO] twice. */
const CONTESTANTS = {
  direct: { ports: [7100, 7101] },
  'rouse proxy': { ports: [7110, 7111], start: (from, to) => start(join(here, '../bin/rouse'), ['proxy', '-l', `127.0.0.1:${from}`, `127.0.0.1:${to}`]) },
  'systemd-socket-proxyd': proxyd && { ports: [7120, 7121], start: (from, to) => start('systemd-socket-activate', ['-l', `127.0.0.1:${from}`, proxyd, `127.0.0.1:${to}`]) },
  'Node streams': { ports: [7130, 7131], start: (from, to) => start(process.execPath, [join(here, 'node-streams.mjs'), String(from), String(to)]) },
};
const contestants = Object.entries(CONTESTANTS).filter(([, contestant]) => contestant);

async function answers(port) {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, '127.0.0.1');
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return;
    await sleep(50);
  }
  throw new Error(`Nobody listens on port ${port}`);
}

function run(...args) {
  const { status, stdout, stderr } = spawnSync(load, args.map(String), { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`proxy-load ${args.join(' ')}: ${stderr}`);
  return stdout.trim().split(' ').map(Number);
}

/** Proportional set size: pages that are shared count in parts. */
function memoryKb(child) {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/smaps_rollup`, 'utf8'))?.[1]);
}

const HEAD = `# rouse proxy, measured

Made by \`node test/host/host.mjs run -- node bench/proxy.mjs --markdown --rounds ${rounds} --seconds ${seconds}\`: all on loopback of one machine, client, proxy and server on the same cores, in turns.
The machine was busy with other things: read the ratios, not the figures.
`;

const MEASURES = {
  'one stream, Gbit/s': ([sink]) => run('stream', sink, seconds, 1)[0],
  '32 streams, Gbit/s': ([sink]) => run('stream', sink, seconds, 32)[0],
  'requests/s, one client': ([, echo]) => run('ask', echo, seconds, 1)[0],
  'requests/s, 32 clients': ([, echo]) => run('ask', echo, seconds, 32)[0],
  'latency of a request, µs': ([, echo]) => run('ask', echo, seconds, 1)[1],
  'new connections/s': ([, echo]) => run('connect', echo, seconds)[0],
};

async function measure() {
  const results = Object.fromEntries(contestants.map(([name]) => [name, Object.fromEntries(Object.keys(MEASURES).map((measure) => [measure, []]))]));
  for (let round = 0; round < rounds; round++) {
    for (const [measure, take] of Object.entries(MEASURES)) for (const [name, { ports }] of contestants) results[name][measure].push(take(ports));
  }
  return results;
}

async function measureMemory() {
  const result = {};
  for (const [name, { ports, processes }] of contestants) {
    if (processes === undefined) continue;
    const holder = spawn(load, ['hold', String(ports[1]), '200'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    result[name] = memoryKb(processes[1]);
    holder.stdin.end();
    await once(holder, 'exit');
  }
  return result;
}

const IS_TIME = /latency/;
const short = (figure) => figure.toFixed(figure < 100 ? 1 : 0);

function print({ results, memory }) {
  const names = contestants.map(([name]) => name);
  const base = names.includes('systemd-socket-proxyd') ? 'systemd-socket-proxyd' : names[1];
  const rows = Object.keys(MEASURES).map((measure) => {
    const figures = (name) => summarize(results[name][measure]);
    const best = (name) => (IS_TIME.test(measure) ? figures(name).min : figures(name).max);
    const cell = (name) => `${short(figures(name).median)} (${(figures(name).median / figures(base).median).toFixed(2)}, ${(best(name) / best(base)).toFixed(2)})`;
    return [measure, ...names.map(cell)];
  });
  const added = (name) => summarize(results[name]['latency of a request, µs']).median - summarize(results.direct['latency of a request, µs']).median;
  rows.push(['added latency, µs', ...names.map((name) => (name === 'direct' ? '' : `${added(name).toFixed(1)} (${(added(name) / added(base)).toFixed(2)})`))]);
  rows.push(['memory, 200 connections, kB', ...names.map((name) => (memory[name] === undefined ? '' : `${memory[name]} (${(memory[name] / memory[base]).toFixed(2)})`))]);
  const words = `Medians of ${rounds} rounds of ${seconds} s; in parentheses the part of ${base}'s median, and the best round as part of its best round`;
  if (argv.includes('--markdown')) console.log(`${HEAD}\n${words}.\n\n${formatMarkdown(['', ...names], rows)}`);
  else console.log(`${words}\n\n${formatTable(['', ...names], rows)}`);
}

try {
  execFileSync('gcc', ['-O2', '-pthread', '-o', load, join(here, 'proxy-load.c')]);
  start(load, ['sink', '7100']);
  start(load, ['echo', '7101']);
  await Promise.all([7100, 7101].map(answers));
  for (const [, contestant] of contestants) if (contestant.start) contestant.processes = contestant.ports.map((from, i) => contestant.start(from, 7100 + i));
  await Promise.all(contestants.flatMap(([, { ports }]) => ports.map(answers)));
  const outcome = { results: await measure(), memory: await measureMemory() };
  if (argv.includes('--json')) console.log(JSON.stringify(outcome));
  else print(outcome);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(work, { recursive: true });
}
