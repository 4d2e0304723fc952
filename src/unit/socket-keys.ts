/** Keys of [Socket]; systemd.socket(5). */
import { expandSpecifiers } from '../unitfile/specifier.js';
import type { Listen, ListenAddress, ListenKind } from './config.js';
import { EXEC_KEYS, KILL_KEYS } from './exec-keys.js';
import { many, one, tableOf, unsupported, wordList, type KeyRow } from './key-table.js';
import { commandKey } from './service-keys.js';
import { listenAddress } from './values/address.js';
import { absolutePath, boolean, mode, oneOf, size, text, wholeNumber } from './values/simple.js';
import { timeSpan, timeout } from './values/time-span.js';
import { netlinkAddress } from './values/netlink.js';
import { bad, good, type Value, type ValueParser } from './values/value.js';

function listen(key: string, kind: ListenKind): KeyRow {
  return many<Listen>(key, 'listen', (value, { specifiers, place }) => {
    const expanded = expandSpecifiers(value, specifiers).value;
    if (kind === 'stream' || kind === 'datagram' || kind === 'sequential-packet') {
      const parsed = listenAddress(expanded);
      if (!parsed.ok) return parsed;
      if (kind === 'sequential-packet' && isInternet(parsed.value)) return bad('an absolute path, @name or vsock:CID:PORT, which such a socket needs');
      return good([{ kind, text: expanded, address: parsed.value, place }]);
    }
    const text = UNADDRESSED[kind](expanded);
    return text.ok ? good([{ kind, text: text.value, address: undefined, place }]) : text;
  });
}

/** What is no socket, or has no address as sockets have. */
const UNADDRESSED: Readonly<Record<Exclude<ListenKind, 'stream' | 'datagram' | 'sequential-packet'>, ValueParser<string>>> = {
  fifo: absolutePath,
  special: absolutePath,
  netlink: (text) => {
    const parsed = netlinkAddress(text);
    return parsed.ok ? good(text.replace(/\s+/g, ' ')) : parsed;
  },
  'message-queue': (text) => (/^\/[^/]{1,254}$/.test(text) ? good(text) : bad('a name such as /queue, with a slash at its beginning and no other')),
  'usb-function': absolutePath,
};

/** The kernel has no such sockets for TCP/IP. */
function isInternet({ family }: ListenAddress): boolean {
  return family === 'inet' || family === 'inet6' || family === 'any';
}

/** ip(7); the names are those of <netinet/ip.h> in lower case. */
const TYPES_OF_SERVICE: ReadonlyMap<string, number> = new Map([
  ['low-delay', 16],
  ['throughput', 8],
  ['reliability', 4],
  ['low-cost', 2],
]);

function typeOfService(text: string): Value<number> {
  const named = TYPES_OF_SERVICE.get(text);
  const number = wholeNumber(0, 255)(text);
  return named !== undefined ? good(named) : number.ok ? number : bad('low-delay, throughput, reliability, low-cost or a number from 0 to 255');
}

function timestamping(text: string): Value<'off' | 'us' | 'ns'> {
  const plain = boolean(text);
  if (plain.ok) return good(plain.value ? 'ns' : 'off');
  if (/^(us|usec|µs|μs)$/.test(text)) return good('us');
  if (/^(ns|nsec)$/.test(text)) return good('ns');
  return text === 'off' ? good('off') : bad('off, us or ns');
}

/** Switched off, which is all that we can do. */
function isOff(text: string): boolean {
  const parsed = boolean(text);
  return parsed.ok && !parsed.value;
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
  one('Backlog', 'backlog', wholeNumber(0, 2 ** 32 - 1), 2 ** 31 - 1),
  one('BindToDevice', 'bindToDevice', text),
  one('SocketUser', 'socketUser', text),
  one('SocketGroup', 'socketGroup', text),
  one('SocketMode', 'socketMode', mode, 0o666),
  one('DirectoryMode', 'directoryMode', mode, 0o755),
  one('Writable', 'writable', boolean, false),
  one('FlushPending', 'flushPending', boolean, false),
  one('MaxConnections', 'maxConnections', count, 64),
  one('MaxConnectionsPerSource', 'maxConnectionsPerSource', count, 0),
  one('KeepAlive', 'keepAlive', boolean, false),
  one('KeepAliveTimeSec', 'keepAliveTimeMs', timeSpan),
  one('KeepAliveIntervalSec', 'keepAliveIntervalMs', timeSpan),
  one('KeepAliveProbes', 'keepAliveProbes', count),
  one('NoDelay', 'noDelay', boolean, false),
  one('Priority', 'priority', wholeNumber(-(2 ** 31), 2 ** 31 - 1)),
  one('DeferAcceptSec', 'deferAcceptMs', timeSpan),
  one('ReceiveBuffer', 'receiveBuffer', bytes),
  one('SendBuffer', 'sendBuffer', bytes),
  one('IPTOS', 'ipTos', typeOfService),
  one('IPTTL', 'ipTtl', wholeNumber(1, 255)),
  one('Mark', 'mark', wholeNumber(-(2 ** 31), 2 ** 32 - 1)),
  one('ReusePort', 'reusePort', boolean, false),
  one('FreeBind', 'freeBind', boolean, false),
  one('Transparent', 'transparent', boolean, false),
  one('Broadcast', 'broadcast', boolean, false),
  one('PassCredentials', 'passCredentials', boolean, false),
  one('PassPIDFD', 'passPidfd', boolean, false),
  one('PassSecurity', 'passSecurity', boolean, false),
  one('AcceptFileDescriptors', 'acceptFileDescriptors', boolean, true),
  one('PassPacketInfo', 'passPacketInfo', boolean, false),
  one('Timestamping', 'timestamping', timestamping, 'off'),
  one('TCPCongestion', 'tcpCongestion', text),
  one('PassFileDescriptorsToExec', 'passFileDescriptorsToExec', boolean, false),
  one('PipeSize', 'pipeSize', bytes),
  one('MessageQueueMaxMessages', 'messageQueueMaxMessages', count),
  one('MessageQueueMessageSize', 'messageQueueMessageSize', count),
  one('RemoveOnStop', 'removeOnStop', boolean, false),
  wordList('Symlinks', 'symlinks', absolutePath),
  one('FileDescriptorName', 'fileDescriptorName', (value) =>
    /^[\x20-\x39\x3b-\x7e]{1,255}$/.test(value) ? { ok: true, value } : { ok: false, expected: 'a name of at most 255 characters without a colon' },
  ),
  commandKey('ExecStartPre', 'execStartPre'),
  commandKey('ExecStartPost', 'execStartPost'),
  commandKey('ExecStopPre', 'execStopPre'),
  commandKey('ExecStopPost', 'execStopPost'),
  one('TimeoutSec', 'timeoutMs', timeout, 90_000),
  one('TriggerLimitIntervalSec', 'triggerLimitIntervalMs', timeSpan, 2000),
  one('TriggerLimitBurst', 'triggerLimitBurst', count),
  one('PollLimitIntervalSec', 'pollLimitIntervalMs', timeSpan, 2000),
  one('PollLimitBurst', 'pollLimitBurst', count),
  unsupported('its sockets have the label of the manager', 'SmackLabel SmackLabelIPIn SmackLabelIPOut'),
  unsupported('an instance has the security context of its service', 'SELinuxContextFromNet', isOff),
  unsupported('no extended attribute is set', 'XAttrEntryPoint XAttrListen XAttrAccept'),
  unsupported('a connection is not put off while a job stands in its way', 'DeferTrigger DeferTriggerMaxSec', isOff),
  EXEC_KEYS.flat(),
  KILL_KEYS,
);
