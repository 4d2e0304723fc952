/**
 * `rouse activate`: listens, waits for the first client without accepting it, and becomes the command, with the sockets at descriptor
 * 3 and on. What systemd-socket-activate does, with its words and exit codes.
 *
 * The waiting is not done here: this process becomes native/rouse-wait, which needs a few kilobytes, and which in turn becomes the
 * command. The pid stays the same all the way, so LISTEN_PID is right and signals arrive.
 */
import { Fd } from '../sys/fd.js';
import { become, givenFileLimit, RLIMIT_NOFILE } from '../sys/exec.js';
import { constants } from 'node:os';
import { strerror } from '../sys/libc.js';
import { nativeProgram } from '../sys/native-program.js';
import { AddressError, openAddress } from '../socket/open-address.js';
import { prettyOwnName } from '../socket/pretty.js';
import { commandEnvironment, inheritedCount, LISTEN_FDS_START } from './environment.js';
import { Log } from './log.js';
import { describeCommand, fdNamesWarning, inetdProblem, type ActivateOptions } from './options.js';
import { programPaths } from './program.js';

/** Resolves with the exit code when nothing was started or everything has ended; mostly it does not return. */
export async function activate(options: ActivateOptions): Promise<number> {
  const log = new Log(process.env);
  const sockets = openSockets(options, log);
  if (sockets === undefined) return 1;
  sockets.forEach((fd, i) => log.info(`Listening on ${prettyOwnName(fd)} as ${LISTEN_FDS_START + i}.`));
  if (options.accept) return (await import('./accept.js')).serveEach(options, sockets, log);
  if (options.idleMs !== undefined) return (await import('./resting.js')).serveWithRests({ ...options, idleMs: options.idleMs }, sockets, log);
  return becomeCommand(options, sockets, log);
}

/** Inherited ones first, in their places; undefined when one fails, which has been said. */
function openSockets(options: ActivateOptions, log: Log): readonly Fd[] | undefined {
  const inherited = inheritedCount(process.env);
  if (typeof inherited === 'string') {
    log.error(`Failed to read listening file descriptors from environment: ${strerror(constants.errno[inherited])}`);
    return undefined;
  }
  if (inherited > 0) log.info(`Received ${inherited} descriptors via the environment.`);
  const sockets = Array.from({ length: inherited }, (_, i) => new Fd(LISTEN_FDS_START + i));
  for (const text of options.listen) {
    try {
      sockets.push(openAddress(text, options.type));
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      log.error(error.message);
      log.error(`Failed to open '${text}': ${error.reason}`);
      return undefined;
    }
  }
  if (sockets.length > 0) return sockets;
  log.error('No sockets to listen on specified or passed in.');
  return undefined;
}

function becomeCommand(options: ActivateOptions, sockets: readonly Fd[], log: Log): never {
  const [name] = options.command;
  const words = [...waitWords(options, sockets.length, log), ...startWords(options, sockets.length, log)];
  const env = commandEnvironment(options, process.env, sockets.length, String(process.pid));
  const paths = programPaths(name, process.env['PATH']).map((path) => `p${path}`);
  const argv = ['rouse-wait', ...words, ...paths, '--', ...options.command];
  return become({ path: nativeProgram('rouse-wait'), argv, env, fds: sockets.map((fd) => fd.number) });
}

function waitWords(options: ActivateOptions, count: number, log: Log): readonly string[] {
  const files = givenFileLimit();
  return [
    `n${count}`,
    ...(options.now ? [] : ['w']),
    ...(log.shows('info') ? [] : ['q']),
    ...(options.inetd ? ['i'] : []),
    ...(files === undefined ? [] : [`l${RLIMIT_NOFILE}:${limitText(files.soft)}:${limitText(files.hard)}`]),
  ];
}

function limitText(limit: number): string {
  return Number.isFinite(limit) ? String(limit) : 'i';
}

/** What is said before the program starts, and when it cannot. */
function startWords(options: ActivateOptions, count: number, log: Log): readonly string[] {
  const problem = inetdProblem(options, count);
  if (problem !== undefined) return [`t${log.line('err', problem)}`, 'e1'];
  const warning = fdNamesWarning(options, count);
  const starting = `${warning === undefined ? '' : log.line('warning', warning)}${log.line('info', `Execing ${describeCommand(options)}`)}`;
  return [`t${starting}`, ...(log.shows('err') ? [`fFailed to execp ${describeCommand(options)}: `] : [])];
}
