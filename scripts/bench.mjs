// npm run bench: rouse beside the real systemd and podman, all rows in one run on one throw-away host, as ratios: the machines are noisy.
//
//   [chrt -r 1] npm run bench [-- --rounds 50] [-- --many 500] [-- --json FILE] [-- --write]     --write makes docs/speed.md and docs/speed.svg of it
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, installNpmPackages } from './lib/setup.mjs';
import { speedChart } from '../bench/speed-chart.mjs';
import { speedPage } from '../bench/speed-page.mjs';

const argv = process.argv.slice(2);
const option = (name, fallback) => (argv.includes(name) ? argv[argv.indexOf(name) + 1] : fallback);
const rounds = Number(option('--rounds', 50));
const many = Number(option('--many', 500));
const TIMEOUT_MS = 3_600_000;

await installNpmPackages();
await build();
const { startHost, whyNoHost } = await import('../test/host/host.mjs');
const why = whyNoHost();
if (why !== undefined) {
  console.error(`The benchmarks need a throw-away host: ${why}`);
  process.exit(1);
}

/** Each in a host of its own; what a script says meanwhile goes to the terminal. */
async function run(script, args, { user = 'root', systemd = true } = {}) {
  const host = await startHost({ systemd, timeoutMs: TIMEOUT_MS });
  try {
    const { status, stdout, stderr } = await host.exec(['node', `bench/${script}`, ...args.map(String)], { user, timeoutMs: TIMEOUT_MS });
    if (status !== 0) throw new Error(`bench/${script} ended with ${status}:\n${stderr}`);
    return JSON.parse(stdout);
  } finally {
    await host.stop();
  }
}

const json = option('--json', undefined);

/** chrt(1): SCHED_OTHER mostly; with SCHED_RR other work on the machine does not decide the figures. */
function policy() {
  try {
    return /policy: (\w+)/.exec(execFileSync('chrt', ['-p', String(process.pid)], { encoding: 'utf8' }))?.[1];
  } catch {
    return undefined;
  }
}

/** Each part is kept when it is there: all of them take half an hour. */
async function measure() {
  const results = { date: new Date().toISOString().slice(0, 10), rounds, policy: policy() };
  const parts = [
    ['root', `${rounds} rounds as root`, () => run('speed.mjs', [rounds])],
    ['rootless', `${rounds} rounds as a user`, () => run('speed.mjs', [rounds], { user: 'tester' })],
    ['crowdPlain', 'a crowd of a hundred, plain', () => run('crowd.mjs', ['plain', 100], { systemd: false })],
    ['crowdContainer', 'a crowd of a hundred, armed containers', () => run('crowd.mjs', ['container', 100], { systemd: false })],
    ['rest', `${many} armed containers at rest`, () => run('crowd.mjs', ['rest', many], { systemd: false })],
  ];
  for (const [name, words, part] of parts) {
    console.error(words);
    results[name] = await part();
    if (json !== undefined) writeFileSync(json, JSON.stringify(results));
  }
  return results;
}

const from = option('--from', undefined);
const results = from === undefined ? await measure() : JSON.parse(readFileSync(from, 'utf8'));
const page = speedPage(results);
if (argv.includes('--write')) {
  const docs = join(import.meta.dirname, '../docs');
  writeFileSync(join(docs, 'speed.md'), page);
  writeFileSync(join(docs, 'speed.svg'), speedChart(results));
} else console.log(page);
