/** Where the message bus of this manager's user is; D-Bus specification, "Server Addresses". Only Unix sockets: others are not on this machine. */
import type { Scope } from '../load/scope.js';

/** A path, or '\0name' for an abstract socket, as node:net takes it. undefined: there is no address that we could use. */
export function busSocket({ mode, runtimeDir }: Pick<Scope, 'mode' | 'runtimeDir'>, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const usual = mode === 'system' ? 'unix:path=/run/dbus/system_bus_socket' : `unix:path=${runtimeDir}/bus`;
  const address = env[mode === 'system' ? 'DBUS_SYSTEM_BUS_ADDRESS' : 'DBUS_SESSION_BUS_ADDRESS'] ?? usual;
  return address
    .split(';')
    .map(socketOf)
    .find((path) => path !== undefined);
}

function socketOf(address: string): string | undefined {
  const [, pairs] = /^unix:(.*)$/.exec(address) ?? [];
  const values = new Map(pairs?.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), unescape(pair.slice(pair.indexOf('=') + 1))] as const));
  const abstract = values.get('abstract');
  return values.get('path') ?? (abstract === undefined ? undefined : `\0${abstract}`);
}

/** `%20` and its kin. */
function unescape(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
