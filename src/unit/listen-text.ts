/** An address as `systemctl list-sockets` prints it. */
import type { Listen } from './config.js';

/** 'Stream', 'Datagram' …, as `systemctl status` has it. */
export const KIND_TEXT: Readonly<Record<Listen['kind'], string>> = {
  stream: 'Stream',
  datagram: 'Datagram',
  'sequential-packet': 'SequentialPacket',
  fifo: 'FIFO',
  special: 'Special',
  netlink: 'Netlink',
  'message-queue': 'MessageQueue',
  'usb-function': 'USBFunction',
};

export function addressText({ address, text }: Listen): string {
  if (address === undefined) return text;
  switch (address.family) {
    case 'inet':
      return `${address.host}:${address.port}`;
    case 'inet6':
      return `[${address.host}]:${address.port}${address.scope === undefined ? '' : `%${address.scope}`}`;
    case 'any':
      return `[::]:${address.port}`;
    case 'unix':
      return address.path;
    case 'abstract':
      return `@${address.name}`;
    case 'vsock':
      return `vsock:${address.cid}:${address.port}`;
  }
}
