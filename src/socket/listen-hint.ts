/** What could help when an address cannot be listened on: who has the port, what the kernel lacks, which key is to blame. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Listen } from '../unit/config.js';

/** undefined: the error says it all. */
export function hintFor({ address, kind, text }: Listen, error: unknown): string | undefined {
  const code = (error as { code?: string }).code;
  const port = address !== undefined && 'port' in address ? address.port : undefined;
  if (code === 'EADDRINUSE' && address?.family === 'vsock') return 'VSOCK ports are the whole machine’s, in whatever namespace: ss -lp --vsock shows who has this one';
  if (code === 'EADDRINUSE' && port !== undefined) return ownerHint(port, kind);
  if (code === 'EACCES' && port !== undefined && port < 1024) return 'ports below 1024 need CAP_NET_BIND_SERVICE or net.ipv4.ip_unprivileged_port_start';
  if (code === 'EADDRNOTAVAIL')
    return address?.family === 'inet6' ? 'no interface has this address: IPv6 may be switched off here' : 'no interface has this address; FreeBind=yes binds it all the same';
  if (code === 'EAFNOSUPPORT') return address?.family === 'vsock' ? 'the kernel has no VSOCK: modprobe vsock' : 'the kernel does not have this address family';
  if (code === 'EPROTONOSUPPORT') return 'the kernel does not have this SocketProtocol=, or not for such a socket';
  if (kind === 'netlink' && code === 'EPERM') return 'these groups are for who has CAP_NET_ADMIN';
  if (kind === 'message-queue') return code === 'EEXIST' ? `remove /dev/mqueue${text}, or choose another name` : queueHint(code);
  if ((kind === 'fifo' || kind === 'special') && code === 'EEXIST') return `remove ${text}, or choose another path`;
  if (code === 'EACCES' && (address?.family === 'unix' || kind === 'fifo')) return `the folder ${dirname(address?.family === 'unix' ? address.path : text)} cannot be written to`;
  return undefined;
}

function queueHint(code: string | undefined): string | undefined {
  if (code === 'EINVAL') return 'MessageQueueMaxMessages= and MessageQueueMessageSize= are bounded by /proc/sys/fs/mqueue/msg_max and msgsize_max';
  if (code === 'EMFILE') return 'the user has as many bytes of queues as LimitMSGQUEUE= (ulimit -q) allows';
  return code === 'ENOSYS' ? 'the kernel has no message queues' : undefined;
}

/** Names the process that holds the port, as far as /proc shows it. */
function ownerHint(port: number, kind: Listen['kind']): string {
  const tables = kind === 'datagram' ? ['udp', 'udp6'] : ['tcp', 'tcp6'];
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = tables.flatMap((table) =>
    lines(`/proc/net/${table}`)
      .filter((line) => line.split(/\s+/)[2]?.endsWith(`:${hex}`))
      .map((line) => line.split(/\s+/)[10] ?? ''),
  );
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (holdsSocket(pid, inodes)) return `process ${pid} (${lines(`/proc/${pid}/comm`)[0] ?? '?'}) has this port already`;
  }
  return 'another process has this port already: ss -lptun shows which';
}

function holdsSocket(pid: string, inodes: readonly string[]): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.some((inode) => inode !== '' && readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`));
  } catch {
    return false;
  }
}

function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trimEnd());
  } catch {
    return [];
  }
}
