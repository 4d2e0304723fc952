/**
 * A throw-away host with rouse in it, and what the tests say to it: commands as root or tester, unit files, and what is left on the host
 * when a unit has stopped. Files and processes are seen from outside, through /proc/PID/root, which costs no command.
 */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { startHost, type ExecOptions, type ExecResult, type Host, type HostOptions } from '../../host/host.mjs';
import { Account, type UserName } from './account.js';

/** The longest that a command may take which a test does not say more of. */
export const COMMAND_MS = 60_000;

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** The name that the kernel has. */
  readonly name: string;
  readonly command: string;
}

export class RouseHost {
  readonly root: Account;
  readonly tester: Account;

  private constructor(readonly host: Host) {
    this.root = new Account(this, 'root');
    this.tester = new Account(this, 'tester');
  }

  static async start(options: HostOptions = {}): Promise<RouseHost> {
    return new RouseHost(await startHost({ timeoutMs: COMMAND_MS, ...options }));
  }

  async stop(): Promise<void> {
    await this.host.stop();
  }

  as(user: UserName): Account {
    return user === 'root' ? this.root : this.tester;
  }

  exec(argv: readonly string[], options: ExecOptions & { input?: string; timeoutMs?: number } = {}): Promise<ExecResult> {
    return this.host.exec(argv, options);
  }

  // Files

  /** A path of the host as the machine sees it. An absolute link on the way would lead out of the host: none of the tests' paths has one. */
  outside(path: string): string {
    return join(`/proc/${this.host.pid}/root`, path);
  }

  write(path: string, content: string | Uint8Array, owner: { readonly uid: number; readonly mode?: number }): void {
    this.mkdir(dirname(path), owner.uid);
    writeFileSync(this.outside(path), content, { mode: owner.mode ?? 0o644 });
    chownSync(this.outside(path), owner.uid, owner.uid);
  }

  mkdir(path: string, uid: number): void {
    if (existsSync(this.outside(path))) return;
    this.mkdir(dirname(path), uid);
    mkdirSync(this.outside(path));
    chownSync(this.outside(path), uid, uid);
  }

  read(path: string): string {
    return readFileSync(this.outside(path), 'utf8');
  }

  exists(path: string): boolean {
    return existsSync(this.outside(path));
  }

  list(path: string): readonly string[] {
    return this.exists(path) ? readdirSync(this.outside(path)).sort() : [];
  }

  linkTarget(path: string): string {
    return readlinkSync(this.outside(path));
  }

  remove(path: string): void {
    rmSync(this.outside(path), { recursive: true, force: true });
  }

  // Processes

  /** Every process of the host, as its own /proc shows them; zombies are their parents' business. */
  processes(): readonly Process[] {
    return this.list('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => this.process(Number(pid)) ?? []);
  }

  process(pid: number): Process | undefined {
    try {
      const stat = this.read(`/proc/${pid}/stat`);
      const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z' || state === 'X') return undefined;
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      return { pid, parent: Number(parent), name, command: this.read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() };
    } catch {
      return undefined;
    }
  }

  /** The managers of all users, without the keepers that carry their command line. */
  managers(): readonly Process[] {
    return this.processes().filter(({ command }) => /^\S*node .*rouse daemon/.test(command));
  }

  isAlive(pid: number): boolean {
    return this.process(pid) !== undefined;
  }

  /** The cgroups below this one, and itself, without the mount point. */
  cgroups(path = '/'): readonly string[] {
    const folder = join('/sys/fs/cgroup', path);
    if (!this.exists(folder)) return [];
    const below = readdirSync(this.outside(folder), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [path, ...below.flatMap(({ name }) => this.cgroups(join(path, name)))];
  }
}

/** Polls until `look` gives something that is not undefined or false; on the way to a state there is no event to wait for. */
export async function until<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>, timeoutMs = 20_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A command that must succeed; the message shows all of it. */
export function expectSuccess(command: readonly string[], result: ExecResult): string {
  expect({ command: command.join(' '), ...result }).toEqual({ command: command.join(' '), status: 0, stdout: result.stdout, stderr: result.stderr });
  return result.stdout;
}
