/** An address as ListenStream= spells it; systemd.socket(5). */
import type { SocketAddress } from '../sys/sockaddr.js';

/** '' for what has no address. */
export function addressText(address: SocketAddress | undefined): string {
  switch (address?.family) {
    case 'inet':
      return `${address.host}:${address.port}`;
    case 'inet6':
      return `[${address.host}]:${address.port}`;
    case 'unix':
      return address.path;
    case 'abstract':
      return `@${address.name}`;
    case 'vsock':
      return `vsock:${address.cid}:${address.port}`;
    default:
      return '';
  }
}
