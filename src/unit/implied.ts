/**
 * Dependencies that nobody wrote; systemd.socket(5), systemd.service(5), systemd.target(5), each under "AUTOMATIC
 * DEPENDENCIES". They have line 0.
 */
import type { Place } from '../unitfile/diagnostic.js';
import type { Dependency, DependencyKind, ServiceConfig, UnitConfig } from './config.js';

type Pair = readonly [kind: DependencyKind, name: string];

export function impliedDependencies(config: UnitConfig, place: Place, mode: 'system' | 'user'): readonly Dependency[] {
  const pairs = [...implicit(config), ...(config.defaultDependencies ? byDefault(config, mode) : [])];
  const nowhere = { file: place.file, line: 0 };
  return pairs.map(([kind, name]) => ({ kind, name, place: nowhere }));
}

function implicit(config: UnitConfig): readonly Pair[] {
  // With Accept=yes each connection has a service of its own, which the manager puts after the socket.
  if (config.type === 'socket') return config.accept ? [] : [['before', config.service ?? config.name.replace(/\.socket$/, '.service')]];
  if (config.type === 'service') return [...ofBus(config), ...ofSockets(config)];
  // A target is ordered after what it pulls in, unless that is ordered the other way: only the graph of all units knows.
  return [];
}

/** Unlike systemd: the bus is not required, for where rouse runs it may come from elsewhere. */
function ofBus({ busName }: ServiceConfig): readonly Pair[] {
  return busName === undefined ? [] : [['after', 'dbus.socket']];
}

function ofSockets({ sockets }: ServiceConfig): readonly Pair[] {
  return sockets.flatMap((name): readonly Pair[] => [
    ['wants', name],
    ['after', name],
  ]);
}

/** A user's manager begins where the system is up already. */
function byDefault(config: UnitConfig, mode: 'system' | 'user'): readonly Pair[] {
  const system = mode === 'system';
  switch (config.type) {
    case 'socket':
      return [
        ['before', 'sockets.target'],
        ...(system
          ? ([
              ['requires', 'sysinit.target'],
              ['after', 'sysinit.target'],
            ] as const)
          : []),
        ['conflicts', 'shutdown.target'],
        ['before', 'shutdown.target'],
      ];
    case 'service':
      return [
        ...(system
          ? ([
              ['requires', 'sysinit.target'],
              ['after', 'sysinit.target'],
            ] as const)
          : ([['requires', 'basic.target']] as const)),
        ['after', 'basic.target'],
        ['conflicts', 'shutdown.target'],
        ['before', 'shutdown.target'],
      ];
    case 'target':
      return [
        ['conflicts', 'shutdown.target'],
        ['before', 'shutdown.target'],
      ];
  }
}
