/** Tells the manager how the service does, over NOTIFY_SOCKET=; sd_notify(3), sd_watchdog_enabled(3). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadNative } from './load-native.js';

/** Several may go into one message. */
export interface Notification {
  /** The service has started, or has finished reloading. */
  readonly ready?: true;
  /** The service begins to reload its configuration; `ready` ends it. */
  readonly reloading?: true;
  /** The service begins to stop. */
  readonly stopping?: true;
  /** One line for people, as `status` shows it. */
  readonly status?: string;
  /** The number of the error that made it fail; errno(3). */
  readonly errno?: number;
  /** The service's main process, where it is not the one that was started. */
  readonly mainPid?: number;
  /** true: it is alive (see `watchdogIntervalMs`). 'trigger': it is not, act as if the time were over. */
  readonly watchdog?: true | 'trigger';
  /** From now on the time between two signs of life may be this long. */
  readonly watchdogIntervalMs?: number;
  /** Starting, running or stopping may take this much longer, from now on. */
  readonly extendTimeoutMs?: number;
}

export interface NotifyOptions {
  /** Where to read NOTIFY_SOCKET=; `process.env` by default. */
  readonly env?: NodeJS.ProcessEnv;
  /** Removes NOTIFY_SOCKET=, so that programs started from here, and later calls, notify nobody. */
  readonly unsetEnvironment?: boolean;
}

/**
 * Sends one message to the manager. true: it has it. false: the service was started without NOTIFY_SOCKET=, or the message
 * could not be sent; a service has nothing to do about either.
 *
 * Node cannot send to a Unix datagram socket. The optional package koffi can; without it `systemd-notify` or `socat` is run
 * where there is one, as a process of its own, which the manager accepts under NotifyAccess=all only.
 *
 * ```ts
 * await notify({ ready: true, status: 'Serving 3 sockets' });
 * ```
 */
export async function notify(notification: Notification, { env = process.env, unsetEnvironment = false }: NotifyOptions = {}): Promise<boolean> {
  const socket = env['NOTIFY_SOCKET'];
  if (unsetEnvironment) delete env['NOTIFY_SOCKET'];
  const lines = assignments(notification);
  if (socket === undefined || !/^[/@]./.test(socket) || lines.length === 0) return false;
  const native = await loadNative().catch(() => undefined);
  if (native === undefined) return runSender(socket, lines, env['PATH']);
  const target = socket.startsWith('@') ? ({ family: 'abstract', name: socket.slice(1) } as const) : ({ family: 'unix', path: socket } as const);
  return native.sendUnixDatagram(target, Buffer.from(lines.join('\n'))).catch(() => false);
}

function assignments(notification: Notification): readonly string[] {
  const { ready, reloading, stopping, status, errno, mainPid, watchdog, watchdogIntervalMs: interval, extendTimeoutMs: extend } = notification;
  const lines: string[] = [];
  if (ready === true) lines.push('READY=1');
  if (reloading === true) lines.push('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  if (stopping === true) lines.push('STOPPING=1');
  // A line break would begin another assignment.
  if (status !== undefined) lines.push(`STATUS=${status.replace(/[\r\n]+/g, ' ')}`);
  if (errno !== undefined) lines.push(`ERRNO=${Math.trunc(errno)}`);
  if (mainPid !== undefined) lines.push(`MAINPID=${Math.trunc(mainPid)}`);
  if (watchdog !== undefined) lines.push(`WATCHDOG=${watchdog === 'trigger' ? 'trigger' : 1}`);
  if (interval !== undefined) lines.push(`WATCHDOG_USEC=${Math.round(interval * 1000)}`);
  if (extend !== undefined) lines.push(`EXTEND_TIMEOUT_USEC=${Math.round(extend * 1000)}`);
  return lines;
}

async function runSender(socket: string, lines: readonly string[], path: string | undefined): Promise<boolean> {
  const target = socket.startsWith('@') ? `ABSTRACT-SENDTO:${socket.slice(1)}` : `UNIX-SENDTO:${socket}`;
  const env = { PATH: path, NOTIFY_SOCKET: socket };
  // Without --no-block it waits for a manager that answers BARRIER=1, which not all do.
  return (await run('systemd-notify', ['--no-block', ...lines], '', env)) || run('socat', ['-u', 'STDIN', target], lines.join('\n'), env);
}

async function run(program: string, args: readonly string[], input: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'], env });
  child.stdin.on('error', () => undefined).end(input);
  try {
    return (await once(child, 'exit'))[0] === 0;
  } catch {
    return false;
  }
}

/**
 * How long the manager waits for `notify({ watchdog: true })` before it takes the service for hung (WatchdogSec=): send it twice
 * as often. undefined when it does not wait.
 */
export function watchdogIntervalMs({ env = process.env, unsetEnvironment = false }: NotifyOptions = {}): number | undefined {
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = env;
  if (unsetEnvironment) for (const name of ['WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  if (usec === undefined || (pid !== undefined && Number(pid) !== process.pid)) return undefined;
  if (!/^[1-9]\d{0,15}$/.test(usec)) throw new Error(`Failed to read WATCHDOG_USEC=: '${usec}' is not a number of microseconds`);
  return Number(usec) / 1000;
}
