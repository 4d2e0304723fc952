/**
 * Dependencies that nobody wrote; systemd.socket(5), systemd.service(5), systemd.target(5), each under "AUTOMATIC
 * DEPENDENCIES". They have line 0.
 */
import type { Place } from '../unitfile/diagnostic.js';
import type { Dependency, DependencyKind, UnitConfig } from './config.js';

type Pair = readonly [kind: DependencyKind, name: string];

export function impliedDependencies(config: UnitConfig, place: Place): readonly Dependency[] {
  const pairs = [...implicit(config), ...(config.defaultDependencies ? byDefault(config) : [])];
  const nowhere = { file: place.file, line: 0 };
  return pairs.map(([kind, name]) => ({ kind, name, place: nowhere }));
}

function implicit(config: UnitConfig): readonly Pair[] {
  // With Accept=yes each connection has a service of its own, which the manager puts after the socket.
  if (config.type === 'socket') return config.accept ? [] : [['before', config.service ?? config.name.replace(/\.socket$/, '.service')]];
  if (config.type === 'service')
    return config.sockets.flatMap((name): readonly Pair[] => [
      ['wants', name],
      ['after', name],
    ]);
  // A target is ordered after what it pulls in, unless that is ordered the other way: only the graph of all units knows.
  return [];
}

function byDefault(config: UnitConfig): readonly Pair[] {
  switch (config.type) {
    case 'socket':
      return [
        ['before', 'sockets.target'],
        ['requires', 'sysinit.target'],
        ['after', 'sysinit.target'],
        ['conflicts', 'shutdown.target'],
        ['before', 'shutdown.target'],
      ];
    case 'service':
      return [
        ['requires', 'sysinit.target'],
        ['after', 'sysinit.target'],
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
