/**
 * The root file system of the test host: where it is kept, and building it once.
 *
 * It is kept outside the checkout, under a name that is the hash of what it is made from: a change of the package list or of the recipe
 * makes a new one. A half-built one is never seen under its final name, and two builds at once take turns.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const RECIPE = join(import.meta.dirname, 'build.sh');

const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'dbus-user-session', 'libpam-systemd'],
  ...['podman', 'crun', 'runc', 'conmon', 'netavark', 'aardvark-dns', 'nftables', 'passt', 'slirp4netns', 'uidmap', 'fuse-overlayfs', 'catatonit', 'buildah'],
  ...['docker-cli', 'docker-compose', 'nodejs', 'busybox-static', 'gcc', 'libc6-dev'],
  ...['socat', 'curl', 'iproute2', 'procps', 'util-linux', 'strace', 'kmod', 'less'],
];

/** The exit code of flock(1) when somebody else has the lock. */
const LOCKED = 75;

export function storePath() {
  return process.env['ROUSE_TEST_HOST'] || '/var/cache/rouse-test-host';
}

/** Where the root file system for this checkout is, or will be. */
export function rootPath() {
  const hash = createHash('sha256').update(PACKAGES.join(' ')).update(readFileSync(RECIPE)).update(process.arch).digest('hex');
  return join(storePath(), `root-${hash.slice(0, 16)}`);
}

/** Builds the root file system unless it is there; `onProgress` is called with each step in words. */
export async function ensureRoot({ onProgress = () => {} } = {}) {
  const root = rootPath();
  if (existsSync(root)) return root;
  mkdirSync(storePath(), { recursive: true });
  onProgress(`building ${root} (once, a few minutes)`);
  const env = { ...process.env, STORE: storePath(), ROOT: root, PACKAGES: PACKAGES.join(' ') };
  if ((await underLock(['bash', RECIPE], { env, wait: false, onProgress })) === LOCKED) {
    onProgress('waiting for another build');
    await underLock(['bash', RECIPE], { env, wait: true, onProgress });
  }
  if (!existsSync(root)) throw new Error(`Failed to build the test host: see ${join(storePath(), 'build.log')}`);
  return root;
}

/** Removes every root file system that no host runs on, and what was kept beside them. */
export async function removeRoot() {
  if (!existsSync(storePath())) return;
  const script =
    'cd "$STORE" && for root in root-*; do [ ! -d "$root" ] || flock --exclusive --nonblock "$root" rm -rf --one-file-system "$root" || kept=1; done; ' +
    '[ -z "$kept" ] && rm -rf --one-file-system building* mnt *.log lock';
  const status = await underLock(['sh', '-c', script], { env: { ...process.env, STORE: storePath() }, wait: true, onProgress: () => {} });
  if (status !== 0) throw new Error('Failed to remove the test host: a host runs on it');
  rmdirSync(storePath());
}

/** Runs a command with the store's lock held; it ends with this process, and the lock is kept until it has ended. */
export function underLock(argv, { env, wait, onProgress }) {
  const lock = ['flock', '--no-fork', '--conflict-exit-code', String(LOCKED), ...(wait ? [] : ['--nonblock']), join(storePath(), 'lock')];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...lock, ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  createInterface({ input: child.stdout }).on('line', onProgress);
  createInterface({ input: child.stderr }).on('line', onProgress);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
