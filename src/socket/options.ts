/** Socket options as a table: which key sets which option; systemd.socket(5), socket(7), ip(7), tcp(7). */
import type { SocketConfig } from '../unit/config.js';
import type { Fd } from '../sys/fd.js';
import type { SocketAddress } from '../sys/sockaddr.js';
import * as so from '../sys/socket.js';

export type OptionFamily = SocketAddress['family'] | 'netlink';

interface OptionRow {
  readonly key: string;
  readonly level: number;
  readonly name: number;
  /** The same without the kernel's bound, for who has CAP_NET_ADMIN; tried first. */
  readonly force?: number;
  /** undefined: leave the option as the kernel has it. */
  readonly value: (config: SocketConfig) => number | Buffer | undefined;
  readonly only?: readonly OptionFamily[];
  /** Of the socket that listens, and not of its connections. */
  readonly listening?: true;
}

const flag = (on: boolean): number | undefined => (on ? 1 : undefined);
const seconds = (timeMs: number | undefined): number | undefined => (timeMs === undefined ? undefined : Math.max(1, Math.round(timeMs / 1000)));
const text = (word: string | undefined): Buffer | undefined => (word === undefined ? undefined : Buffer.from(`${word}\0`));
const INET = ['inet', 'inet6'] as const;
const LOCAL = ['unix', 'abstract'] as const;
/** <linux/in.h>: the protocol whose options have numbers of their own. */
const isSctp = ({ socketProtocol }: SocketConfig): boolean => socketProtocol === 'sctp';

const OPTIONS: readonly OptionRow[] = [
  { key: 'ReusePort', level: so.SOL_SOCKET, name: so.SO_REUSEPORT, value: (c) => flag(c.reusePort), only: INET, listening: true },
  { key: 'FreeBind', level: so.IPPROTO_IP, name: so.IP_FREEBIND, value: (c) => flag(c.freeBind), only: INET, listening: true },
  { key: 'Transparent', level: so.IPPROTO_IP, name: so.IP_TRANSPARENT, value: (c) => flag(c.transparent), only: INET, listening: true },
  { key: 'KeepAlive', level: so.SOL_SOCKET, name: so.SO_KEEPALIVE, value: (c) => flag(c.keepAlive), only: INET },
  { key: 'KeepAliveTimeSec', level: so.IPPROTO_TCP, name: so.TCP_KEEPIDLE, value: (c) => seconds(c.keepAliveTimeMs), only: INET },
  { key: 'KeepAliveIntervalSec', level: so.IPPROTO_TCP, name: so.TCP_KEEPINTVL, value: (c) => seconds(c.keepAliveIntervalMs), only: INET },
  { key: 'KeepAliveProbes', level: so.IPPROTO_TCP, name: so.TCP_KEEPCNT, value: (c) => c.keepAliveProbes, only: INET },
  { key: 'NoDelay', level: so.IPPROTO_TCP, name: so.TCP_NODELAY, value: (c) => flag(c.noDelay && !isSctp(c)), only: INET },
  { key: 'NoDelay', level: so.SOL_SCTP, name: so.SCTP_NODELAY, value: (c) => flag(c.noDelay && isSctp(c)), only: INET },
  { key: 'DeferAcceptSec', level: so.IPPROTO_TCP, name: so.TCP_DEFER_ACCEPT, value: (c) => seconds(c.deferAcceptMs), only: INET },
  { key: 'TCPCongestion', level: so.IPPROTO_TCP, name: so.TCP_CONGESTION, value: (c) => text(c.tcpCongestion), only: INET },
  { key: 'Broadcast', level: so.SOL_SOCKET, name: so.SO_BROADCAST, value: (c) => flag(c.broadcast) },
  { key: 'PassCredentials', level: so.SOL_SOCKET, name: so.SO_PASSCRED, value: (c) => flag(c.passCredentials), only: [...LOCAL, 'netlink'] },
  { key: 'PassPIDFD', level: so.SOL_SOCKET, name: so.SO_PASSPIDFD, value: (c) => flag(c.passPidfd), only: LOCAL },
  { key: 'PassSecurity', level: so.SOL_SOCKET, name: so.SO_PASSSEC, value: (c) => flag(c.passSecurity), only: [...LOCAL, 'netlink'] },
  { key: 'AcceptFileDescriptors', level: so.SOL_SOCKET, name: so.SO_PASSRIGHTS, value: (c) => (c.acceptFileDescriptors ? undefined : 0), only: LOCAL },
  { key: 'PassPacketInfo', level: so.IPPROTO_IP, name: so.IP_PKTINFO, value: (c) => flag(c.passPacketInfo), only: ['inet'] },
  { key: 'PassPacketInfo', level: so.IPPROTO_IPV6, name: so.IPV6_RECVPKTINFO, value: (c) => flag(c.passPacketInfo), only: ['inet6'] },
  { key: 'PassPacketInfo', level: so.SOL_NETLINK, name: so.NETLINK_PKTINFO, value: (c) => flag(c.passPacketInfo), only: ['netlink'] },
  { key: 'Timestamping', level: so.SOL_SOCKET, name: so.SO_TIMESTAMP, value: (c) => flag(c.timestamping === 'us') },
  { key: 'Timestamping', level: so.SOL_SOCKET, name: so.SO_TIMESTAMPNS, value: (c) => flag(c.timestamping === 'ns') },
  { key: 'Priority', level: so.SOL_SOCKET, name: so.SO_PRIORITY, value: (c) => c.priority },
  { key: 'ReceiveBuffer', level: so.SOL_SOCKET, name: so.SO_RCVBUF, force: so.SO_RCVBUFFORCE, value: (c) => c.receiveBuffer },
  { key: 'SendBuffer', level: so.SOL_SOCKET, name: so.SO_SNDBUF, force: so.SO_SNDBUFFORCE, value: (c) => c.sendBuffer },
  { key: 'IPTOS', level: so.IPPROTO_IP, name: so.IP_TOS, value: (c) => c.ipTos, only: INET },
  { key: 'IPTTL', level: so.IPPROTO_IP, name: so.IP_TTL, value: (c) => c.ipTtl, only: ['inet'] },
  { key: 'IPTTL', level: so.IPPROTO_IPV6, name: so.IPV6_UNICAST_HOPS, value: (c) => c.ipTtl, only: ['inet6'] },
  { key: 'Mark', level: so.SOL_SOCKET, name: so.SO_MARK, value: (c) => c.mark },
];

