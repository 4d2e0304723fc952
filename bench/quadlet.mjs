// The generator: ours beside podman's, over thousands of .container files with drop-ins and references, in one run on one throw-away
// host; wall time and the most memory, as ratios. Run by hand or by `npm run bench`.
//
//   node bench/quadlet.mjs [--runs 15] [--files 2000] [--user] [--json]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTable, summarize } from './table.mjs';

const argv = process.argv.slice(2);
const option = (name, fallback) => (argv.includes(name) ? Number(argv[argv.indexOf(name) + 1]) : fallback);
const runs = option('--runs', 15);
const files = option('--files', 2000);
const mode = argv.includes('--user') ? ['-user'] : [];

async function main() {
  const { startHost, whyNoHost } = await import('../test/host/host.mjs');
  const why = whyNoHost();
  if (why !== undefined) throw new Error(`The benchmark needs a throw-away host: ${why}`);
  const host = await startHost({ timeoutMs: 900_000 });
  try {
    const { status, stdout, stderr } = await host.exec(['node', 'bench/quadlet.mjs', '--inside', ...argv], { timeoutMs: 900_000 });
    if (status !== 0) throw new Error(`bench/quadlet.mjs ended with ${status}:\n${stderr}`);
    print(JSON.parse(stdout));
  } finally {
    await host.stop();
  }
}

function print(results) {
  if (argv.includes('--json')) return console.log(JSON.stringify(results, undefined, 2));
  const row = (unit, values, name, ours) => {
    const { runs: count, min, median, p90, max } = summarize(values[name]);
    return [name, count, ...[min, median, p90, max].map((value) => `${Math.round(value)} ${unit}`), (median / summarize(values[ours]).median).toFixed(2)];
  };
  const header = ['', 'runs', 'min', 'median', 'p90', 'max', 'of rouse'];
  for (const [title, unit, values] of [
    ['Wall time', 'ms', results.wallMs],
    ['Processor time', 'ms', results.cpuMs],
    ['Most memory', 'MB', results.memoryMb],
  ]) {
    console.log(`\n${title} for ${results.files} .container files with drop-ins and references\n`);
    console.log(
      formatTable(
        header,
        ['rouse', 'podman'].map((name) => row(unit, values, name, 'rouse')),
      ),
    );
  }
}

// Inside the host

/** Runs a program and says how long it took and what it needed most: `WALL_US CPU_US MAXRSS_KB` on descriptor 3. */
const METER = `
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
  struct timespec a, b; struct rusage u; int status;
  clock_gettime(CLOCK_MONOTONIC, &a);
  pid_t pid = fork();
  if (pid == 0) { execv(argv[1], argv + 1); _exit(127); }
  wait4(pid, &status, 0, &u);
  clock_gettime(CLOCK_MONOTONIC, &b);
  dprintf(3, "%ld %ld %ld", (b.tv_sec - a.tv_sec) * 1000000L + (b.tv_nsec - a.tv_nsec) / 1000,
    (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000L + u.ru_utime.tv_usec + u.ru_stime.tv_usec, u.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}`;

function measure() {
  const work = '/tmp/bench-quadlet';
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, 'meter.c'), METER);
  execFileSync('gcc', ['-O2', '-o', join(work, 'meter'), join(work, 'meter.c')]);
  const units = join(work, 'units');
  writeUnits(units);
  const generators = { rouse: [join(import.meta.dirname, '../bin/rouse'), 'generator'], podman: ['/usr/libexec/podman/quadlet'] };
  const results = { files, wallMs: { rouse: [], podman: [] }, cpuMs: { rouse: [], podman: [] }, memoryMb: { rouse: [], podman: [] } };
  // One after the other, so that what the machine does meanwhile meets both. The first of each warms the caches.
  for (let i = 0; i <= runs; i++) {
    for (const [name, command] of Object.entries(generators)) {
      const { wallUs, cpuUs, maxRssKb } = run(join(work, 'meter'), command, join(work, 'out'), units);
      if (i === 0) continue;
      results.wallMs[name].push(wallUs / 1000);
      results.cpuMs[name].push(cpuUs / 1000);
      results.memoryMb[name].push(maxRssKb / 1024);
    }
  }
  return results;
}

function run(meter, command, out, units) {
  rmSync(out, { recursive: true, force: true });
  const { status, stderr, output } = spawnSync(meter, [...command, ...mode, '-no-kmsg-log', out], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, QUADLET_UNIT_DIRS: units },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: 120_000,
  });
  const made = readdirSync(out).filter((name) => name.endsWith('.service')).length;
  if (status !== 0 || stderr !== '' || made < files) throw new Error(`${command.join(' ')} ended with ${status} and made ${made} services: ${stderr}`);
  const [wallUs, cpuUs, maxRssKb] = output[3].split(' ').map(Number);
  return { wallUs, cpuUs, maxRssKb };
}

/** As a big host has them: each container has a drop-in of its own, one of its group and one of all, and uses a volume, a network and an image. */
function writeUnits(folder) {
  rmSync(folder, { recursive: true, force: true });
  const write = (name, text) => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  write('container.d/10-common.conf', '[Service]\nTimeoutStartSec=900\n[Container]\nLogDriver=journald\nLabel=fleet=bench\n');
  write('net.network', '[Network]\nSubnet=10.89.0.0/16\n');
  write('base.image', '[Image]\nImage=quay.io/bench/base:1\n');
  for (let group = 0; group < 20; group++) write(`app-g${group}-.container.d/15-group.conf`, `[Container]\nLabel=group=${group}\n`);
  for (let i = 0; i < files; i++) {
    const name = `app-g${i % 20}-${i}`;
    const volume = `data${i - (i % 4)}.volume`;
    if (i % 4 === 0) write(volume, `[Volume]\nLabel=number=${i}\n`);
    write(
      `${name}.container`,
      `[Unit]\nDescription=Application ${i}\n\n[Container]\nImage=base.image\nContainerName=app-${i}\nVolume=${volume}:/data\nVolume=/etc/app:/etc/app:ro\nNetwork=net.network\n` +
        `Environment=A=1 "B=two words" C=${i}\nLabel=number=${i}\nPublishPort=${10_000 + i}:80\nExec=/bin/server --port 80 --title "number ${i}"\nHealthCmd=/bin/check\n\n[Install]\nWantedBy=default.target\n`,
    );
    write(`${name}.container.d/20-own.conf`, `[Container]\nPidsLimit=100\nEnvironment=D=${i}\n[Service]\nRestart=always\n`);
  }
}

if (argv.includes('--inside')) console.log(JSON.stringify(measure()));
else await main();
