/** Sockets and services have commands, and what belongs to these. */
import type { ServiceConfig, SocketConfig } from '../unit/config.js';
import type { Subject } from './subject.js';

export function runsCommands({ config }: Subject): ServiceConfig | SocketConfig | undefined {
  return config?.type === 'service' || config?.type === 'socket' ? config : undefined;
}
