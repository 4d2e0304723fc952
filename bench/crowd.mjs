// A crowd: a hundred sockets are hit within a second, each by the first client of its service. Time to the first byte of each, and how
// long the manager kept a question waiting meanwhile. Run by `npm run bench` inside the throw-away host; prints one JSON object.
//
//   node bench/crowd.mjs plain|container COUNT
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';

const [kind = 'plain', countText = '100'] = process.argv.slice(2);
const count = Number(countText);
const work = join(process.env.HOME, `crowd-${kind}`);
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
const run = (...args) => spawnSync(rouse, args, { env, encoding: 'utf8', timeout: 300_000 });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const port = (i) => 20_000 + i;
const names = Array.from({ length: count }, (_, i) => `crowd${i}`);

function prepare() {
  mkdirSync(env.ROUSE_UNIT_PATH, { recursive: true });
  execFileSync('gcc', ['-O2', '-static', '-o', program, join(import.meta.dirname, 'echo-once.c')]);
  if (kind === 'container') {
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

/** Until all containers wait before exec; resolves with the seconds that it took. */
async function untilArmed() {
  const started = performance.now();
  for (;;) {
    const units = JSON.parse(run('status', ...names.map((name) => `${name}.service`), '--json').stdout);
    if (units.every(({ arming }) => arming?.startsWith('armed'))) return (performance.now() - started) / 1000;
    if (performance.now() - started > 200_000) throw new Error('The containers were not armed in time');
    await sleep(200);
  }
}

const ask = (i) =>
  new Promise((resolve) => {
    const client = spawn(program, [String(port(i))], { stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    client.stdout.on('data', (text) => (out += text));
    client.on('close', () => resolve(out === '' ? undefined : Number(out)));
  });

/** Milliseconds for a `hello` over the control socket. */
const hello = () =>
  new Promise((resolve, reject) => {
    const started = performance.now();
    const socket = createConnection(join(env.ROUSE_RUNTIME_DIR, 'control.sock'));
    socket.on('error', reject);
    socket.once('data', () => {
      socket.destroy();
      resolve(performance.now() - started);
    });
    socket.write('{"method":"hello"}\0');
  });

prepare();
const started = run('start', ...names.map((name) => `${name}.socket`));
if (started.status !== 0) throw new Error(started.stderr);
const armSeconds = kind === 'container' ? await untilArmed() : undefined;
const waits = [];
const crowd = new AbortController();
const watching = (async () => {
  while (!crowd.signal.aborted) waits.push(await hello());
})();
const times = await Promise.all(names.map(async (_, i) => sleep((i * 1000) / count).then(() => ask(i))));
crowd.abort();
await watching;
run('exit');
console.log(
  JSON.stringify({
    kind,
    count,
    armSeconds,
    times: times.filter((time) => time !== undefined),
    unserved: times.filter((time) => time === undefined).length,
    waitsUs: waits.map((wait) => wait * 1000),
  }),
);
