// Sets up what a fresh Debian machine lacks, and says what it does: npm packages, Debian packages, the build.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/**
 * Runs a command and resolves with its exit code and output; a line at a time goes to `onLine`. Never rejects. It is in a process
 * group of its own, so that a ctrl-C reaches us alone: what has begun ends, and then we clean up.
 */
export function run(command, args, { env = process.env, cwd = root, input, onLine, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        if (onLine !== undefined) for (const line of text.split('\n')) if (line.trim() !== '') onLine(line.trim());
      });
    }
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ code: 127, output: `${command}: ${error.message}` });
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 1, output });
    });
    if (input !== undefined) child.stdin.end(input);
  });
}

export function hasProgram(name) {
  return [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin'].some((folder) => canRun(join(folder, name)));
}

function canRun(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** One line that is overwritten on a terminal, and a line every few seconds elsewhere. */
export function progress(title) {
  const terminal = process.stdout.isTTY;
  const started = performance.now();
  let last = started;
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  return {
    step(line) {
      if (terminal) process.stdout.write(`\r\u001b[K${title} (${seconds()}): ${line.slice(0, Math.max(20, (process.stdout.columns ?? 80) - title.length - 12))}`);
      else if (performance.now() - last > 5000) {
        last = performance.now();
        console.log(`${title} (${seconds()}): ${line.slice(0, 100)}`);
      }
    },
    done(words = 'done') {
      console.log(`${terminal ? '\r\u001b[K' : ''}${title}: ${words} (${seconds()})`);
    },
  };
}

/** npm ci, when it was never run or the lock file has changed since. Throws with npm's words. */
export async function installNpmPackages() {
  const marker = join(root, 'node_modules/.package-lock.json');
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs) return;
  const shown = progress('Installing the npm packages of package-lock.json');
  const { code, output } = await run('npm', ['ci', '--no-audit', '--no-fund'], { onLine: (line) => shown.step(line) });
  if (code !== 0) throw new Error(`npm ci failed:\n${output}`);
  shown.done();
}

/** npm run build, when a source is newer than what was built. */
export async function build() {
  const built = statSync(join(root, 'dist/cli.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > newest(join(root, 'src')) && built > newest(join(root, 'tools'))) return;
  const { code, output } = await run(process.execPath, ['tools/build.mjs']);
  if (code !== 0) throw new Error(`The build failed:\n${output}`);
}

function newest(folder) {
  return Math.max(...readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs));
}

/** What apt has to bring for these programs: [{ program, package }]. Resolves with the packages that were installed; throws with apt's words. */
export async function installDebianPackages(wanted) {
  const missing = wanted.filter(({ program }) => !hasProgram(program)).map(({ package: name }) => name);
  if (missing.length === 0) return [];
  if (process.getuid() !== 0) throw new Error(`Missing: ${missing.join(', ')}; only root can install packages`);
  if (!hasProgram('apt-get')) throw new Error(`Missing: ${missing.join(', ')}; this is not Debian, so install them with this system's own package manager`);
  const shown = progress(`Installing Debian packages: ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const attempt = () => run('apt-get', ['install', '-y', '--no-install-recommends', ...missing], { env, onLine: (line) => shown.step(line) });
  let result = await attempt();
  if (result.code !== 0) {
    await run('apt-get', ['update'], { env, onLine: (line) => shown.step(line) });
    result = await attempt();
  }
  if (result.code !== 0) throw new Error(`apt-get failed:\n${result.output.slice(-2000)}`);
  shown.done();
  return missing;
}

/** The kernel mixes cgroup v1 and v2 here: crun cannot run containers then, runc can. */
export function isHybrid() {
  return spawnSync('stat', ['-fc', '%T', '/sys/fs/cgroup'], { encoding: 'utf8' }).stdout.trim() !== 'cgroup2fs';
}
