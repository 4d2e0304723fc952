/**
 * LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES to named descriptors; sd_listen_fds_with_names(3). It looks at the environment
 * only: nothing is opened, changed or loaded.
 */
import { fstatSync } from 'node:fs';

/** The first descriptor that a manager passes; SD_LISTEN_FDS_START of sd_listen_fds(3). */
export const LISTEN_FDS_START = 3;

/** A descriptor that the manager passed. It has the shape that `listen()` of Node's servers takes. */
export interface ListenFd {
  readonly fd: number;
  /** FileDescriptorName= of the socket unit, which is the unit's name unless it says otherwise; 'unknown' when the manager names none. */
  readonly name: string;
}

export interface ListenFdsOptions {
  /** Where to read the variables; `process.env` by default. */
  readonly env?: NodeJS.ProcessEnv;
  /** Removes the variables, so that programs started from here do not take them for theirs. */
  readonly unsetEnvironment?: boolean;
}

/**
 * The descriptors that the manager passed to this process, in the order of the socket unit's Listen…= lines; none when the
 * program was started in another way. They are closed on exec: Node sets FD_CLOEXEC on what it inherits.
 *
 * Throws when the variables are malformed, or promise a descriptor that is not open.
 *
 * ```ts
 * const [inherited] = listenFds();
 * http.createServer(app).listen(inherited ?? { port: 8080 });
 * ```
 */
export function listenFds({ env = process.env, unsetEnvironment = false }: ListenFdsOptions = {}): readonly ListenFd[] {
  const { LISTEN_PID: pid, LISTEN_FDS: fds, LISTEN_FDNAMES: names } = env;
  if (unsetEnvironment) for (const name of ['LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  if (pid === undefined || fds === undefined) return [];
  if (wholeNumber('LISTEN_PID', pid) !== process.pid) return [];
  const count = wholeNumber('LISTEN_FDS', fds);
  const named = namesOf(names, count);
  return named.map((name, i) => open({ fd: LISTEN_FDS_START + i, name }, count));
}

function wholeNumber(variable: string, value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 0x7fffffff) throw new Error(`Failed to read ${variable}=: '${value}' is not a whole number`);
  return number;
}

function namesOf(text: string | undefined, count: number): readonly string[] {
  if (text === undefined) return Array.from({ length: count }, () => 'unknown');
  const names = text === '' && count === 0 ? [] : text.split(':');
  if (names.length !== count) throw new Error(`Failed to read LISTEN_FDNAMES=: '${text}' has ${names.length} names, and LISTEN_FDS= says ${count}`);
  return names;
}

function open(passed: ListenFd, count: number): ListenFd {
  try {
    fstatSync(passed.fd);
    return passed;
  } catch (cause) {
    throw new Error(`LISTEN_FDS=${count} says that descriptor ${passed.fd} was passed, but it is not open`, { cause });
  }
}
