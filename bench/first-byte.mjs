// First byte after connect(): rouse beside systemd and systemd-socket-activate, plain process and container, in one run on one host.
// Run by `npm run bench` inside the throw-away host, once as root and once as a user; prints one JSON object.
//
//   node bench/first-byte.mjs RUNS
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const RUNS = Number(process.argv[2] ?? 30);
const isRoot = process.getuid() === 0;
const home = process.env.HOME;
const work = join(home, 'bench');
const program = join(work, 'echo-once');
const rouse = join(import.meta.dirname, '../bin/rouse');
const rouseEnv = { ...process.env, ROUSE_UNIT_PATH: join(work, 'units'), ROUSE_RUNTIME_DIR: join(work, 'run'), ROUSE_LOG_DIR: join(work, 'log') };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function prepare() {
  mkdirSync(join(work, 'units'), { recursive: true });
  execFileSync('gcc', ['-O2', '-static', '-o', program, join(import.meta.dirname, 'echo-once.c')]);
  writeFileSync(join(work, 'Containerfile'), 'FROM scratch\nCOPY echo-once /echo-once\nCMD ["/echo-once"]\n');
  execFileSync('podman', ['build', '-q', '-t', 'localhost/bench', work], { stdio: 'ignore' });
}

const socketUnit = (port) => `[Socket]\nListenStream=127.0.0.1:${port}\nTriggerLimitBurst=0\n`;
const serviceUnit = `[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=${program}\n`;
const containerUnit = (socket) => `[Unit]\nStartLimitIntervalSec=0\nRequires=${socket}\nAfter=${socket}\n[Container]\nImage=localhost/bench\nNetwork=none\n`;

/** Microseconds, or undefined when nobody answered. */
function askOnce(port) {
  const { status, stdout } = spawnSync(program, [String(port)], { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? Number(stdout) : undefined;
}

/** One client after the other; each finds the service down, for the server leaves after one. */
async function measure(port, isDown) {
  const times = [];
  for (let i = 0; i < RUNS; i++) {
    const time = askOnce(port);
    if (time !== undefined) times.push(time);
    for (let waited = 0; waited < 200 && !isDown(); waited++) await sleep(20);
    await sleep(60);
  }
  return times;
}

// The managers

const systemctl = (...args) => spawnSync('systemctl', [...(isRoot ? [] : ['--user']), ...args], { encoding: 'utf8' });
const systemdUnits = isRoot ? '/etc/systemd/system' : join(home, '.config/systemd/user');
const quadlets = isRoot ? '/etc/containers/systemd' : join(home, '.config/containers/systemd');

async function withSystemd() {
  mkdirSync(systemdUnits, { recursive: true });
  mkdirSync(quadlets, { recursive: true });
  writeFileSync(join(systemdUnits, 'plain.socket'), socketUnit(4001));
  writeFileSync(join(systemdUnits, 'plain.service'), serviceUnit);
  writeFileSync(join(systemdUnits, 'box.socket'), socketUnit(4002));
  writeFileSync(join(quadlets, 'box.container'), containerUnit('box.socket'));
  systemctl('daemon-reload');
  systemctl('start', 'plain.socket', 'box.socket');
  const isDown = (unit) => () => systemctl('is-active', unit).stdout.trim() === 'inactive';
  const plain = await measure(4001, isDown('plain.service'));
  const container = await measure(4002, isDown('box.service'));
  systemctl('stop', 'plain.socket', 'box.socket', 'plain.service', 'box.service');
  return { plain, container };
}

async function withRouse() {
  const run = (...args) => spawnSync(rouse, args, { env: rouseEnv, encoding: 'utf8', timeout: 60_000 });
  const units = rouseEnv.ROUSE_UNIT_PATH;
  writeFileSync(join(units, 'plain.socket'), socketUnit(4003));
  writeFileSync(join(units, 'plain.service'), serviceUnit);
  writeFileSync(join(units, 'box.socket'), socketUnit(4004));
  writeFileSync(join(units, 'box.container'), containerUnit('box.socket'));
  const started = run('start', 'plain.socket', 'box.socket');
  if (started.status !== 0) throw new Error(started.stderr);
  await sleep(500);
  const memoryKb = residentKb();
  const isDown = (unit) => () => run('is-active', unit).stdout.trim() === 'inactive';
  const plain = await measure(4003, isDown('plain.service'));
  const container = await measure(4004, isDown('box.service'));
  run('exit');
  return { plain, container, memoryKb };
}

/** Of the manager when it has nothing to do; the pid is in the lock's holder, which /proc/locks names. */
function residentKb() {
  const { stdout } = spawnSync(rouse, ['status', '--json'], { env: rouseEnv, encoding: 'utf8' });
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${JSON.parse(stdout).pid}/status`, 'utf8'))?.[1]);
}

/** It serves one activation and leaves with its command, so each run has one of its own. */
async function withSocketActivate(port, command) {
  const times = [];
  const activate = ['/usr/bin/systemd-socket-activate', '/usr/lib/systemd/systemd-socket-activate'].find((path) => existsSync(path));
  if (activate === undefined) return times;
  for (let i = 0; i < RUNS; i++) {
    const child = spawn(activate, ['-l', `127.0.0.1:${port}`, ...command], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise((resolve) => child.on('close', resolve));
    await new Promise((resolve) => child.stderr.once('data', resolve));
    await sleep(30);
    const time = askOnce(port);
    if (time !== undefined) times.push(time);
    await Promise.race([ended, sleep(5000)]);
    child.kill('SIGKILL');
  }
  return times;
}

prepare();
const result = {
  'systemd 257': await withSystemd(),
  'systemd-socket-activate': {
    plain: await withSocketActivate(4005, [program]),
    container: await withSocketActivate(4006, ['podman', 'run', '--rm', '--network=none', 'localhost/bench']),
  },
  rouse: await withRouse(),
};
console.log(JSON.stringify(result));
