/**
 * Something that waits before exec for a service that is down: its container (armed-container.ts) or its process (armed-process.ts). The
 * service takes it when it starts. Whatever goes wrong leads back to an ordinary start.
 *
 *   arming   it is being made.
 *   armed    it waits.
 *   gone     it was taken, could not be made, or somebody removed it; `why` says which.
 */
import type { NotifySocket } from '../exec/notify-socket.js';
import type { SpawnedCommand } from './service-spawn.js';

export interface Armed {
  readonly state: 'arming' | 'armed' | 'gone';
  readonly why: string | undefined;
  /** conmon, or the process that waits. */
  readonly pid: number | undefined;
  /** The INVOCATION_ID that it was given. */
  readonly invocationId?: string;
  /** Calls back when it is not `arming` any more; at once when it is not now. */
  whenSettled(callback: () => void): void;
  /** Lets the program go. undefined: it does not wait any more, or what it was made from has changed; then it has to be discarded. */
  take(): Taken | undefined;
  /** Removes it. Resolves when it is gone, also when it is still on its way. */
  discard(why: string): Promise<void>;
}

export interface Taken extends SpawnedCommand {
  /** Whoever is to know that it runs (podman) knows it. */
  readonly known: Promise<void>;
  /** It was told of this notify socket, which is the service's from now on. */
  readonly notify: NotifySocket | undefined;
}
