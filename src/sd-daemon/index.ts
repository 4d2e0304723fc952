/**
 * For programs that are started by a socket: under rouse, systemd, systemd-socket-activate or Podman. The manager has made the
 * sockets and passes them as descriptors; the program serves them.
 *
 * ```ts
 * import { listen, listenFds, notify } from 'rouse/sd-daemon';
 *
 * for (const socket of listenFds()) {
 *   await listen(socket, {
 *     allowHalfOpen: true,
 *     onConnection: (connection) => connection.on('error', () => connection.destroy()).pipe(connection),
 *     onDatagram: ({ data, reply }) => reply(data),
 *   });
 * }
 * await notify({ ready: true });
 * ```
 *
 * Nothing is loaded that is not needed: a program with TCP, UDP and Unix stream sockets runs without native code. The optional
 * package koffi adds VSOCK, seqpacket and Unix datagram sockets.
 */
export { LISTEN_FDS_START, listenFds, type ListenFd, type ListenFdsOptions } from './listen-fds.js';
export { describeSocket, type SocketDescription } from './describe.js';
export { listen, type Datagram, type Listener, type ListenOptions } from './listen.js';
export { notify, watchdogIntervalMs, type Notification, type NotifyOptions } from './notify.js';
