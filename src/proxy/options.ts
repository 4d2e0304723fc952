/** What `rouse proxy` was asked to do; systemd-socket-proxyd(8), and more. */
import type { SocketType } from '../sys/socket.js';
import type { NamedText } from './target.js';

export interface ProxyOptions {
  /** Besides the sockets that were passed to us; a name stands before `=`. */
  readonly listen: readonly NamedText[];
  readonly type: SocketType;
  /** A name before `=` is that of the sockets whose clients go there; those without one serve the rest. */
  readonly targets: readonly NamedText[];
  /** Infinity: as many as come. */
  readonly connectionsMax: number;
  /** End when there was no client for so long. */
  readonly exitIdleMs: number;
  /** How long a client waits for a server that does not listen yet. */
  readonly connectTimeoutMs: number;
  /** How long a datagram client is remembered. */
  readonly sessionTimeoutMs: number;
  /** The PROXY protocol, before the client's first byte. */
  readonly sendProxy: 1 | 2 | undefined;
}
