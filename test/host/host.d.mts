import type { ChildProcess } from 'node:child_process';

export type CgroupLayout = 'delegated' | 'undelegated' | 'hybrid';

export interface Progress {
  /** Called with each step in words; without it the steps go to standard error. */
  onProgress?: (line: string) => void;
}

export interface HostOptions extends Progress {
  /** Boot the real systemd, with a lingering session for tester; otherwise a tiny init is process 1. */
  systemd?: boolean;
  /** As whom commands run that do not say it themselves: as root, or with true as tester. */
  user?: boolean | 'root' | 'tester';
  /** Whether tester owns a cgroup (as by default) or not, or what a machine with cgroup v1 and v2 mixed has. */
  cgroups?: CgroupLayout;
  /** The longest that a command may run, where it does not say so itself. */
  timeoutMs?: number;
  /** Files and folders of the machine, each as 'SOURCE:TARGET', writable. */
  binds?: readonly string[];
  /** Variables for each command. */
  env?: Readonly<Record<string, string>>;
  /** What is seen at /rouse: this checkout by default. */
  checkout?: string;
  /** Packages that the ordinary host does not have, and the name under which the root file system with them is kept. */
  extra?: { readonly name: string; readonly packages: readonly string[] };
}

export interface ExecOptions {
  user?: boolean | 'root' | 'tester';
  env?: Readonly<Record<string, string>>;
  /** /rouse by default. */
  cwd?: string;
}

export interface ExecResult {
  /** The exit code; 128 and the signal's number after a signal, 124 after a timeout. */
  status: number;
  stdout: string;
  stderr: string;
}

export interface Host {
  /** The process id of the host's process 1, seen from outside. */
  readonly pid: number;
  /** The name of the host's cgroup in each hierarchy outside. */
  readonly name: string;
  /** Runs a command to its end. What it leaves running in the background must not keep its output open. */
  exec(argv: readonly string[], options?: ExecOptions & { input?: string; timeoutMs?: number }): Promise<ExecResult>;
  /** Starts a command. It leads a process group: `process.kill(-child.pid, signal)` reaches it. */
  spawn(argv: readonly string[], options?: ExecOptions & { stdio?: 'pipe' | 'inherit' | 'ignore' }): ChildProcess;
  /** Kills everything in the host; nothing of it is left when this returns. */
  stop(): Promise<void>;
}

export function ensureHost(options?: Progress): Promise<string>;
export function removeHost(): Promise<void>;
export function hostPath(): string;
export function startHost(options?: HostOptions): Promise<Host>;
export function runInHost(argv: readonly string[], options?: HostOptions & { input?: string }): Promise<ExecResult>;

/** Why no host can be made here, in words, or undefined. */
export function whyNoHost(): string | undefined;

export interface CgroupHierarchies {
  /** Where v2 is mounted. */
  unified: string | undefined;
  /** The v1 hierarchies: the options to mount each again, and where it is mounted. */
  v1: readonly { options: string; path: string }[];
}

/** Each layout with whether this machine can make it and, if not, why not. */
export function cgroupLayouts(hierarchies?: CgroupHierarchies): Record<CgroupLayout, { possible: true } | { possible: false; why: string }>;