/** Sets what the config asks for; what the kernel refuses is a warning that names the key. */
export function applyOptions(fd: Fd, family: OptionFamily, config: SocketConfig): readonly string[] {
  return wantedOptions(family, config, false).flatMap((option) => applyOne(fd, option));
}

interface WantedOption {
  readonly row: OptionRow;
  readonly value: number | Buffer;
}

/** What a connection that was accepted has to be given anew, as not every family inherits it. Mostly nothing. */
export function connectionOptions(family: OptionFamily, config: SocketConfig): readonly WantedOption[] {
  return wantedOptions(family, config, true);
}

function wantedOptions(family: OptionFamily, config: SocketConfig, connection: boolean): readonly WantedOption[] {
  return OPTIONS.flatMap((row) => {
    const value = row.value(config);
    if (value === undefined || row.only?.includes(family) === false || (connection && row.listening === true)) return [];
    return [{ row, value }];
  });
}

/** The words for what the kernel refused. */
export function applyOne(fd: Fd, { row: { key, level, name, force }, value }: WantedOption): readonly string[] {
  if (force !== undefined && isSet(fd, level, force, value)) return [];
  try {
    so.setsockopt(fd, level, name, value);
    return force === undefined || typeof value !== 'number' ? [] : capped(key, value, so.getsockopt(fd, level, name) / 2);
  } catch (error) {
    return [`Failed to set ${key}=, ignoring: ${(error as Error).message}`];
  }
}

/** socket(7), SO_RCVBUF: the kernel doubles what it is told, and bounds it without a word. */
function capped(key: string, wanted: number, got: number): readonly string[] {
  return got >= wanted ? [] : [`Failed to set ${key}= to ${wanted}, using ${got}: net.core.${key === 'ReceiveBuffer' ? 'rmem' : 'wmem'}_max allows no more`];
}

function isSet(fd: Fd, level: number, name: number, value: number | Buffer): boolean {
  try {
    so.setsockopt(fd, level, name, value);
    return true;
  } catch {
    return false;
  }
}
