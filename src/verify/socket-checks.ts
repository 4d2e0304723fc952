/** Socket units: whether somebody answers, and whether the address can be had. */
import { posix } from 'node:path';
import { serviceOf as triggeredBy } from '../unit/load.js';
import { parseUnitName } from '../unit/name.js';
import type { SocketConfig } from '../unit/config.js';
import { whole } from './name-checks.js';
import { indexBy, perWorld } from './per-world.js';
import { isSocket, serviceOf, socketOf, type Finding, type Subject, type World } from './subject.js';
import { isYes, lastOf, nearestUnit, valuesOf } from './text.js';

/** The service that a connection starts; with Accept=yes an instance of a template. */
function wantedService(config: SocketConfig): string {
  return config.accept ? config.name.replace(/(@[^.]*)?\.socket$/, '@.service') : triggeredBy(config);
}

export function* socketWithoutService(subject: Subject, world: World): Iterable<Finding> {
  const config = socketOf(subject);
  if (config === undefined) return;
  const name = wantedService(config);
  const service = world.find(name);
  const at = { at: lastOf(subject, 'Service') ?? lastOf(subject, 'Accept') ?? place(subject), section: 'Socket' };
  if (service === undefined) {
    if (world.complete || world.subjects.length > 1) yield { ...at, message: `There is no ${name}: whoever connects waits for nothing`, hint: missingHint(config, name, world) };
  } else if (service.config === undefined) {
    const source = service.quadlet === undefined ? '' : `, which ${service.quadlet.name} should make,`;
    yield { ...at, message: `${name}${source} does not load: whoever connects waits for nothing`, hint: `rouse verify ${service.quadlet?.name ?? name} says why` };
  }
}

function missingHint(config: SocketConfig, name: string, world: World): string {
  const base = name.replace(/@?\.service$/, '');
  if (config.accept && world.find(`${base}.service`) !== undefined)
    return `Accept=yes starts a service for each connection, from a template: rename ${base}.service to ${name}, or leave Accept= out`;
  const near = nearestUnit(name, world);
  return near === undefined ? `write ${base}${config.accept ? '@' : ''}.container or ${name}, or name another service with Service=` : `did you mean Service=${near}?`;
}

/** The section itself, where no line is to blame. */
function place(subject: Subject): { readonly file: string; readonly line: number } {
  return subject.contents.sections.find(({ name }) => name === 'Socket')?.place ?? whole(subject);
}

/** When the program ends, the client may still be in the queue: it is started again and again. */
export function* oneshotBehindSocket(subject: Subject, world: World): Iterable<Finding> {
  const config = socketOf(subject);
  if (config === undefined || config.accept) return;
  const service = world.find(triggeredBy(config))?.config;
  if (service?.type !== 'service' || service.serviceType !== 'oneshot') return;
  const message = service.remainAfterExit
    ? `${service.name} has Type=oneshot and stays active when its program has ended: nobody answers the second client`
    : `${service.name} has Type=oneshot: clients wait until its program has ended, and one that it has not served starts it again and again`;
  yield { at: lastOf(subject, 'Service') ?? place(subject), section: 'Socket', message, hint: 'Type=notify or Type=exec in the service, or Accept=yes here' };
}

/** The manager makes the folder, wherever that is; where it cannot, nobody can connect. */
export function* folderOfSocket(subject: Subject, world: World): Iterable<Finding> {
  for (const { address, kind, text, place: at } of socketOf(subject)?.listen ?? []) {
    const path = address?.family === 'unix' ? address.path : kind === 'fifo' ? text : undefined;
    if (path === undefined || world.host.isFolder(posix.dirname(path)) !== false) continue;
    const nearest = ancestor(path, world);
    const section = 'Socket';
    if (world.host.isFolder(nearest) === false)
      yield { at, section, severity: 'error', message: `'${nearest}' is no folder: '${path}' cannot be made in it`, hint: 'name a path in a folder, such as %t/NAME.sock' };
    else if (world.mode === 'user' && world.host.canWrite(nearest) === false)
      yield {
        at,
        section,
        severity: 'error',
        message: `The folder of '${path}' does not exist, and in '${nearest}' nobody but its owner can make it`,
        hint: 'a user’s sockets are at home in %t',
      };
    else if (!isAtHome(path, world))
      yield {
        at,
        section,
        message: `The folder '${posix.dirname(path)}' does not exist, making it when the socket starts`,
        hint: 'sockets are at home in %t; if the path is right, make the folder to say so',
      };
  }
}

