// First byte after connect() at each level of Arm=, beside systemd, systemd-socket-activate and a process that is already running: plain
// process and container, a static echo and a Node server. In each round every row has one client, so that what the machine does meanwhile
// meets all of them. Run by `npm run bench` inside the throw-away host, once as root and once as a user; prints one JSON object.
//
//   node bench/speed.mjs ROUNDS
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROUNDS = Number(process.argv[2] ?? 50);
const isRoot = process.getuid() === 0;
const home = process.env.HOME;
const work = join(home, 'speed');
const program = join(work, 'echo-once');
const server = join(import.meta.dirname, 'speed-server.mjs');
const rouse = join(import.meta.dirname, '../bin/rouse');
const env = { ...process.env, ROUSE_UNIT_PATH: join(work, 'units'), ROUSE_RUNTIME_DIR: join(work, 'run'), ROUSE_LOG_DIR: join(work, 'log') };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const run = (...args) => spawnSync(rouse, args, { env, encoding: 'utf8', timeout: 60_000 });
const systemctl = (...args) => spawnSync('systemctl', [...(isRoot ? [] : ['--user']), ...args], { encoding: 'utf8' });

const PROGRAMS = ['echo', 'node'];
const KINDS = ['plain', 'container'];
const LEVELS = ['stopped', 'armed', 'frozen', 'running'];
const IMAGE = 'localhost/speed';
/** Node is the host's: the image has the links that lead to it. */
const MOUNTS = ['/usr:/usr:ro', `${server}:/server.mjs:ro`];

const command = (kind, what, how) =>
  what === 'echo' ? [kind === 'plain' ? program : '/echo-once', ...(how === 'once' ? [] : ['stay'])] : ['/usr/bin/node', kind === 'plain' ? server : '/server.mjs', how];

let port = 4300;
const rows = PROGRAMS.flatMap((what) =>
  KINDS.flatMap((kind) => [
    ...LEVELS.map((level) => ({ who: 'rouse', what, kind, level, unit: `${what}-${kind}-${level}`, port: port++, times: [] })),
    { who: 'systemd', what, kind, level: 'stopped', unit: `sd-${what}-${kind}`, port: port++, times: [] },
    { who: 'systemd-socket-activate', what, kind, level: 'stopped', port: port++, times: [] },
  ]),
);
const of = (who) => rows.filter((row) => row.who === who);

function prepare() {
  mkdirSync(join(work, 'units'), { recursive: true });
  execFileSync('gcc', ['-O2', '-static', '-o', program, join(import.meta.dirname, 'echo-once.c')]);
  const image = join(work, 'image');
  mkdirSync(join(image, 'usr'), { recursive: true });
  mkdirSync(join(image, 'tmp'), { recursive: true });
  execFileSync('sh', ['-c', `cd ${image} && cp ${program} . && ln -sf usr/lib lib && ln -sf usr/lib64 lib64 && ln -sf usr/bin bin && tar -c . | podman import -q - ${IMAGE}`], {
    stdio: 'ignore',
  });
}

function writeUnits({ who, what, kind, level, unit, port: number }) {
  const units = who === 'rouse' ? env.ROUSE_UNIT_PATH : isRoot ? '/etc/systemd/system' : join(home, '.config/systemd/user');
  const quadlets = who === 'rouse' ? units : isRoot ? '/etc/containers/systemd' : join(home, '.config/containers/systemd');
  for (const folder of [units, quadlets]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(units, `${unit}.socket`), `[Socket]\nListenStream=127.0.0.1:${number}\nTriggerLimitBurst=0\n[X-Rouse]\nArm=${level}\nFreezeAfterSec=200ms\n`);
  const words = command(kind, what, 'stay').join(' ');
  if (kind === 'plain') writeFileSync(join(units, `${unit}.service`), `[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=${words}\n`);
  else {
    const mounts = what === 'node' ? MOUNTS.map((mount) => `Volume=${mount}\n`).join('') : '';
    writeFileSync(
      join(quadlets, `${unit}.container`),
      `[Unit]\nStartLimitIntervalSec=0\nRequires=${unit}.socket\nAfter=${unit}.socket\n[Container]\nImage=${IMAGE}\nNetwork=none\nStopTimeout=0\nExec=${words}\n${mounts}`,
    );
  }
}

