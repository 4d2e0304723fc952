// npm run demo: the walk-through on this machine, with real clients. It sets up what is missing, runs the echo server in a
// container without a network behind a socket of six addresses, and leaves nothing behind but the packages that it installed.
// Needs nothing but Node.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, hasProgram, installDebianPackages, installNpmPackages, isHybrid, root, run } from './lib/setup.mjs';

const PORT = 3000;
const CLIENT_TIMEOUT_MS = 30_000;
const terminal = process.stdout.isTTY && process.env.NO_COLOR === undefined;
const bold = (text) => (terminal ? `\u001b[1m${text}\u001b[0m` : text);
const say = (text = '') => console.log(text);

/** Undone in reverse order, however the demo ends. */
const cleanups = [];

async function cleanUp() {
  for (let undo = cleanups.pop(); undo !== undefined; undo = cleanups.pop()) {
    try {
      await undo();
    } catch (error) {
      console.error(`Cleaning up: ${error.message}`);
    }
  }
}

/** Ctrl-C: the step that has begun ends, no other begins, and then all is undone. */
class Interrupted extends Error {}
let interrupted;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (interrupted === undefined) say(`\n${signal}: cleaning up`);
    interrupted = signal;
  });
}
const checkpoint = () => {
  if (interrupted !== undefined) throw new Interrupted(interrupted);
};

