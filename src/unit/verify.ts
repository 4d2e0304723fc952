/** Checks across the keys of one unit, by name: what systemd refuses too, because it could not work as written. */
import type { ServiceConfig, SocketConfig } from './config.js';
import { parseUnitName } from './name.js';

export interface Refusal {
  readonly code: string;
  /** Without ", refusing to load". */
  readonly message: string;
  readonly hint: string;
}

type Check<T> = (config: T) => Refusal | undefined;

const SERVICE_CHECKS: readonly Check<ServiceConfig>[] = [
  function hasCommand({ serviceType, execStart, execStop, remainAfterExit }) {
    if (execStart.length > 0 || (serviceType === 'oneshot' && remainAfterExit && execStop.length > 0)) return undefined;
    return { code: 'no-exec-start', message: 'No ExecStart= in section [Service] that can be used', hint: 'ExecStart=/path/to/program' };
  },
  function hasOneMainProcess({ serviceType, execStart }) {
    if (execStart.length < 2 || serviceType === 'oneshot') return undefined;
    const message = `More than one ExecStart=, which only Type=oneshot may have (this is Type=${serviceType})`;
    return { code: 'many-exec-start', message, hint: 'an empty ExecStart= before the last one drops the others' };
  },
  function restartsOnFailureOnly({ serviceType, restart }) {
    if (serviceType !== 'oneshot' || (restart !== 'always' && restart !== 'on-success')) return undefined;
    return { code: 'bad-restart', message: `Restart=${restart} is not for Type=oneshot`, hint: 'Restart=on-failure' };
  },
  function hasBusName({ serviceType, busName }) {
    if (serviceType !== 'dbus' || busName !== undefined) return undefined;
    return { code: 'no-bus-name', message: 'Type=dbus without BusName=', hint: 'BusName=org.example.Name' };
  },
];

const SOCKET_CHECKS: readonly Check<SocketConfig>[] = [
  function listens({ listen }) {
    if (listen.length > 0) return undefined;
    return { code: 'no-listen', message: 'No Listen… key in section [Socket] that can be used', hint: 'ListenStream=8080' };
  },
  function holdsThem({ listen }) {
    const usb = listen.find(({ kind }) => kind === 'usb-function');
    if (usb === undefined) return undefined;
    const message = `ListenUSBFunction=${usb.text}, which rouse cannot hold: a USB function begins with descriptors that must be written to its endpoints`;
    return { code: 'usb-function', message, hint: 'a service of its own can write them, and serve the function' };
  },
  function triggersService({ service }) {
    if (service === undefined || parseUnitName(service)?.type === 'service') return undefined;
    return { code: 'bad-service', message: `Service=${service} is not the name of a service`, hint: 'Service=NAME.service' };
  },
  function acceptsConnections({ accept, listen }) {
    const other = accept ? listen.find(({ kind }) => kind !== 'stream' && kind !== 'sequential-packet') : undefined;
    if (other === undefined) return undefined;
    return { code: 'bad-accept', message: `Accept=yes with '${other.text}', which has no connections to accept`, hint: 'Accept=no' };
  },
  function acceptsForItsTemplate({ accept, service }) {
    if (!accept || service === undefined) return undefined;
    return { code: 'bad-service', message: `Service=${service} with Accept=yes, which starts an instance of the template of the same name`, hint: 'Accept=no' };
  },
  function acceptsAny({ accept, maxConnections }) {
    if (!accept || maxConnections > 0) return undefined;
    return { code: 'bad-accept', message: 'MaxConnections=0 with Accept=yes, so that no connection is ever accepted', hint: 'MaxConnections=64' };
  },
  function linksToOneNode({ symlinks, listen }) {
    const nodes = listen.filter(({ address, kind }) => address?.family === 'unix' || kind === 'fifo');
    if (symlinks.length === 0 || nodes.length === 1) return undefined;
    return { code: 'bad-symlinks', message: 'Symlinks= without exactly one socket or FIFO in the file system', hint: 'ListenStream=/run/name.sock' };
  },
];

export function verifyService(config: ServiceConfig): Refusal | undefined {
  return firstRefusal(SERVICE_CHECKS, config);
}

export function verifySocket(config: SocketConfig): Refusal | undefined {
  return firstRefusal(SOCKET_CHECKS, config);
}

function firstRefusal<T>(checks: readonly Check<T>[], config: T): Refusal | undefined {
  for (const check of checks) {
    const refusal = check(config);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
