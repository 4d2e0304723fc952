/** What `rouse activate` was asked to do; systemd-socket-activate(1). */
import { escapeText } from '../socket/pretty.js';
import type { SocketType } from '../sys/socket.js';

export interface ActivateOptions {
  readonly listen: readonly string[];
  readonly type: SocketType;
  /** One process a connection. */
  readonly accept: boolean;
  /** The socket is standard input and output. */
  readonly inetd: boolean;
  /** 'NAME=value', later ones win. */
  readonly setenv: readonly string[];
  readonly fdNames: readonly string[];
  /** Start at once, without waiting for a client. */
  readonly now: boolean;
  /** Unlike systemd: end the command when nobody was connected for so long, and wait for the next client. */
  readonly idleMs: number | undefined;
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
}

export function inetdProblem(options: ActivateOptions, count: number): string | undefined {
  return options.inetd && count !== 1 ? '--inetd only supported for single file descriptors.' : undefined;
}

const NAME_MOST = 255;

/** sd_listen_fds_with_names(3): printable ASCII. */
export function fdNameWarning(name: string): string | undefined {
  return /^[ -~]*$/.test(name) && name.length <= NAME_MOST ? undefined : `File descriptor name "${escapeText(name)}" is not valid.`;
}

export function fdNamesWarning({ fdNames, inetd }: ActivateOptions, count: number): string | undefined {
  if (inetd || fdNames.length <= 1 || fdNames.length === count) return undefined;
  return `The number of fd names is different than number of fds: ${fdNames.length} vs ${count}`;
}

export function describeCommand({ command }: ActivateOptions): string {
  return `${command[0]} (${command.join(' ')})`;
}
