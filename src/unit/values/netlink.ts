/** What ListenNetlink= names: a protocol and a mask of multicast groups; systemd.socket(5), netlink(7). */
import { bad, good, type Value } from './value.js';

export interface NetlinkAddress {
  readonly protocol: number;
  readonly groups: number;
}

/** <linux/netlink.h> */
const PROTOCOLS: Readonly<Record<string, number>> = {
  route: 0,
  firewall: 3,
  'inet-diag': 4,
  nflog: 5,
  xfrm: 6,
  selinux: 7,
  iscsi: 8,
  audit: 9,
  'fib-lookup': 10,
  connector: 11,
  netfilter: 12,
  'ip6-fw': 13,
  dnrtmsg: 14,
  'kobject-uevent': 15,
  generic: 16,
  scsitransport: 18,
  ecryptfs: 19,
  rdma: 20,
};

/** 'kobject-uevent 1', 'route 1361', '15 1'; the group may be left out. */
export function netlinkAddress(text: string): Value<NetlinkAddress> {
  const [, name = '', group = '0'] = /^(\S+)(?:\s+(\d+))?$/.exec(text) ?? [];
  const protocol = PROTOCOLS[name] ?? (/^\d+$/.test(name) ? Number(name) : undefined);
  const known = Object.keys(PROTOCOLS).join(', ');
  return protocol === undefined || protocol > 31 || Number(group) >= 2 ** 32
    ? bad(`a netlink family (${known} or a number) and the mask of its groups, such as 'kobject-uevent 1'`)
    : good({ protocol, groups: Number(group) });
}
