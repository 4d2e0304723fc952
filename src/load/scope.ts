/**
 * A scope: for whom a manager works (the system, or one user) and which folders that means. Everything that depends
 * on the environment, the user id or the host is decided here once; the rest of rouse is handed the answer.
 */

/** Folder in `rouseDir` for what `rouse run` makes, until the next boot. */
export const RUN_UNITS = 'run-units';

/** Folder in `rouseDir` for what generators write; the two others are called like it. */
export const GENERATED_UNITS = 'generator';

export interface Scope {
  readonly mode: 'system' | 'user';
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly home: string;
  /** %t: `/run`, or `$XDG_RUNTIME_DIR` and what stands in for it. */
  readonly runtimeDir: string;
  /** `/run/rouse` or `$XDG_RUNTIME_DIR/rouse`, 0700: control socket, notify sockets, pid file, output of the units. */
  readonly rouseDir: string;
  /** `${rouseDir}/control.sock`, 0600. */
  readonly controlSocket: string;
  /** Where each unit's output is kept: `/var/log/rouse`, or `$XDG_STATE_HOME/rouse/log`. */
  readonly logDir: string;
  /** Where `enable` makes its links: the first writable, persistent unit folder (`/etc/systemd/system` …). */
  readonly configUnitDir: string;
  /** systemd's own search path (systemd.unit(5), "UNIT FILE LOAD PATH"), first wins, with ours before it. */
  readonly unitDirs: readonly string[];
  /** Where generators are looked for (systemd.generator(7)), first wins; none when a systemd manager runs them. */
  readonly generatorDirs: readonly string[];
  /** Quadlet's search path (podman-systemd.unit(5)), first wins, with ours before it. */
  readonly quadletDirs: readonly string[];
  /** Set when a systemd manager already serves this scope: only rouse's own folders are read then. Says so in words. */
  readonly notice: string | undefined;
  /** Said once at start: for example that a private folder stands in for XDG_RUNTIME_DIR. */
  readonly warnings: readonly string[];
}
