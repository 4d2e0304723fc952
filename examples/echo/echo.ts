/**
 * An echo server for all sockets that it is started with: every stream connection gets its bytes back, every datagram goes back
 * to its sender. It needs no network of its own, and it is the whole use of `rouse/sd-daemon`.
 */
import { describeSocket, listen, listenFds, notify, type ListenFd, type ListenOptions } from '../../src/sd-daemon/index.js';

const echo: ListenOptions = {
  // A client that has sent its end still gets everything back.
  allowHalfOpen: true,
  // A client that breaks off is none of the others' business.
  onConnection: (connection) => connection.on('error', () => connection.destroy()).pipe(connection),
  onDatagram: ({ data, reply }) => reply(data),
};

/** Serves the socket and says so; false when it cannot be served. */
async function serve(socket: ListenFd): Promise<boolean> {
  try {
    await listen(socket, echo);
    const { family, type, address } = await describeSocket(socket);
    console.log(`Listening on ${address === '' ? `descriptor ${socket.fd}` : address} (${family} ${type}, from ${socket.name})`);
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

async function main(): Promise<void> {
  // All at once: those that Node serves by itself are served before anything else is loaded.
  const serving = listenFds({ unsetEnvironment: true }).map(serve);
  // The first process of a container is not ended by a signal that it does not handle.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  const served = await Promise.all(serving);
  if (!served.includes(true)) {
    console.error("No socket was passed: start it by a socket unit, or with 'systemd-socket-activate -l 3000 node echo.cjs'");
    process.exit(1);
  }
  await notify({ ready: true, status: `Serving ${served.filter(Boolean).length} sockets` });
}

async function stop(): Promise<void> {
  await notify({ stopping: true });
  process.exit(0);
}

void main();
