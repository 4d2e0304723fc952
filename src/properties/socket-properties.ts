/** Table: properties of sockets; org.freedesktop.systemd1(5), "SOCKET OBJECTS". */
import type { SocketConfig } from '../unit/config.js';
import { SOCKET_DEFAULTS } from '../unit/defaults.js';
import { addressText, KIND_TEXT } from '../unit/listen-text.js';
import { ABSENT_PROPERTIES } from './absent-properties.js';
import { CGROUP_PROPERTIES, commandLists, EXEC_PROPERTIES, KILL_PROPERTIES } from './exec-properties.js';
import { SANDBOX_PROPERTIES } from './sandbox-properties.js';
import { fixed, live, NO_ID, property, usec, type Property, type PropertyValue } from './property.js';
import type { Subject } from './subject.js';

/** Of a unit without files. */
const BLANK = { ...SOCKET_DEFAULTS, triggerLimitBurst: 20, pollLimitBurst: 15 } as unknown as SocketConfig;

function socket(name: string, signature: string, read: (config: SocketConfig) => PropertyValue): Property {
  return property(name, signature, (subject) => read(configOf(subject)));
}

function configOf({ config }: Subject): SocketConfig {
  return config?.type === 'socket' ? config : BLANK;
}

/** The numbers of SocketProtocol=; <netinet/in.h>. */
const PROTOCOLS = { udplite: 136, sctp: 132, mptcp: 262 } as const;

/** Only the first command form is there for sockets. */
function commands(name: string, read: (config: SocketConfig) => SocketConfig['execStartPre']): readonly Property[] {
  return commandLists(name, (subject) => read(configOf(subject))).slice(0, 1);
}

export const SOCKET_PROPERTIES: readonly Property[] = [
  socket('BindIPv6Only', 's', ({ bindIpv6Only }) => bindIpv6Only),
  // listen(2) takes an int.
  socket('Backlog', 'u', ({ backlog }) => Math.min(backlog, 2 ** 31 - 1)),
  socket('TimeoutUSec', 't', ({ timeoutMs }) => usec(timeoutMs)),
  socket('BindToDevice', 's', ({ bindToDevice }) => bindToDevice ?? ''),
  socket('SocketUser', 's', ({ socketUser }) => socketUser ?? ''),
  socket('SocketGroup', 's', ({ socketGroup }) => socketGroup ?? ''),
  socket('SocketMode', 'u', ({ socketMode }) => socketMode),
  socket('DirectoryMode', 'u', ({ directoryMode }) => directoryMode),
  socket('Accept', 'b', ({ accept }) => accept),
  socket('FlushPending', 'b', ({ flushPending }) => flushPending),
  socket('Writable', 'b', ({ writable }) => writable),
  socket('KeepAlive', 'b', ({ keepAlive }) => keepAlive),
  socket('KeepAliveTimeUSec', 't', ({ keepAliveTimeMs }) => usec(keepAliveTimeMs)),
  socket('KeepAliveIntervalUSec', 't', ({ keepAliveIntervalMs }) => usec(keepAliveIntervalMs)),
  socket('KeepAliveProbes', 'u', ({ keepAliveProbes }) => keepAliveProbes ?? 0),
  socket('DeferAcceptUSec', 't', ({ deferAcceptMs }) => usec(deferAcceptMs)),
  socket('NoDelay', 'b', ({ noDelay }) => noDelay),
  socket('Priority', 'i', ({ priority }) => priority ?? -1),
  socket('ReceiveBuffer', 't', ({ receiveBuffer }) => receiveBuffer ?? 0),
  socket('SendBuffer', 't', ({ sendBuffer }) => sendBuffer ?? 0),
  socket('IPTOS', 'i', ({ ipTos }) => ipTos ?? -1),
  socket('IPTTL', 'i', ({ ipTtl }) => ipTtl ?? -1),
  socket('PipeSize', 't', ({ pipeSize }) => pipeSize ?? 0),
  socket('FreeBind', 'b', ({ freeBind }) => freeBind),
  socket('Transparent', 'b', ({ transparent }) => transparent),
  socket('Broadcast', 'b', ({ broadcast }) => broadcast),
  socket('PassCredentials', 'b', ({ passCredentials }) => passCredentials),
  socket('PassFileDescriptorsToExec', 'b', ({ passFileDescriptorsToExec }) => passFileDescriptorsToExec),
  socket('PassSecurity', 'b', ({ passSecurity }) => passSecurity),
  socket('PassPacketInfo', 'b', ({ passPacketInfo }) => passPacketInfo),
  socket('Timestamping', 's', ({ timestamping }) => timestamping),
  socket('RemoveOnStop', 'b', ({ removeOnStop }) => removeOnStop),
  socket('Listen', 'a(ss)', ({ listen }) => listen.map((each) => [KIND_TEXT[each.kind], addressText(each)])),
  socket('Symlinks', 'as', ({ symlinks }) => symlinks),
  // A mark has 32 bits, and -1 is none.
  socket('Mark', 'i', ({ mark }) => (mark ?? -1) | 0),
  socket('MaxConnections', 'u', ({ maxConnections }) => maxConnections),
  socket('MaxConnectionsPerSource', 'u', ({ maxConnectionsPerSource }) => maxConnectionsPerSource),
  socket('MessageQueueMaxMessages', 'x', ({ messageQueueMaxMessages }) => messageQueueMaxMessages ?? 0),
  socket('MessageQueueMessageSize', 'x', ({ messageQueueMessageSize }) => messageQueueMessageSize ?? 0),
  socket('TCPCongestion', 's', ({ tcpCongestion }) => tcpCongestion ?? ''),
  socket('ReusePort', 'b', ({ reusePort }) => reusePort),
  ...fixed('s', '', 'SmackLabel SmackLabelIPIn SmackLabelIPOut'),
  live('ControlPID', 'u', ({ state }) => state.controlPid),
  live('Result', 's', ({ state }) => state.result),
  live('NConnections', 'u', ({ state }) => state.connections),
  live('NAccepted', 'u', ({ state }) => state.accepted),
  live('NRefused', 'u', ({ state }) => state.refused),
  property('FileDescriptorName', 's', (subject) => configOf(subject).fileDescriptorName ?? (configOf(subject).accept ? 'connection' : subject.loaded.name)),
  socket('SocketProtocol', 'i', ({ socketProtocol }) => (socketProtocol === undefined ? 0 : PROTOCOLS[socketProtocol])),
  socket('TriggerLimitIntervalUSec', 't', ({ triggerLimitIntervalMs }) => usec(triggerLimitIntervalMs)),
  socket('TriggerLimitBurst', 'u', ({ triggerLimitBurst }) => triggerLimitBurst),
  socket('PollLimitIntervalUSec', 't', ({ pollLimitIntervalMs }) => usec(pollLimitIntervalMs)),
  socket('PollLimitBurst', 'u', ({ pollLimitBurst }) => pollLimitBurst),
  ...fixed('u', NO_ID, 'UID GID'),
  ...commands('ExecStartPre', ({ execStartPre }) => execStartPre),
  ...commands('ExecStartPost', ({ execStartPost }) => execStartPost),
  ...commands('ExecStopPre', ({ execStopPre }) => execStopPre),
  ...commands('ExecStopPost', ({ execStopPost }) => execStopPost),
  ...CGROUP_PROPERTIES,
  ...EXEC_PROPERTIES,
  ...SANDBOX_PROPERTIES,
  ...KILL_PROPERTIES,
  ...ABSENT_PROPERTIES,
];
