/** READY=1 to the manager that started us; sd_notify(3). For commands of ours that stay between the sockets and their program. */
import { encodeAddress } from '../sys/sockaddr.js';
import { sendTo, socket } from '../sys/socket.js';

/** A manager that cannot be reached is no reason to stop. */
export function notifyReady(env: NodeJS.ProcessEnv): void {
  const path = env['NOTIFY_SOCKET'] ?? '';
  if (!/^[/@]./.test(path)) return;
  try {
    const fd = socket('unix', 'datagram');
    try {
      sendTo(fd, Buffer.from('READY=1'), encodeAddress(path.startsWith('@') ? { family: 'abstract', name: path.slice(1) } : { family: 'unix', path }));
    } finally {
      fd.close();
    }
  } catch {
    return;
  }
}
