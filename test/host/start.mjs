/**
 * Starting a host and running commands in it.
 *
 * host.sh supervises the host: it lives as long as the pipe to its standard input, so a host never outlives the process that started it,
 * whatever that one died of.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupHierarchies, cgroupLayouts } from './cgroups.mjs';
import { ensureExtended } from './extended-root.mjs';
import { ensureRoot, storePath } from './root-fs.mjs';

const SCRIPT = join(import.meta.dirname, 'host.sh');
const CHECKOUT = dirname(dirname(import.meta.dirname));
const TOOLS = ['bash', 'flock', 'ip', 'mount', 'nsenter', 'setpriv', 'unshare'];
const BOOT_TIMEOUT_MS = 90_000;

/** As timeout(1) has it. */
export const TIMED_OUT = 124;

/** Why no host can be made here, in words, or undefined. */
export function whyNoHost() {
  if (process.platform !== 'linux') return 'the test host needs Linux';
  if (process.getuid?.() !== 0) return 'the test host needs root';
  const folders = (process.env['PATH'] ?? '').split(':');
  const missing = TOOLS.filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
  if (missing.length > 0) return `the test host needs ${missing.join(', ')}`;
  const { delegated } = cgroupLayouts();
  return delegated.possible ? undefined : delegated.why;
}

/** Starts a host and returns when it can run commands: with systemd, when it has booted. */
export async function startHost(options = {}) {
  const { systemd = false, cgroups = 'delegated', binds = [] } = options;
  const hierarchies = checkedHierarchies(systemd, cgroups);
  const onProgress = options.onProgress ?? ((line) => process.stderr.write(`test host: ${line}\n`));
  const root = await (options.extra === undefined ? ensureRoot({ onProgress }) : ensureExtended(options.extra, { onProgress }));
  const name = `rouse-test-host.${randomUUID()}`;
  const supervisor = spawn('bash', [SCRIPT, 'supervise'], {
    // A group of its own: ctrl-C is for the caller, whose end is this one's end.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      NAME: name,
      STORE: storePath(),
      ROOT: root,
      CHECKOUT: options.checkout ?? CHECKOUT,
      BOOT: systemd ? 'systemd' : 'plain',
      LAYOUT: cgroups,
      UNIFIED: hierarchies.unified,
      V1: hierarchies.v1.map((hierarchy) => `${hierarchy.options} ${hierarchy.path}`).join('\n'),
      BINDS: binds.join('\n'),
    },
  });
  const host = new Host({ ...options, systemd, cgroups }, supervisor, { name, unified: hierarchies.unified, v1: cgroups === 'hybrid' ? hierarchies.v1 : [] });
  try {
    await host.booted();
  } catch (error) {
    await host.stop();
    throw error;
  }
  return host;
}

function checkedHierarchies(systemd, cgroups) {
  const why = whyNoHost();
  if (why !== undefined) throw new Error(`Failed to start a test host: ${why}`);
  const layout = cgroupLayouts()[cgroups];
  if (layout === undefined) throw new Error(`Failed to start a test host: no cgroup layout '${cgroups}', expected delegated, undelegated or hybrid`);
  if (!layout.possible) throw new Error(`Failed to start a test host with ${cgroups} cgroups: ${layout.why}`);
  if (systemd && cgroups === 'hybrid') throw new Error('Failed to start a test host: systemd 257 does not boot with hybrid cgroups');
  return cgroupHierarchies();
}

class Host {
  #options;
  #supervisor;
  #cgroup;
  #ended;
  #errors = '';
  #pid;