/** Microseconds; the row's client finds it as its level says. */
function ask(row) {
  const { status, stdout } = spawnSync(program, [String(row.port)], { encoding: 'utf8', timeout: 20_000 });
  if (status === 0) row.times.push(Number(stdout));
}

const services = (list) => list.map(({ unit }) => `${unit}.service`);

/** Until every row of rouse is as its level says. */
async function settle() {
  for (let tries = 0; ; tries++) {
    const units = JSON.parse(run('status', ...services(of('rouse')), '--json').stdout);
    if (of('rouse').every(({ level }, i) => units[i].armLevel === level)) return;
    if (tries > 300) throw new Error(`Not settled: ${units.map(({ name, armLevel, arming }) => `${name} ${armLevel} ${arming ?? ''}`).join('\n')}`);
    await sleep(100);
  }
}

async function askRouse() {
  // The stopped ones come last: their podman would compete with the others.
  for (const level of ['running', 'frozen', 'armed', 'stopped'])
    for (const row of of('rouse').filter((each) => each.level === level)) {
      ask(row);
      await sleep(30);
    }
  // podman hears of the armed ones.
  await sleep(1200);
  run('stop', ...services(of('rouse').filter(({ level }) => level === 'stopped' || level === 'armed')));
}

async function askSystemd() {
  for (const row of of('systemd')) {
    ask(row);
    await sleep(100);
  }
  systemctl('stop', ...services(of('systemd')));
}

const activate = ['/usr/bin/systemd-socket-activate', '/usr/lib/systemd/systemd-socket-activate'].find((path) => existsSync(path));

/** It serves one activation and becomes its command, so each client has one of its own. */
async function askSocketActivate() {
  for (const row of of('systemd-socket-activate')) {
    const own = command(row.kind, row.what, 'once');
    const podman = ['podman', 'run', '--rm', '--network=none', ...(row.what === 'node' ? MOUNTS.flatMap((mount) => ['-v', mount]) : []), IMAGE];
    const child = spawn(activate, ['-l', `127.0.0.1:${row.port}`, ...(row.kind === 'plain' ? own : [...podman, ...own])], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise((resolve) => child.on('close', resolve));
    await new Promise((resolve) => child.stderr.once('data', resolve));
    await sleep(30);
    ask(row);
    await Promise.race([ended, sleep(5000)]);
    child.kill('SIGKILL');
  }
}

/** Bytes at each level, by unit. */
function memory() {
  return Object.fromEntries(JSON.parse(run('list-sockets', '--json').stdout).map(({ unit, memoryBytes }) => [unit.replace('.socket', ''), memoryBytes]));
}

prepare();
for (const row of [...of('rouse'), ...of('systemd')]) writeUnits(row);
systemctl('daemon-reload');
systemctl('start', ...of('systemd').map(({ unit }) => `${unit}.socket`));
const started = run('start', ...of('rouse').map(({ unit }) => `${unit}.socket`));
if (started.status !== 0) throw new Error(started.stderr);
await settle();
await sleep(2000);
await settle();
const sizes = memory();
for (let round = 0; round < ROUNDS; round++) {
  const parts = [askRouse, askSystemd, askSocketActivate];
  for (let i = 0; i < parts.length; i++) await parts[(round + i) % parts.length]();
  await settle();
  await sleep(300);
  await settle();
}
const stages = JSON.parse(run('analyze', '--json').stdout);
run('exit');
console.log(JSON.stringify({ rows: rows.map((row) => ({ ...row, memoryBytes: sizes[row.unit] })), stages }));
process.exit(0);
