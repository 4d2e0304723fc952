/**
 * After a manager was killed: what the next one goes on with. Its sockets are with the keeper, its services run on, and `running/` says which they
 * are.
 *
 *   a ready service, its process alive    runs on, followed by us
 *   the service of a connection           runs on, and counts for its socket (Accept=yes)
 *   an armed container, a start or stop   is ended: the socket has its clients still, and starts it again
 *   a socket                              listens on, with everybody who waits in its queue
 *   what no unit file speaks of any more  is ended, and let go of
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ServiceConfig } from '../unit/config.js';
import { isInactive } from './active-state.js';
import { isSame, type Leftover } from './leftovers.js';
import type { Manager } from './manager.js';
import { ServiceUnit } from './service.js';
import { SocketUnit } from './socket.js';
import type { Unit } from './unit.js';

/** How long what is ended may take to go. */
const END_MS = 5000;

/** Resolves when all that could be taken over has been. Before any job. */
export async function takeOver(manager: Manager): Promise<void> {
  const { keeper, leftovers } = manager;
  keeper.takeOver();
  const sockets = keeper.foundUnits('socket').map((name) => manager.get(name));
  const all = leftovers.read();
  const connections = all.filter(({ connection, isReady }) => connection !== undefined && isReady);
  const ended = all.filter((left) => !connections.includes(left) && !resumeService(manager, left));
  // In the same turn of the loop: their programs may have questions already. The others' clients would start what is being ended.
  const [served, waiting] = partition(sockets, (unit) => !isInactive(manager.find(unit.serviceName ?? '')?.activeState ?? 'inactive'));
  resumeSockets(manager, served);
  for (const service of new Set(served.map((unit) => manager.find(unit.serviceName ?? '')))) if (service instanceof ServiceUnit) service.onSocketsChanged();
  await end(manager, [...ended, ...unknown(manager, all)]);
  resumeSockets(manager, waiting);
  await end(
    manager,
    connections.filter((left) => !resumeInstance(manager, left)),
  );
  keeper.dropFound();
}

/** Services that had just been started when the manager died, and were not written down yet: their cgroups tell of them. Those of connections end by themselves. */
function unknown(manager: Manager, known: readonly Leftover[]): readonly Leftover[] {
  const bases = new Set([manager.cgroups.base, ...known.map(({ cgroup }) => (cgroup === undefined ? undefined : dirname(cgroup.path)))].filter((base) => base !== undefined));
  return [...bases].flatMap((base) =>
    servicesIn(base)
      .filter((unit) => !known.some((left) => left.unit === unit) && !unit.includes('@'))
      .map((unit) => ({ unit, pid: 0, startTime: '', invocationId: '', isReady: false, cgroup: { path: join(base, unit), name: '' } })),
  );
}

function servicesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.service'));
  } catch {
    return [];
  }
}

async function end({ leftovers, host }: Manager, ended: readonly Leftover[]): Promise<void> {
  for (const left of ended) {
    const words = await leftovers.end(left, END_MS);
    if (words !== undefined) host.print(words);
  }
}

function partition(units: readonly (Unit | undefined)[], test: (unit: SocketUnit) => boolean): readonly [readonly SocketUnit[], readonly SocketUnit[]] {
  const sockets = units.filter((unit) => unit instanceof SocketUnit);
  return [sockets.filter(test), sockets.filter((unit) => !test(unit))];
}

function resumeSockets(manager: Manager, units: readonly SocketUnit[]): void {
  for (const unit of units) {
    manager.guard(() => {
      if (unit.resume()) manager.say(unit, 'Listens on where a manager that died has held it');
    });
  }
}

function resumeService(manager: Manager, left: Leftover): boolean {
  if (!left.isReady || !isSame(left)) return false;
  const unit = manager.get(left.unit);
  if (!(unit instanceof ServiceUnit) || unit.loaded.config?.type !== 'service') return false;
  const { config } = unit.loaded;
  // Without the keeper nobody but the service has its sockets, and no socket could start it again.
  if (!manager.keeper.isThere && hasSockets(manager, unit, config)) return false;
  return unit.adopting.canResume(config, left.pid) && resume(unit, left);
}

/** Its socket listens again, and knows it. */
function resumeInstance(manager: Manager, left: Leftover): boolean {
  const socket = manager.find(left.connection?.socket ?? '');
  if (!(socket instanceof SocketUnit) || left.connection === undefined || !isSame(left)) return false;
  const unit = socket.connections.resume(left.unit, left.connection.client);
  if (unit === undefined) return false;
  if (resume(unit, left)) return true;
  manager.settleInstance(unit);
  return false;
}

function resume(unit: ServiceUnit, left: Leftover): boolean {
  try {
    unit.resume(left);
    unit.manager.say(unit, `Runs on, as a manager that died has started it (process ${left.pid})`);
    return true;
  } catch {
    return false;
  }
}

function hasSockets(manager: Manager, unit: ServiceUnit, config: ServiceConfig): boolean {
  manager.get(unit.name.replace(/\.service$/, '.socket'));
  return manager.socketUnitsOf(unit, config).some(({ loaded }) => loaded.config?.type === 'socket');
}
