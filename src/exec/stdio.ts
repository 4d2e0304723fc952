/** Descriptors 0, 1 and 2 of a process; systemd.exec(5), StandardInput= and its sisters. */
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fd } from '../sys/fd.js';
import type { ExecConfig, OutputTarget } from '../unit/config.js';
import type { LaunchRequest } from './launch.js';
import { LaunchError, stage } from './launch-error.js';

/** systemd.exec(5), StandardInput=: a socket that is the standard input or output is not passed once more. */
export function usesSocket({ standardInput, standardOutput, standardError }: ExecConfig): boolean {
  return standardInput.type === 'socket' || standardOutput.type === 'socket' || standardError.type === 'socket';
}

/** Whether anything is left to capture when its clients and files have what is theirs. */
export function writesOutput({ standardInput, standardOutput, standardError }: ExecConfig): boolean {
  const own = (target: OutputTarget): boolean => target.type === 'null' || target.type === 'socket' || (target.type === 'inherit' && standardInput.type === 'socket');
  return !own(standardOutput) || (standardError.type !== 'inherit' && !own(standardError));
}

/** What was opened here is closed by `close`; Node opens with O_CLOEXEC. */
export function openStdio(request: LaunchRequest): { fds: number[]; close: () => void } {
  if (usesSocket(request.exec)) checkSocket(request.sockets.length);
  const opened: number[] = [];
  const open = (path: string, flags: number): number => {
    const fd = stage('setting up standard input and output', () => openSync(path, flags, 0o644));
    opened.push(fd);
    return fd;
  };
  const close = (): void => opened.forEach((fd) => closeSync(fd));
  try {
    const input = openInput(request, open);
    const output = openOutput(request, request.exec.standardOutput, open, input);
    const error = request.exec.standardError.type === 'inherit' ? output : openOutput(request, request.exec.standardError, open, output);
    return { fds: [input, output, error], close };
  } catch (error) {
    close();
    throw error;
  }
}

function checkSocket(count: number): void {
  if (count === 1) return;
  const problem = count === 0 ? 'Got no socket' : `Got more than one socket (${count})`;
  const hint = count === 0 ? 'a unit with StandardInput=socket is started by its .socket, not by itself' : 'a unit with StandardInput=socket can have one Listen…=, or Accept=yes';
  throw new LaunchError('setting up standard input and output', problem, hint);
}

type Opener = (path: string, flags: number) => number;

function openInput({ exec, sockets }: LaunchRequest, open: Opener): number {
  const { standardInput } = exec;
  if (standardInput.type === 'data') return openData(standardInput.data, open);
  if (standardInput.type === 'file') return open(standardInput.path, constants.O_RDONLY);
  if (standardInput.type === 'socket' && sockets[0] !== undefined) return sockets[0].fd.number;
  if (standardInput.type === 'fd') {
    const named = sockets.find(({ name }) => name === (standardInput.name ?? 'stdin'));
    if (named !== undefined) return named.fd.number;
  }
  return open('/dev/null', constants.O_RDWR);
}

/** A file without a name. */
function openData(data: Uint8Array, open: Opener): number {
  const folder = mkdtempSync(join(tmpdir(), 'rouse-input-'));
  try {
    writeFileSync(join(folder, 'data'), data, { mode: 0o600 });
    return open(join(folder, 'data'), constants.O_RDONLY);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function openOutput({ exec, sockets, output }: LaunchRequest, target: OutputTarget, open: Opener, inherited: number): number {
  switch (target.type) {
    case 'null':
      return open('/dev/null', constants.O_RDWR);
    case 'file':
      return open(target.path, constants.O_WRONLY | constants.O_CREAT);
    case 'append':
      return open(target.path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND);
    case 'truncate':
      return open(target.path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
    case 'socket':
      return sockets[0]?.fd.number ?? captured(output);
    case 'fd':
      return sockets.find(({ name }) => name === (target.name ?? 'stdout'))?.fd.number ?? captured(output);
    case 'inherit':
      return exec.standardInput.type === 'null' ? captured(output) : inherited;
    case 'journal':
    case 'kmsg':
    case 'tty':
      return captured(output);
  }
}

function captured(output: Fd | undefined): number {
  if (output === undefined) throw new Error('Its output is not captured');
  return output.number;
}
