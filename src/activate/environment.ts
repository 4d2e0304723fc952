/** The environment of the command, and the sockets that came with our own; systemd-socket-activate(1), sd_listen_fds(3). */
import { readlinkSync } from 'node:fs';
import type { ActivateOptions } from './options.js';

/** All that is handed on without -E. */
const PASSED = ['TERM', 'PATH', 'USER', 'HOME'] as const;

export const LISTEN_FDS_START = 3;

/** `listenPid` is '' where the process is to fill in its own. */
export function commandEnvironment(options: ActivateOptions, own: NodeJS.ProcessEnv, count: number, listenPid: string): readonly string[] {
  const result = new Map<string, string>();
  for (const name of PASSED) if (own[name] !== undefined) result.set(name, own[name]);
  if (!options.inetd) {
    result.set('LISTEN_FDS', String(count)).set('LISTEN_PID', listenPid);
    if (options.fdNames.length > 0) result.set('LISTEN_FDNAMES', fdNames(options, count).join(':'));
  }
  for (const entry of options.setenv) {
    const at = entry.indexOf('=');
    result.set(entry.slice(0, at), entry.slice(at + 1));
  }
  return [...result].map(([name, value]) => `${name}=${value}`);
}

/** One name is the name of all; fewer or more than there are descriptors are passed on as they are. */
export function fdNames({ fdNames: names }: ActivateOptions, count: number): readonly string[] {
  return names.length === 1 ? Array.from({ length: count }, () => names[0] ?? '') : names;
}

/** sd_listen_fds(3): how many descriptors from 3 on were passed to us; the errno's name where the variables are wrong. */
export function inheritedCount(env: NodeJS.ProcessEnv): number | 'EINVAL' | 'EBADF' {
  const { LISTEN_PID: pid, LISTEN_FDS: fds } = env;
  if (pid === undefined) return 0;
  if (!/^\d+$/.test(pid) || Number(pid) === 0) return 'EINVAL';
  if (Number(pid) !== process.pid || fds === undefined) return 0;
  const count = Number(fds);
  if (!/^\d+$/.test(fds) || count === 0 || count > 0x7fffffff - LISTEN_FDS_START) return 'EINVAL';
  return Array.from({ length: count }, (_, i) => LISTEN_FDS_START + i).every(isOpen) ? count : 'EBADF';
}

/** Node opens the first descriptors that are free, so what stands in the place of a missing one is Node's own. */
function isOpen(fdNumber: number): boolean {
  try {
    return !NODES_OWN.test(readlinkSync(`/proc/self/fd/${fdNumber}`));
  } catch {
    return false;
  }
}

const NODES_OWN = /^anon_inode:\[(eventpoll|io_uring|eventfd)/;