function ancestor(path: string, { host }: World): string {
  let folder = posix.dirname(path);
  while (folder !== '/' && host.exists(folder) === false) folder = posix.dirname(folder);
  return folder;
}

/** Below these, folders come and go. */
function isAtHome(path: string, { facts }: World): boolean {
  return [facts.runtimeDir, '/run', '/var/run', '/tmp', '/var/tmp', '/var/lib', '/dev/shm'].some((folder) => path.startsWith(`${folder}/`));
}

/** Started by itself, the service gets no socket. It matters where something else than the socket starts it. */
export function* socketNotRequired(subject: Subject, world: World): Iterable<Finding> {
  const service = serviceOf(subject);
  if (service === undefined) return;
  const sockets = socketsOf(subject, world).filter(
    (name) => !service.sockets.includes(name) && !service.dependencies.some((each) => each.name === name && ['requires', 'bindsTo', 'wants', 'requisite'].includes(each.kind)),
  );
  if (sockets.length === 0) return;
  const others = [...world.startersOf(subject.unitName), ...service.install.wantedBy, ...service.install.requiredBy].filter((name) => !sockets.includes(name));
  const start = others.length > 0 ? `${others[0]} starts ${subject.unitName} also` : `${subject.unitName} can be started by name`;
  const at = subject.contents.sections.find(({ name }) => name === 'Unit')?.place ?? whole(subject);
  yield {
    at,
    section: 'Unit',
    severity: others.length > 0 ? 'warning' : 'info',
    message: `${start}, without ${sockets.join(' and ')}: then it gets no socket`,
    hint: `Requires=${sockets.join(' ')} and After=${sockets.join(' ')}`,
  };
}

/** The socket units that start this subject's service. */
export function socketsOf(subject: Subject, world: World): readonly string[] {
  return (triggersOf(world).get(subject.unitName) ?? []).map(({ name }) => name);
}

/** Socket units by the service that they start. */
const triggersOf = perWorld((world) => indexBy(world.units(), (unit) => (isSocket(unit) && !unit.config.accept ? [triggeredBy(unit.config)] : [])));

/** A socket for each instance needs a service for each instance. */
export function* templateWithoutTemplate(subject: Subject): Iterable<Finding> {
  const config = socketOf(subject);
  const service = lastOf(subject, 'Service');
  if (config === undefined || service === undefined || config.accept) return;
  if (parseUnitName(service.value)?.instance === '')
    yield {
      at: service,
      section: 'Socket',
      message: `${service.value} is a template and cannot be started`,
      hint: `Service=${service.value.replace('@', '@%i')} in a socket unit that is a template too`,
    };
}

const INEFFECTIVE: readonly { readonly keys: string; readonly needs: string; readonly has: (subject: Subject) => boolean }[] = [
  { keys: 'MaxConnections MaxConnectionsPerSource', needs: 'Accept=yes', has: (subject) => isYes(lastOf(subject, 'Accept')?.value) },
  { keys: 'KeepAliveTimeSec KeepAliveIntervalSec KeepAliveProbes', needs: 'KeepAlive=yes', has: (subject) => isYes(lastOf(subject, 'KeepAlive')?.value) },
  { keys: 'SocketMode SocketUser SocketGroup DirectoryMode RemoveOnStop', needs: 'a path to listen on', has: (subject) => listens(subject, /^[/%]/) },
  {
    keys: 'BindIPv6Only FreeBind Transparent BindToDevice NoDelay DeferAcceptSec IPTOS IPTTL TCPCongestion',
    needs: 'an IP address to listen on',
    has: (subject) => listens(subject, /^(\d|\[|%)/),
  },
];

function listens(subject: Subject, address: RegExp): boolean {
  const keys = ['ListenStream', 'ListenDatagram', 'ListenSequentialPacket', 'ListenFIFO', 'ListenSpecial', 'ListenMessageQueue'];
  return keys.some((key) => valuesOf(subject, key, 'Socket').some(({ value }) => address.test(value)));
}

export function* ineffectiveSocketKey(subject: Subject): Iterable<Finding> {
  if (socketOf(subject) === undefined) return;
  for (const { keys, needs, has } of INEFFECTIVE) {
    for (const key of keys.split(' ')) {
      const line = lastOf(subject, key, 'Socket');
      if (line !== undefined && !has(subject))
        yield { at: line, section: 'Socket', message: `${key}= without ${needs} has no effect`, hint: needs.includes('=') ? needs : `leave ${key}= out` };
    }
  }
}
