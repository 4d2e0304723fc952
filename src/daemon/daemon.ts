/**
 * The manager as a process: takes the instance's lock, ends what a dead manager left, opens the control socket, starts
 * `default.target`, and stops everything in order when it is told to go.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { GENERATED_FOLDER } from '../control/generated-file.js';
import { ControlServer } from '../control/server.js';
import { DBus } from '../dbus/dbus.js';
import { closeCgroupTree, openCgroupTree } from '../exec/cgroup.js';
import { DEFAULT_PATH, managerEnvironment } from '../exec/environment.js';
import { detectPodmanHost } from '../exec/podman.js';
import type { LaunchHost } from '../exec/launch.js';
import { prepareRouseDir } from '../load/resolve-scope.js';
import { GENERATED_UNITS, type Scope } from '../load/scope.js';
import { UnitStore } from '../load/unit-store.js';
import { generate } from '../manager/generating.js';
import { Manager } from '../manager/manager.js';
import { lockFile } from '../sys/lock.js';
import { Poller } from '../sys/poller.js';
import { generatedFolders } from '../unitfile/search-path.js';
import { groupByName, setChildSubreaper, userByName } from '../sys/process.js';
import { takeOver } from '../manager/takeover.js';
import { OrphanReaper } from './orphans.js';

export interface DaemonOptions {
  readonly env: NodeJS.ProcessEnv;
  /** What the manager says, line by line. */
  readonly print: (line: string) => void;
  /** How another manager is started when this one was killed. */
  readonly restart?: { readonly argv: readonly string[]; readonly env: readonly string[] } | undefined;
  /** Root's systemctl is to find this manager, at the price that other programs believe in a systemd. */
  readonly asSystemd?: boolean;
  /** Gets each line that a unit writes, too. */
  readonly echo?: ((unit: string, line: string) => void) | undefined;
  /** What is not down by then, from the first word of stopping, is killed. */
  readonly stopWithinMs?: number;
  readonly onStopping?: () => void;
  /** Called when requests are answered. */
  readonly onReady: () => void;
}

/** Another manager of the same user has the lock. */
export class AlreadyRunning extends Error {}

/** Resolves with the exit code when the manager has stopped everything. Throws AlreadyRunning, ScopeError and file errors. */
export async function runDaemon(scope: Scope, options: DaemonOptions): Promise<number> {
  prepareRouseDir(scope);
  if (!lockFile(join(scope.rouseDir, 'lock')))
    throw new AlreadyRunning(`rouse runs already for ${scope.mode === 'system' ? 'the system' : `user ${scope.userName}`} (${scope.controlSocket})`);
  const { print } = options;
  for (const line of [...scope.warnings, ...(scope.notice === undefined ? [] : [scope.notice])]) print(line);
  setChildSubreaper();
  const manager = makeManager(scope, options);
  const orphans = new OrphanReaper();
  orphans.start();
  await takeOver(manager);
  const server = new ControlServer(manager, scope);
  await server.listen();
  const dbus = new DBus(manager, { env: options.env, asSystemd: options.asSystemd === true, onExit: () => server.onExit() });
  const stopped = untilStopped(manager, server, options);
  await dbus.start();
  if (await generate(manager.host)) manager.host.store.reload();
  for (const diagnostic of manager.host.store.looseDiagnostics) manager.report(diagnostic);
  manager.queue('default.target', 'start', 'replace', (end) => {
    if (end.result !== 'done') print(`default.target: ${end.message ?? end.result}`);
  });
  options.onReady();
  await stopped;
  await server.close();
  await dbus.close();
  orphans.stop();
  manager.keeper.end();
  manager.poller.close();
  closeCgroupTree(manager.cgroups);
  for (const name of ['notify', 'running', 'adopt', 'inaccessible', GENERATED_FOLDER, ...Object.values(generatedFolders(GENERATED_UNITS))])
    rmSync(join(scope.rouseDir, name), { recursive: true, force: true });
  return 0;
}

function makeManager(scope: Scope, { env, print, echo, restart }: DaemonOptions): Manager {
  const onError = (error: unknown): void => manager.onBug(error);
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
  const cgroups = openCgroupTree(cgroupName(scope));
  const store = new UnitStore(scope, env);
  const manager: Manager = new Manager({
    scope,
    store,
    poller: new Poller(onError),
    cgroups,
    launchHost: launchHost(scope, store, env),
    podmanHost: detectPodmanHost(cgroups.layout, env['PATH'] ?? DEFAULT_PATH),
    openContext: { resolveUser: known(userByName, 'user'), resolveGroup: known(groupByName, 'group') },
    restart,
    print,
    echo,
  });
  return manager;
}

/** Two managers of one user, told apart by their folders, must not share a cgroup. */
function cgroupName({ rouseDir }: Scope): string {
  return `rouse-${createHash('sha256').update(rouseDir).digest('hex').slice(0, 8)}`;
}

function launchHost(scope: Scope, store: UnitStore, env: NodeJS.ProcessEnv): LaunchHost {
  const { facts } = store;
  const environment = new Map(managerEnvironment(scope.mode, env));
  if (scope.mode === 'user') environment.set('XDG_RUNTIME_DIR', scope.runtimeDir);
  const system = scope.mode === 'system';
  return {
    mode: scope.mode,
    own: env,
    environment,
    rouseDir: scope.rouseDir,
    user: { name: scope.userName, home: scope.home, shell: facts.shell },
    folders: {
      runtime: scope.runtimeDir,
      state: system ? '/var/lib' : facts.stateHome,
      cache: system ? '/var/cache' : facts.cacheHome,
      logs: system ? '/var/log' : `${facts.stateHome}/log`,
      configuration: system ? '/etc' : facts.configHome,
    },
  };
}

function known<T>(find: (name: string) => T | undefined, kind: string): (name: string) => T {
  return (name) => {
    const found = find(name);
    if (found === undefined) throw new Error(`No such ${kind} '${name}'`);
    return found;
  };
}

async function reloadAndReport(manager: Manager): Promise<void> {
  for (const diagnostic of await manager.reload()) manager.report(diagnostic);
}

/** SIGTERM, SIGINT and the control API's exit stop everything in order; SIGHUP reads the files again. */
function untilStopped(manager: Manager, server: ControlServer, { print, stopWithinMs = Infinity, onStopping }: DaemonOptions): Promise<void> {
  return new Promise((resolve) => {
    const stop = (why: string): void => {
      if (manager.stopping) {
        print(`Told again to stop (${why}): killing what is left`);
        return manager.killAll();
      }
      print(`Stopping every unit (${why})`);
      onStopping?.();
      if (stopWithinMs !== Infinity) setTimeout(() => manager.killAll(), stopWithinMs).unref();
      void manager.stopAll().then(resolve);
    };
    process.on('SIGTERM', () => stop('SIGTERM'));
    process.on('SIGINT', () => stop('SIGINT'));
    process.on('SIGHUP', () => {
      print('Reading the unit files again (SIGHUP)');
      void reloadAndReport(manager);
    });
    server.onExit = () => stop('asked by a client');
  });
}