/** Where this demo keeps everything: units, storage, sockets, logs. */
function makeWorkspace() {
  const folder = mkdtempSync(join(tmpdir(), 'rouse-demo-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const units = join(folder, 'units');
  mkdirSync(units);
  const env = {
    ...process.env,
    HOME: folder,
    ROUSE_RUNTIME_DIR: join(folder, 'run'),
    ROUSE_LOG_DIR: join(folder, 'log'),
    ROUSE_UNIT_PATH: units,
    // This machine's own units are not the demo's to start.
    SYSTEMD_UNIT_PATH: join(folder, 'none'),
    QUADLET_UNIT_DIRS: join(folder, 'none'),
  };
  delete env.NODE_EXTRA_CA_CERTS;
  if (process.getuid() !== 0) mkdirSync((env.XDG_RUNTIME_DIR = join(folder, 'runtime')), { mode: 0o700 });
  return { folder, units, env };
}

const rouse = (env, ...args) => run(join(root, 'bin/rouse'), args, { env, timeoutMs: 60_000 });

/** Runs a verb, shows it, and throws when it fails. */
async function show(env, ...args) {
  checkpoint();
  say(bold(`$ rouse ${args.join(' ')}`));
  const { code, output } = await rouse(env, ...args);
  if (output.trim() !== '') say(output.trimEnd().replace(/^/gm, '  '));
  if (code !== 0) throw new Error(`rouse ${args.join(' ')} ended with ${code}`);
}

// What this machine has

async function prepare() {
  await installNpmPackages();
  await build();
  const installed = await installDebianPackages([{ program: 'socat', package: 'socat' }]);
  const why = await preparePodman(installed);
  return { installed, why };
}

/** Resolves with why there is no container; undefined when podman can be had. */
async function preparePodman(installed) {
  if (process.getuid() !== 0) return 'this is not root: a demo in containers of its own needs packages and a storage that only root can set up';
  try {
    const runtime = isHybrid() ? 'runc' : 'crun';
    installed.push(
      ...(await installDebianPackages([{ program: 'podman', package: 'podman' }, ...(hasProgram('crun') && !isHybrid() ? [] : [{ program: runtime, package: runtime }])])),
    );
    return undefined;
  } catch (error) {
    return `podman cannot be had: ${error.message.split('\n')[0]}`;
  }
}

/** The port of the walk-through, or the next one that is free for TCP and UDP. */
async function choosePort() {
  for (let port = PORT; port < PORT + 100; port++) {
    if ((await canListen(port)) && (await canBind(port))) return port;
  }
  throw new Error(`No port from ${PORT} to ${PORT + 99} is free`);
}

const canListen = (port) =>
  new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

const canBind = (port) =>
  new Promise((resolve) => {
    const socket = createSocket('udp4').once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });

const hasIpv6 = () => existsSync('/proc/net/if_inet6') && readFileSync('/proc/net/if_inet6', 'utf8').includes('00000000000000000000000000000001');
const hasVsock = () => existsSync('/dev/vsock') || readFileSync('/proc/net/protocols', 'utf8').includes('AF_VSOCK');

// The unit files

/** The example's own files; only what this machine cannot do is changed, and said. */
function writeUnits({ units, folder }, { port, ipv6, vsock, container }) {
  const example = join(root, 'examples/echo');
  let socket = readFileSync(join(example, 'echo.socket'), 'utf8').replaceAll(`:${PORT}`, `:${port}`);
  if (!ipv6) socket = socket.replace(/^Listen.*=\[::1\].*\n/gm, '');
  if (!vsock) socket = socket.replace(/^ListenStream=vsock:.*\n/gm, '');
  writeFileSync(join(units, 'echo.socket'), socket);
  if (port !== PORT) say(`Port ${PORT} is taken: using ${port}`);
  if (!ipv6) say('IPv6 is off here: without the two [::1] addresses');
  if (!vsock) say('The kernel has no VSOCK: without that address');
  if (container) {
    copyFileSync(join(example, 'echo.container'), join(units, 'echo.container'));
    mkdirSync(join(units, 'echo.container.d'));
    writeFileSync(
      join(units, 'echo.container.d/storage.conf'),
      `# The demo keeps images in a storage of its own.\n[Service]\nEnvironment=CONTAINERS_STORAGE_CONF=${folder}/storage.conf\n`,
    );
    return;
  }
  const service = readFileSync(join(example, 'echo.service'), 'utf8').replace('ExecStart=node ', `ExecStart=${process.execPath} `);
  writeFileSync(join(units, 'echo.service'), service);
}

// The container's image

async function buildContainerImage({ folder, env }) {
  const storageEnv = { ...env, CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf') };
  cleanups.push(() => removeStorage(folder, storageEnv));
  await chooseStorage(folder, storageEnv);
  process.env.CONTAINERS_STORAGE_CONF = storageEnv.CONTAINERS_STORAGE_CONF;
  const { buildImage } = await import('../examples/echo/build-image.mjs');
  const started = performance.now();
  say(bold('$ podman build -t localhost/rouse-echo examples/echo'));
  await buildImage({ cache: join(folder, 'image'), args: ['--quiet'], onProgress: (line) => (/^[0-9a-f]{64}$/.test(line) ? undefined : say(`  ${line}`)) });
  say(`  done (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

/** overlay is quick; where the kernel refuses it (a file system in a container, for example), vfs copies. */
async function chooseStorage(folder, env) {
  for (const driver of ['overlay', 'vfs']) {
    writeFileSync(env.CONTAINERS_STORAGE_CONF, `[storage]\ndriver = "${driver}"\ngraphroot = "${folder}/storage/${driver}"\nrunroot = "${folder}/storage/run-${driver}"\n`);
    const { code, output } = await run('podman', ['info'], { env, timeoutMs: 60_000 });
    if (code === 0) return;
    if (driver === 'vfs') throw new Error(`podman cannot be used here:\n${output}`);
  }
}

async function removeStorage(folder, env) {
  await run('podman', ['rm', '--all', '--force', '--time', '0'], { env, timeoutMs: 60_000 });
  await run('podman', ['rmi', '--all', '--force'], { env, timeoutMs: 60_000 });
  for (const driver of ['overlay', 'vfs']) await run('umount', ['-q', join(folder, 'storage', driver, driver), join(folder, 'storage', driver)]);
}

// The clients

/** Sends a line with socat. Resolves when the answer's first byte is there, with the milliseconds since socat was started. */
function ask(address, line) {
  return new Promise((resolve) => {
    const started = performance.now();
    const client = spawn('socat', ['-t', '30', '-', address], { stdio: ['pipe', 'pipe', 'pipe'] });
    const finish = (result) => {
      clearTimeout(timer);
      client.kill('SIGKILL');
      resolve(result);
    };
    const timer = setTimeout(() => finish({ error: 'no answer' }), CLIENT_TIMEOUT_MS);
    let errors = '';
    client.stderr.on('data', (text) => (errors += text));
    client.stdout.once('data', (bytes) => finish({ answer: bytes.toString().trim(), ms: performance.now() - started }));
    client.on('error', (error) => finish({ error: error.message }));
    client.on('close', () =>
      finish({
        error:
          errors
            .trim()
            .split('\n')
            .at(-1)
            ?.replace(/^.*?E /, '') || 'no answer',
      }),
    );
    client.stdin.end(`${line}\n`);
  });
}

function addresses({ folder }, { port, ipv6, vsock }) {
  return [
    `tcp4:127.0.0.1:${port}`,
    ...(ipv6 ? [`tcp6:[::1]:${port}`] : []),
    `udp4:127.0.0.1:${port}`,
    ...(ipv6 ? [`udp6:[::1]:${port}`] : []),
    `unix:${folder}/echo_stream_sock`,
    ...(vsock ? [`VSOCK-CONNECT:1:${port}`] : []),
  ];
}

/** 'container 1a2b3c4d5e6f (network none)', or the process. */
async function whoAnswers({ folder, env }, container) {
  const shown = await rouse(env, 'show', 'echo.service', '-p', 'MainPID', '--value');
  if (!container) return `process ${shown.output.trim()}`;
  const { output } = await run('podman', ['inspect', 'systemd-echo', '--format', '{{slice .ID 0 12}} (network {{.HostConfig.NetworkMode}})'], {
    env: { ...env, CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf') },
  });
  return `container ${output.trim()}`;
}

/** VSOCK to oneself needs a loopback transport, which few kernels have loaded. */
const isVsock = (address) => address.startsWith('VSOCK');

async function askAll(workspace, facts) {
  const rows = [];
  let failed = 0;
  for (const address of addresses(workspace, facts)) {
    checkpoint();
    const { answer, ms, error } = isVsock(address) ? await askVsock(address) : await ask(address, 'hello');
    if (error === undefined && answer === 'hello') rows.push([address, answer, `${ms.toFixed(1)} ms`, await whoAnswers(workspace, facts.container)]);
    else if (isVsock(address)) rows.push([address, '-', '-', 'the socket listens, but this kernel cannot connect to itself over VSOCK (vsock_loopback)']);
    else {
      failed++;
      rows.push([address, error ?? answer, '-', '']);
    }
  }
  say();
  printTable(['ADDRESS', 'ANSWER', 'FIRST BYTE', 'ANSWERED BY'], rows);
  return failed;
}

async function askVsock(address) {
  if (existsSync('/proc/modules') && process.getuid() === 0) await run('modprobe', ['vsock_loopback']);
  return Promise.race([ask(address, 'hello'), new Promise((resolve) => setTimeout(() => resolve({ error: 'no loopback' }), 4000).unref())]);
}

function printTable(header, rows) {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd();
  say(bold(line(header)));
  for (const row of rows) say(line(row));
}

// The demo

async function demo() {
  const { installed, why } = await prepare();
  const workspace = makeWorkspace();
  checkpoint();
  const container = why === undefined;
  if (!container) say(`The echo server runs as a plain process: ${why}`);
  const facts = { port: await choosePort(), ipv6: hasIpv6(), vsock: hasVsock(), container };
  writeUnits(workspace, facts);
  if (container) await buildContainerImage(workspace);
  else await (await import('../examples/echo/bundle.mjs')).bundle(join(workspace.folder, 'echo'));
  cleanups.push(() => rouse(workspace.env, 'exit'));
  await show(workspace.env, 'cat', 'echo.service');
  await show(workspace.env, 'enable', 'echo.socket');
  await show(workspace.env, 'start', 'echo.socket');
  await show(workspace.env, 'list-sockets');
  say(bold(container ? '$ podman ps' : '$ rouse is-active echo.service'));
  if (container)
    say((await run('podman', ['ps'], { env: { ...workspace.env, CONTAINERS_STORAGE_CONF: join(workspace.folder, 'storage.conf') } })).output.trimEnd().replace(/^/gm, '  '));
  else say(`  ${(await rouse(workspace.env, 'is-active', 'echo.service')).output.trim()}`);
  say('Nothing runs: the first client starts it.');
  const failed = await askAll(workspace, facts);
  say();
  await show(workspace.env, 'stop', 'echo.socket', 'echo.service');
  await show(workspace.env, 'disable', 'echo.socket');
  await cleanUp();
  say(`\nStopped, and nothing is left of it${installed.length === 0 ? '' : ` but the Debian packages ${installed.join(', ')}`}.`);
  if (failed > 0) throw new Error(`${failed} of the addresses did not answer`);
}

try {
  await demo();
} catch (error) {
  process.exitCode = error instanceof Interrupted ? 130 : 1;
  if (!(error instanceof Interrupted)) console.error(`\nThe demo failed: ${error.message}`);
} finally {
  await cleanUp();
  if (interrupted !== undefined) say('Interrupted: what the demo had begun is gone again.');
}
