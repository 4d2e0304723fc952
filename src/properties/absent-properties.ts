/**
 * Table: properties of what rouse does not do to a unit, with what systemd says of a unit without it: so clients that ask are told that there is
 * no such restriction, limit or setting in force, whatever the unit's file asks for. A feature that rouse gets leaves this table.
 */
import { fixed, type Property } from './property.js';

const NO_LIMIT = [
  ...fixed('t', Infinity, 'IPIngressBytes IPIngressPackets IPEgressBytes IPEgressPackets IOReadBytes IOReadOperations IOWriteBytes IOWriteOperations'),
  ...fixed('as', [], 'DelegateControllers'),
  ...fixed('s', '', 'DelegateSubgroup'),
  ...fixed('b', false, 'CPUAccounting'),
  ...fixed('t', Infinity, 'CPUWeight StartupCPUWeight CPUShares StartupCPUShares CPUQuotaPerSecUSec CPUQuotaPeriodUSec'),
  ...fixed('ay', new Uint8Array(), 'AllowedCPUs StartupAllowedCPUs AllowedMemoryNodes StartupAllowedMemoryNodes'),
  ...fixed('b', false, 'IOAccounting'),
  ...fixed('t', Infinity, 'IOWeight StartupIOWeight'),
  ...fixed('a(st)', [], 'IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetUSec'),
  ...fixed('b', false, 'BlockIOAccounting'),
  ...fixed('t', Infinity, 'BlockIOWeight StartupBlockIOWeight'),
  ...fixed('a(st)', [], 'BlockIODeviceWeight BlockIOReadBandwidth BlockIOWriteBandwidth'),
  ...fixed('b', false, 'MemoryAccounting'),
  ...fixed('t', 0, 'DefaultMemoryLow DefaultStartupMemoryLow DefaultMemoryMin MemoryMin MemoryLow StartupMemoryLow'),
  ...fixed('t', Infinity, 'MemoryHigh StartupMemoryHigh MemoryMax StartupMemoryMax MemorySwapMax StartupMemorySwapMax MemoryZSwapMax StartupMemoryZSwapMax'),
  ...fixed('b', true, 'MemoryZSwapWriteback'),
  ...fixed('t', Infinity, 'MemoryLimit'),
  ...fixed('s', 'auto', 'DevicePolicy'),
  ...fixed('a(ss)', [], 'DeviceAllow'),
  ...fixed('b', false, 'TasksAccounting'),
  ...fixed('t', Infinity, 'TasksMax'),
  ...fixed('b', false, 'IPAccounting'),
  ...fixed('a(iayu)', [], 'IPAddressAllow IPAddressDeny'),
  ...fixed('as', [], 'IPIngressFilterPath IPEgressFilterPath DisableControllers'),
  ...fixed('s', 'auto', 'ManagedOOMSwap ManagedOOMMemoryPressure'),
  ...fixed('u', 0, 'ManagedOOMMemoryPressureLimit'),
  ...fixed('t', Infinity, 'ManagedOOMMemoryPressureDurationUSec'),
  ...fixed('s', 'none', 'ManagedOOMPreference'),
  ...fixed('a(ss)', [], 'BPFProgram'),
  ...fixed('a(iiqq)', [], 'SocketBindAllow SocketBindDeny'),
  ...fixed('(bas)', [false, []], 'RestrictNetworkInterfaces'),
  ...fixed('s', 'auto', 'MemoryPressureWatch'),
  ...fixed('a(iiss)', [], 'NFTSet'),
  ...fixed('b', false, 'CoredumpReceive'),
];

const NO_SANDBOX = [
  ...fixed('s', '', 'RootImage RootHashPath RootHashSignaturePath RootVerity'),
  ...fixed('a(ss)', [], 'RootImageOptions'),
  ...fixed('ay', new Uint8Array(), 'RootHash RootHashSignature'),
  ...fixed('b', false, 'RootEphemeral'),
  ...fixed('as', [], 'ExtensionDirectories'),
  ...fixed('a(sba(ss))', [], 'ExtensionImages'),
  ...fixed('a(ssba(ss))', [], 'MountImages'),
  ...fixed('a(say)', [], 'SetCredentialEncrypted'),
  ...fixed('a(ss)', [], 'LoadCredentialEncrypted'),
  ...fixed('as', [], 'ImportCredential'),
  ...fixed('a(ss)', [], 'ImportCredentialEx'),
  ...fixed('s', '', 'PAMName'),
  ...fixed('t', 0, 'MountFlags'),
  ...fixed('s', 'no', 'PrivatePIDs'),
  ...fixed('b', false, 'SameProcessGroup'),
  ...fixed('s', '', 'UtmpIdentifier'),
  ...fixed('s', 'init', 'UtmpMode'),
  ...fixed('(bs)', [false, ''], 'SELinuxContext AppArmorProfile SmackProcessLabel'),
  ...fixed('(bas)', [false, []], 'SystemCallLog RestrictFileSystems'),
  ...fixed('s', '', 'Personality'),
  ...fixed('b', false, 'MountAPIVFS BindLogSockets'),
  ...fixed('s', 'shared', 'KeyringMode'),
  ...fixed('b', false, 'MemoryKSM'),
];

const NO_SETTING = [
  ...fixed('b', false, 'CPUAffinityFromNUMA'),
  ...fixed('i', -1, 'NUMAPolicy'),
  ...fixed('ay', new Uint8Array(), 'NUMAMask'),
  ...fixed('s', '', 'TTYPath'),
  ...fixed('b', false, 'TTYReset TTYVHangup TTYVTDisallocate'),
  ...fixed('b', true, 'SyslogLevelPrefix'),
  ...fixed('i', -1, 'LogLevelMax'),
  ...fixed('t', 0, 'LogRateLimitIntervalUSec'),
  ...fixed('u', 0, 'LogRateLimitBurst'),
  ...fixed('aay', [], 'LogExtraFields'),
  ...fixed('a(bs)', [], 'LogFilterPatterns'),
  ...fixed('s', '', 'LogNamespace'),
  ...fixed('t', Infinity, 'TimeoutCleanUSec'),
];

/** Of services and sockets. */
export const ABSENT_PROPERTIES: readonly Property[] = [...NO_LIMIT, ...NO_SANDBOX, ...NO_SETTING];
