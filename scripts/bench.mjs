// npm run bench: rouse beside the real systemd and podman, all rows in one run on one throw-away host, as ratios: the machines are noisy.
//
//   npm run bench [-- --rounds 50] [-- --many 500] [-- --json FILE] [-- --write]     --write makes docs/speed.md and docs/speed.svg of it
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

async function measure() {
  const results = { date: new Date().toISOString().slice(0, 10), rounds };
  console.error(`${rounds} rounds as root`);
  results.root = await run('speed.mjs', [rounds]);
  console.error(`${rounds} rounds as a user`);
  results.rootless = await run('speed.mjs', [rounds], { user: 'tester' });
  console.error('a crowd of a hundred, plain');
  results.crowdPlain = await run('crowd.mjs', ['plain', 100], { systemd: false });
  console.error('a crowd of a hundred, armed containers');
  results.crowdContainer = await run('crowd.mjs', ['container', 100], { systemd: false });
  console.error(`${many} armed containers at rest`);
  results.rest = await run('crowd.mjs', ['rest', many], { systemd: false });
  return results;
}

const from = option('--from', undefined);
const results = from === undefined ? await measure() : JSON.parse(readFileSync(from, 'utf8'));
const json = option('--json', undefined);
if (json !== undefined) writeFileSync(json, JSON.stringify(results));
const page = speedPage(results);
if (argv.includes('--write')) {
  const docs = join(import.meta.dirname, '../docs');
  writeFileSync(join(docs, 'speed.md'), page);
  writeFileSync(join(docs, 'speed.svg'), speedChart(results));
} else console.log(page);