  constructor(options, supervisor, cgroup) {
    this.#options = options;
    this.#supervisor = supervisor;
    this.#cgroup = cgroup;
    supervisor.stderr.setEncoding('utf8').on('data', (text) => (this.#errors += text));
    this.#ended = new Promise((resolve) => supervisor.once('close', resolve));
  }

  /** The process id of the host's process 1, seen from outside. */
  get pid() {
    return this.#pid;
  }

  /** The name of the host's cgroup in each hierarchy outside. */
  get name() {
    return this.#cgroup.name;
  }

  /** Waits until the host can run commands. */
  async booted() {
    const line = await new Promise((resolve) => {
      createInterface({ input: this.#supervisor.stdout }).once('line', resolve);
      void this.#ended.then(() => resolve(undefined));
    });
    if (line === undefined) throw new Error(`Failed to start a test host: ${this.#errors.trim()}`);
    this.#pid = Number(line.split(' ')[1]);
    if (this.#options.systemd) await this.#systemdBooted();
    // A test that forgets to stop its host must still be able to end: the host ends with it.
    for (const handle of this.#handles()) handle.unref();
  }

  async #systemdBooted() {
    const cgroup = join(this.#cgroup.unified, this.#cgroup.name, 'init.scope');
    const limit = Date.now() + BOOT_TIMEOUT_MS;
    while (!existsSync(join(cgroup, 'cgroup.procs')) || !existsSync(`/proc/${this.#pid}/root/run/systemd/private`)) {
      if (Date.now() > limit || this.#supervisor.exitCode !== null) throw new Error(`Failed to start a test host: systemd did not boot: ${this.#errors.trim()}`);
      await sleep(20);
    }
    const script = 'systemctl is-system-running --wait >/dev/null; exec systemctl start user@1000.service';
    const { status, stderr } = await this.#run(this.#spawn(['sh', '-c', script], { cgroups: [cgroup] }), { timeoutMs: BOOT_TIMEOUT_MS });
    if (status !== 0) throw new Error(`Failed to start a test host: no session for tester: ${stderr.trim()}`);
  }

  /** Runs a command to its end. It has ended when its output has: what it leaves running in the background must not hold it open. */
  exec(argv, options = {}) {
    return this.#run(this.spawn(argv, options), options);
  }

  /** Starts a command and returns its ChildProcess, the leader of a process group: `process.kill(-child.pid)` reaches the command. */
  spawn(argv, options = {}) {
    if (this.#supervisor.exitCode !== null || this.#supervisor.signalCode !== null) throw new Error(`The test host has ended: ${this.#errors.trim()}`);
    const asUser = isUser(options.user ?? this.#options.user);
    const env = { ...this.#environment(asUser), ...this.#options.env, ...options.env };
    const chdir = ['env', `--chdir=${options.cwd ?? '/rouse'}`];
    return this.#spawn([...chdir, ...this.#session(asUser), ...argv], { ...options, env, cgroups: this.#cgroups(asUser) });
  }

  /** Ends the host: everything in it is killed, and nothing of it is left when this returns. */
  async stop() {
    for (const handle of this.#handles()) handle.ref();
    this.#supervisor.stdin.end();
    await this.#ended;
  }

  #handles() {
    return [this.#supervisor, ...this.#supervisor.stdio];
  }

  /** The variables of a log-in session and no others. */
  #environment(asUser) {
    const [name, home] = asUser ? ['tester', '/home/tester'] : ['root', '/root'];
    const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', SHELL: '/bin/bash', HOME: home, USER: name, LOGNAME: name };
    if (asUser) env.XDG_RUNTIME_DIR = '/run/user/1000';
    if (asUser && this.#options.systemd) env.DBUS_SESSION_BUS_ADDRESS = 'unix:path=/run/user/1000/bus';
    return env;
  }

  /**
   * Who a command runs as. Where systemd runs it gets a scope as well: one that is the user's own to divide, or with undelegated cgroups one
   * as sshd's sessions have, which belongs to root.
   */
  #session(asUser) {
    const identity = asUser ? ['setpriv', '--reuid=1000', '--regid=1000', '--init-groups'] : [];
    if (!this.#options.systemd) return identity;
    const scope = ['--scope', '--quiet', '--collect'];
    if (this.#options.cgroups === 'undelegated') return ['systemd-run', ...scope, ...(asUser ? ['--slice=user-1000.slice'] : []), '--', ...identity];
    return [...identity, 'systemd-run', ...(asUser ? ['--user'] : []), ...scope, '--property=Delegate=yes', '--'];
  }

  /** The cgroups in which a command begins, by their paths outside, v2's first. */
  #cgroups(asUser) {
    const { unified, name, v1 } = this.#cgroup;
    let folder = asUser ? 'tester' : 'root';
    if (this.#options.systemd) folder = asUser && this.#options.cgroups === 'delegated' ? 'user.slice/user-1000.slice/user@1000.service/init.scope' : 'init.scope';
    return [join(unified, name, folder), ...v1.map(({ path }) => join(path, name))];
  }

  #spawn(argv, { cgroups, env = this.#environment(false), stdio = 'pipe', detached = true }) {
    return spawn('bash', [SCRIPT, 'exec', String(this.#pid), ...cgroups, '--', ...argv], { env, stdio, detached });
  }

  async #run(child, { input, timeoutMs = this.#options.timeoutMs }) {
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.stdin?.on('error', () => {}).end(input);
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            killGroup(child);
            // What has left the process group may hold them open for as long as the host lives.
            child.stdout?.destroy();
            child.stderr?.destroy();
          }, timeoutMs);
    const status = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
    });
    clearTimeout(timer);
    return timedOut ? { status: TIMED_OUT, stdout, stderr: `${stderr}timed out after ${timeoutMs} ms\n` } : { status, stdout, stderr };
  }
}

function isUser(user) {
  return user === true || user === 'tester';
}

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
