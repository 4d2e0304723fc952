// npm run bench: rouse beside the real systemd and podman, all in one run on one throw-away host, as ratios: the machines are noisy.
//
//   npm run bench [-- --runs 30] [-- --json] [NAME …]
import { build, installNpmPackages } from './lib/setup.mjs';
import { formatTable, ms, summarize } from '../bench/table.mjs';

const argv = process.argv.slice(2);
const runs = argv.includes('--runs') ? Number(argv[argv.indexOf('--runs') + 1]) : 30;

await installNpmPackages();
await build();
const { startHost, whyNoHost } = await import('../test/host/host.mjs');
const why = whyNoHost();
if (why !== undefined) {
  console.error(`The benchmarks need a throw-away host: ${why}`);
  process.exit(1);
}

async function firstByte(user) {
  const host = await startHost({ systemd: true, timeoutMs: 900_000 });
  try {
    const { status, stdout, stderr } = await host.exec(['node', 'bench/first-byte.mjs', String(runs)], { user, timeoutMs: 900_000 });
    if (status !== 0) throw new Error(`bench/first-byte.mjs ended with ${status}:\n${stderr}`);
    return JSON.parse(stdout);
  } finally {
    await host.stop();
  }
}

function printFirstByte(title, result) {
  for (const kind of ['plain', 'container']) {
    const ours = summarize(result.rouse[kind]).median;
    const rows = Object.entries(result).map(([name, times]) => {
      const { runs: count, min, median, p90, max } = summarize(times[kind]);
      return [name, count, ms(min), ms(median), ms(p90), ms(max), (median / ours).toFixed(2)];
    });
    console.log(`\nFirst byte after connect(), ${kind === 'plain' ? 'plain process' : 'container, Network=none'}, ${title}\n`);
    console.log(formatTable(['', 'runs', 'min', 'median', 'p90', 'max', 'of rouse'], rows));
  }
  console.log(`\nrouse's manager, idle: ${(result.rouse.memoryKb / 1024).toFixed(0)} MB resident`);
}

const results = { root: await firstByte('root'), rootless: await firstByte('tester') };
if (argv.includes('--json')) console.log(JSON.stringify(results, undefined, 2));
else for (const [title, result] of Object.entries(results)) printFirstByte(title, result);
