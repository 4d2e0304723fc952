/** Keys of [Socket]; systemd.socket(5). */
import { expandSpecifiers } from '../unitfile/specifier.js';
import type { Listen, ListenKind } from './config.js';
import { EXEC_KEYS, KILL_KEYS } from './exec-keys.js';
import { many, one, silent, tableOf, type KeyRow } from './key-table.js';
import { commandKey } from './service-keys.js';
import { listenAddress } from './values/address.js';
import { absolutePath, boolean, mode, oneOf, size, text, wholeNumber } from './values/simple.js';
import { timeSpan, timeout } from './values/time-span.js';

function listen(key: string, kind: ListenKind): KeyRow {
  return many<Listen>(key, 'listen', (value, { specifiers, place }) => {
    const expanded = expandSpecifiers(value, specifiers).value;
    const addressed = kind === 'stream' || kind === 'datagram' || kind === 'sequential-packet';
    const parsed = addressed ? listenAddress(expanded) : undefined;
    if (parsed !== undefined && !parsed.ok) return parsed;
    return { ok: true, value: [{ kind, text: expanded, address: parsed?.value, place }] };
  });
}

const bytes = size;
const count = wholeNumber(0, 2 ** 31 - 1);

export const SOCKET_KEYS = tableOf(
  listen('ListenStream', 'stream'),
  listen('ListenDatagram', 'datagram'),
  listen('ListenSequentialPacket', 'sequential-packet'),
  listen('ListenFIFO', 'fifo'),
  listen('ListenSpecial', 'special'),
  listen('ListenNetlink', 'netlink'),
  listen('ListenMessageQueue', 'message-queue'),
  listen('ListenUSBFunction', 'usb-function'),
  one('Service', 'service', text),
  one('Accept', 'accept', boolean, false),
  one('SocketProtocol', 'socketProtocol', oneOf('udplite', 'sctp', 'mptcp')),
  one('BindIPv6Only', 'bindIpv6Only', oneOf('default', 'both', 'ipv6-only'), 'default'),
  one('Backlog', 'backlog', wholeNumber(0, 2 ** 32 - 1), 2 ** 32 - 1),
  one('BindToDevice', 'bindToDevice', text),
  one('SocketUser', 'socketUser', text),
  one('SocketGroup', 'socketGroup', text),
  one('SocketMode', 'socketMode', mode, 0o666),
  one('DirectoryMode', 'directoryMode', mode, 0o755),
  one('Writable', 'writable', boolean, false),
  one('FlushPending', 'flushPending', boolean, false),
  one('MaxConnections', 'maxConnections', count, 64),
  one('MaxConnectionsPerSource', 'maxConnectionsPerSource', count, 64),
  one('KeepAlive', 'keepAlive', boolean, false),
  one('KeepAliveTimeSec', 'keepAliveTimeMs', timeSpan),
  one('KeepAliveIntervalSec', 'keepAliveIntervalMs', timeSpan),
  one('KeepAliveProbes', 'keepAliveProbes', count),
  one('NoDelay', 'noDelay', boolean, false),
  one('Priority', 'priority', count),
  one('DeferAcceptSec', 'deferAcceptMs', timeSpan),
  one('ReceiveBuffer', 'receiveBuffer', bytes),
  one('SendBuffer', 'sendBuffer', bytes),
  one('IPTOS', 'ipTos', (value) => ({ ok: true, value: ({ 'low-delay': 16, throughput: 8, reliability: 4, 'low-cost': 2 } as Record<string, number>)[value] ?? Number(value) })),
  one('IPTTL', 'ipTtl', wholeNumber(1, 255)),
  one('Mark', 'mark', count),
  one('ReusePort', 'reusePort', boolean, false),
  one('FreeBind', 'freeBind', boolean, false),
  one('Transparent', 'transparent', boolean, false),
  one('Broadcast', 'broadcast', boolean, false),
  one('PassCredentials', 'passCredentials', boolean, false),
  one('PassPIDFD', 'passPidfd', boolean, false),
  one('PassSecurity', 'passSecurity', boolean, false),
  one('PassPacketInfo', 'passPacketInfo', boolean, false),
  one('Timestamping', 'timestamping', (value) => ({ ok: true, value: /^(us|usec|µs)$/.test(value) ? 'us' : /^(ns|nsec)$/.test(value) ? 'ns' : 'off' }), 'off'),
  one('TCPCongestion', 'tcpCongestion', text),
  one('PassFileDescriptorsToExec', 'passFileDescriptorsToExec', boolean, false),
  one('PipeSize', 'pipeSize', bytes),
  one('MessageQueueMaxMessages', 'messageQueueMaxMessages', count),
  one('MessageQueueMessageSize', 'messageQueueMessageSize', count),
  one('RemoveOnStop', 'removeOnStop', boolean, false),
  many('Symlinks', 'symlinks', (value, { specifiers }) => {
    const paths = expandSpecifiers(value, specifiers).value.split(/\s+/).filter(Boolean).map(absolutePath);
    return paths.every((path) => path.ok) ? { ok: true, value: paths.flatMap((path) => (path.ok ? [path.value] : [])) } : { ok: false, expected: 'absolute paths' };
  }),
  one('FileDescriptorName', 'fileDescriptorName', (value) => (/^[\x21-\x39\x3b-\x7e]{1,255}$/.test(value) ? { ok: true, value } : { ok: false, expected: 'a name of at most 255 characters without a colon' })),
  commandKey('ExecStartPre', 'execStartPre'),
  commandKey('ExecStartPost', 'execStartPost'),
  commandKey('ExecStopPre', 'execStopPre'),
  commandKey('ExecStopPost', 'execStopPost'),
  one('TimeoutSec', 'timeoutMs', timeout, 90_000),
  one('TriggerLimitIntervalSec', 'triggerLimitIntervalMs', timeSpan, 2000),
  one('TriggerLimitBurst', 'triggerLimitBurst', count),
  one('PollLimitIntervalSec', 'pollLimitIntervalMs', timeSpan, 2000),
  one('PollLimitBurst', 'pollLimitBurst', count),
  silent('SmackLabel SmackLabelIPIn SmackLabelIPOut SELinuxContextFromNet AcceptFileDescriptors'),
  EXEC_KEYS.flat(),
  KILL_KEYS,
);
