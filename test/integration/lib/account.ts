/** One user of a host: root, whose manager is the system's, or tester with a manager of its own. */
import { createInterface } from 'node:readline';
import type { ChildProcess } from 'node:child_process';
import type { ExecResult } from '../../host/host.mjs';
import { expectSuccess, until, type RouseHost } from './host.js';

export type UserName = 'root' | 'tester';

const ROUSE = ['/rouse/bin/rouse'];

export interface RunOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A manager, or another command, that runs beside the test. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has printed so far, on both streams. */
  output(): string;
  /** Waits until it has printed this. */
  printed(words: string | RegExp): Promise<void>;
  readonly ended: Promise<number | null>;
}

/** Folders as systemd and podman have them. */
const PLACES = {
  root: {
    uid: 0,
    home: '/root',
    units: '/etc/systemd/system',
    quadlets: '/etc/containers/systemd',
    own: '/etc/rouse',
    runtime: '/run',
    rouse: '/run/rouse',
    logs: '/var/log/rouse',
  },
  tester: {
    uid: 1000,
    home: '/home/tester',
    units: '/home/tester/.config/systemd/user',
    quadlets: '/home/tester/.config/containers/systemd',
    own: '/home/tester/.config/rouse',
    runtime: '/run/user/1000',
    rouse: '/run/user/1000/rouse',
    logs: '/home/tester/.local/state/rouse/log',
  },
} as const;

export class Account {
  readonly uid: number;
  readonly home: string;
  readonly units: string;
  readonly quadlets: string;
  /** rouse's own folder. */
  readonly own: string;
  readonly runtime: string;
  readonly logs: string;
  readonly controlSocket: string;

  constructor(
    readonly host: RouseHost,
    readonly name: UserName,
    readonly env: Readonly<Record<string, string>> = {},
    /** What takes the verbs: rouse, or systemctl where a test compares the two. */
    readonly command: readonly string[] = ROUSE,
  ) {
    const { uid, home, units, quadlets, own, runtime, rouse, logs } = PLACES[name];
    this.uid = uid;
    this.home = home;
    this.units = units;
    this.quadlets = quadlets;
    this.own = own;
    this.runtime = runtime;
    this.logs = logs;
    this.controlSocket = `${rouse}/control.sock`;
  }

  /** The same user with more variables. */
  with(env: Readonly<Record<string, string>>): Account {
    return new Account(this.host, this.name, { ...this.env, ...env }, this.command);
  }

  /** The same user with systemd's own command. */
  get systemctl(): Account {
    return new Account(this.host, this.name, this.env, this.name === 'root' ? ['systemctl'] : ['systemctl', '--user']);
  }

  // Commands

  exec(argv: readonly string[], options: RunOptions = {}): Promise<ExecResult> {
    return this.host.exec(argv, { ...options, user: this.name, env: { ...this.env, ...options.env } });
  }

  /** Any exit code. */
  rouse(args: readonly string[], options?: RunOptions): Promise<ExecResult> {
    return this.exec([...this.command, ...args], options);
  }

  /** Exit code 0; returns standard output. */
  async ok(...args: readonly string[]): Promise<string> {
    return expectSuccess([...this.command, ...args], await this.rouse(args));
  }

  async json<T = unknown>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, '--json')) as T;
  }

  /** One property of a unit. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.ok('show', unit, '-p', name, '--value')).trim();
  }

  /** Several properties of a unit. */
  async show<K extends string>(unit: string, ...names: readonly K[]): Promise<Record<K, string>> {
    const lines = (await this.ok('show', unit, ...names.flatMap((name) => ['-p', name]))).split('\n');
    return Object.fromEntries(lines.filter((line) => line.includes('=')).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])) as Record<K, string>;
  }

  /** A shell script that succeeds; returns what it printed. */
  async sh(script: string, options?: RunOptions): Promise<string> {
    return expectSuccess([script], await this.exec(['bash', '-c', script], options)).trimEnd();
  }

  /** Starts a command beside the test. */
  run(argv: readonly string[], options: Omit<RunOptions, 'input' | 'timeoutMs'> = {}): Running {
    const child = this.host.host.spawn(argv, { user: this.name, ...options, env: { ...this.env, ...options.env } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) createInterface({ input: stream }).on('line', (line) => (output += `${line}\n`));
    const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    const printed = async (words: string | RegExp): Promise<void> => {
      await until(`'${argv.join(' ')}' prints ${words}, which printed:\n${output}`, () => (typeof words === 'string' ? output.includes(words) : words.test(output)));
    };
    return { child, output: () => output, printed, ended };
  }

  /** The manager in the foreground, when it is ready. */
  async daemon(): Promise<Running> {
    const daemon = this.run([...ROUSE, 'daemon']);
    await daemon.printed(/^Ready \(/m);
    return daemon;
  }

  rouseRun(...args: readonly string[]): Running {
    return this.run([...this.command, ...args]);
  }

  /** Ends the manager, if one runs, and forgets the units and logs of a test. */
  async reset(): Promise<void> {
    await this.rouse(['exit']);
    for (const folder of [this.units, this.quadlets, this.own, this.logs]) this.host.remove(folder);
  }

  /** The process of the manager that answers. */
  async managerPid(): Promise<number> {
    return (await this.json<{ pid: number }>('status')).pid;
  }

  // Files

  write(path: string, content: string | Uint8Array, mode?: number): void {
    this.host.write(path, content, { uid: this.uid, ...(mode === undefined ? {} : { mode }) });
  }

  /** Writes unit files into systemd's folder, and Quadlet files into podman's. */
  unit(name: string, content: string): void {
    const quadlet = /\.(container|volume|network|pod|kube|image|build)(\.d\/.*)?$/.test(name);
    this.write(`${quadlet ? this.quadlets : this.units}/${name}`, content);
  }
}
