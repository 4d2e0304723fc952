// A crowd: a hundred sockets are hit within a second, each by the first client of its service. Time to the first byte of each, and how long the
// manager's event loop was held meanwhile. Or, with `rest`, armed containers that nobody connects to: their memory, and the processor's time.
// Run by `npm run bench` inside the throw-away host; prints one JSON object.
//
//   node bench/crowd.mjs plain|container|rest COUNT
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [kind = 'plain', countText = '100'] = process.argv.slice(2);
const count = Number(countText);
const work = join(process.env.HOME, 'crowd');
const loopFile = join(work, 'loop.json');
const REST_SECONDS = 30;
const program = join(work, 'echo-once');
const rouse = join(import.meta.dirname, '../bin/rouse');
const env = {
  ...process.env,
  ROUSE_UNIT_PATH: join(work, 'units'),
  ROUSE_RUNTIME_DIR: join(work, 'run'),
  ROUSE_LOG_DIR: join(work, 'log'),
  SYSTEMD_UNIT_PATH: join(work, 'none'),
  QUADLET_UNIT_DIRS: join(work, 'none'),
};
const run = (...args) => spawnSync(rouse, args, { env, encoding: 'utf8', timeout: 300_000, maxBuffer: 64 * 1024 * 1024 });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const port = (i) => 20_000 + i;
const names = Array.from({ length: count }, (_, i) => `crowd${i}`);

function prepare() {
  mkdirSync(env.ROUSE_UNIT_PATH, { recursive: true });
  execFileSync('gcc', ['-O2', '-static', '-o', program, join(import.meta.dirname, 'echo-once.c')]);
  if (kind !== 'plain') {
    writeFileSync(join(work, 'Containerfile'), 'FROM scratch\nCOPY echo-once /echo-once\nCMD ["/echo-once", "stay"]\n');
    execFileSync('podman', ['build', '-q', '-t', 'localhost/bench', work], { stdio: 'ignore' });
  }
  for (const [i, name] of names.entries()) {
    writeFileSync(join(env.ROUSE_UNIT_PATH, `${name}.socket`), `[Socket]\nListenStream=127.0.0.1:${port(i)}\n`);
    if (kind === 'plain') writeFileSync(join(env.ROUSE_UNIT_PATH, `${name}.service`), `[Service]\nExecStart=${program} stay\n`);
    else
      writeFileSync(
        join(env.ROUSE_UNIT_PATH, `${name}.container`),
        `[Unit]\nRequires=${name}.socket\nAfter=${name}.socket\n[Container]\nImage=localhost/bench\nNetwork=none\nStopTimeout=0\n`,
      );
  }
}

const statusOf = () => JSON.parse(run('list-sockets', '--json').stdout);

/** Until all containers wait before exec; resolves with the seconds that it took. */
async function untilArmed() {
  const started = performance.now();
  for (;;) {
    if (statusOf().every(({ arm }) => arm === 'armed')) return (performance.now() - started) / 1000;
    if (performance.now() - started > count * 5000) throw new Error('The containers were not armed in time');
    await sleep(1000);
  }
}

const ask = (i) =>
  new Promise((resolve) => {
    const client = spawn(program, [String(port(i))], { stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    client.stdout.on('data', (text) => (out += text));
    client.on('close', () => resolve(out === '' ? undefined : Number(out)));
  });

/** Milliseconds of processor time that each process has used; proc_pid_stat(5). */
function cpuMs() {
  const used = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      used.set(Number(pid), (Number(fields[11]) + Number(fields[12])) * 10);
    } catch {
      // It has just gone.
    }
  }
  return used;
}

/** Of the manager, and of everybody who was there all the time but us. */
async function rest(managerPid) {
  await sleep(3000);
  const before = cpuMs();
  await sleep(REST_SECONDS * 1000);
  const after = cpuMs();
  const spent = (pid) => (after.get(pid) ?? 0) - (before.get(pid) ?? 0);
  const others = [...before.keys()].filter((pid) => pid !== managerPid && pid !== process.pid);
  const memoryBytes = statusOf().reduce((sum, { memoryBytes: bytes = 0 }) => sum + bytes, 0);
  return { seconds: REST_SECONDS, managerCpuMs: spent(managerPid), othersCpuMs: others.reduce((sum, pid) => sum + spent(pid), 0), memoryBytes };
}

/** What bench/loop-delay.mjs has seen since it was asked last. */
async function loopDelay(pid) {
  rmSync(loopFile, { force: true });
  process.kill(pid, 'SIGUSR2');
  while (!existsSync(loopFile)) await sleep(20);
  await sleep(50);
  return JSON.parse(readFileSync(loopFile, 'utf8'));
}

/** As the command starts it in the background; in a crowd with somebody who watches its event loop. */
async function startManager() {
  const flags = ['--no-opt', '--max-semi-space-size=1', '--optimize-for-size', ...(kind === 'rest' ? [] : ['--import', join(import.meta.dirname, 'loop-delay.mjs')])];
  const child = spawn(process.execPath, [...flags, rouse, 'daemon'], { env: { ...env, LOOP_DELAY_FILE: loopFile }, stdio: 'ignore' });
  while (run('status').status !== 0) await sleep(100);
  return child.pid;
}

prepare();
const pid = await startManager();
const started = run('start', ...names.map((name) => `${name}.socket`));
if (started.status !== 0) throw new Error(started.stderr);
const armSeconds = kind === 'plain' ? undefined : await untilArmed();
if (kind === 'rest') console.log(JSON.stringify({ count, armSeconds, ...(await rest(pid)) }));
else {
  await sleep(1000);
  await loopDelay(pid);
  const times = await Promise.all(names.map(async (_, i) => sleep((i * 1000) / count).then(() => ask(i))));
  const loop = await loopDelay(pid);
  const timesUs = times.filter((time) => time !== undefined);
  console.log(JSON.stringify({ kind, count, armSeconds, served: timesUs.length, unserved: count - timesUs.length, timesUs, loop }));
}
run('exit');
process.exit(0);
