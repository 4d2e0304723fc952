/** For tests: starts a program with sockets, as a manager does, and makes clients and bundles. */
import { build } from 'esbuild';
import { execFile, spawn as nodeSpawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { check, type Fd } from '../../sys/fd.js';
import * as libc from '../../sys/libc.js';
import { sendSignal, waitExited, type ExitInfo } from '../../sys/pidfd.js';
import { pipe } from '../../sys/pipe.js';
import { Poller } from '../../sys/poller.js';
import { encodeAddress, type SocketAddress } from '../../sys/sockaddr.js';
import { bind, getsockname, listen, socket, type SocketType } from '../../sys/socket.js';
import { spawn } from '../../sys/spawn.js';

export const repository = join(import.meta.dirname, '../../..');

export interface Held {
  readonly fd: Fd;
  readonly address: SocketAddress;
}

/** A socket as a manager holds it: bound, listening where that means something, and blocking or not as systemd leaves it. */
export function hold(type: SocketType, address: SocketAddress): Held {
  const fd = socket(address.family === 'abstract' ? 'unix' : address.family, type);
  bind(fd, address);
  if (type !== 'datagram') listen(fd, 4096);
  fd.setNonblocking(false);
  return { fd, address: getsockname(fd) ?? address };
}

/** A client's socket, connected. */
export function dial(type: SocketType, address: SocketAddress): Fd {
  const fd = socket(address.family === 'abstract' ? 'unix' : address.family, type);
  const bytes = encodeAddress(address);
  fd.setNonblocking(false);
  check('connect', libc.connect(fd.number, bytes, bytes.length));
  return fd;
}

export interface Activated {
  readonly pid: number;
  /** Everything that it prints to the end. */
  readonly output: Promise<string>;
  readonly exit: Promise<ExitInfo | undefined>;
  /** Resolves when this text was printed; rejects when the output ends without it. */
  printed(text: string): Promise<void>;
  kill(signal: string): void;
}

export interface Activation {
  readonly argv: readonly string[];
  readonly sockets: readonly Held[];
  readonly names?: readonly string[];
  readonly env?: readonly string[];
}

/** Starts a program with these sockets as its descriptors 3, 4, …; they stay open here. Without sockets it is just started. */
export function activate({ argv, sockets, names, env = [] }: Activation): Activated {
  const poller = new Poller((error) => {
    throw error;
  });
  const output = pipe();
  const nothing = openSync('/dev/null', 'r');
  const [path = ''] = argv;
  const variables = sockets.length === 0 ? [] : ['LISTEN_PID=', `LISTEN_FDS=${sockets.length}`, ...(names === undefined ? [] : [`LISTEN_FDNAMES=${names.join(':')}`])];
  const child = spawn({
    path,
    argv,
    env: [...variables, ...env, ...(env.some((entry) => entry.startsWith('PATH=')) ? [] : [`PATH=${process.env['PATH'] ?? ''}`])],
    fds: [nothing, output.write.number, output.write.number, ...sockets.map(({ fd }) => fd.number)],
    setup: { listenPid: sockets.length > 0 },
  });
  closeSync(nothing);
  output.write.close();
  const exit = new Promise<ExitInfo | undefined>((resolve) => {
    const watch = poller.watch(child.pidfd, { read: true, oneShot: true }, () => {
      const info = waitExited(child.pidfd);
      watch.close();
      child.pidfd.close();
      poller.close();
      resolve(info);
    });
  });
  return { pid: child.pid, exit, ...reader(output.read), kill: (signal) => sendSignal(child.pidfd, signal) };
}

function reader(fd: Fd): Pick<Activated, 'output' | 'printed'> {
  const stream = new Socket({ fd: fd.take(), writable: false });
  let sofar = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (sofar += chunk));
  const output = new Promise<string>((resolve) => stream.on('close', () => resolve(sofar)));
  const printed = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (sofar.includes(wanted)) resolve();
      };
      look();
      stream.on('data', look).on('close', () => reject(new Error(`The program ended without '${wanted}':\n${sofar}`)));
    });
  return { output, printed };
}

/** What socat, as a client, gets back for an input. */
export async function socat(address: string, input: string | Buffer, ...options: readonly string[]): Promise<string> {
  const child = nodeSpawn('socat', ['-t', '10', ...options, '-', address], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => undefined).end(input);
  return text(child.stdout);
}

export function hasProgram(name: string): Promise<boolean> {
  return new Promise((resolve) => execFile('sh', ['-c', `command -v ${name}`], (error) => resolve(error === null)));
}

export interface Package {
  readonly folder: string;
  /** Writes a program into the folder and returns its path. */
  program(name: string, code: string): string;
  remove(): void;
}

/** A folder in which a program finds the library as its users do: `import … from 'rouse/sd-daemon'`; with koffi or without. */
export async function installPackage(options: { readonly koffi: boolean }): Promise<Package> {
  const folder = mkdtempSync(join(tmpdir(), 'rouse-sd-daemon-'));
  const home = join(folder, 'node_modules/rouse');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'rouse', type: 'module', exports: { './sd-daemon': './dist/sd-daemon.js' } }));
  await build({
    entryPoints: { 'sd-daemon': join(repository, 'src/sd-daemon/index.ts') },
    outdir: join(home, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['koffi'],
    logLevel: 'error',
  });
  if (options.koffi) for (const name of ['koffi', '@koromix']) symlinkSync(join(repository, 'node_modules', name), join(folder, 'node_modules', name));
  return {
    folder,
    program: (name, code) => {
      writeFileSync(join(folder, name), code);
      return join(folder, name);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
