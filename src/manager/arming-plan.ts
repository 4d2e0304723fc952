/** Whether a service can be armed, and as what: its level, and the podman command of a container as it would run now. */
import { join } from 'node:path';
import { planArming, type ArmPlan } from '../exec/arm.js';
import { isContainerService } from '../exec/launch.js';
import { adaptPodman } from '../exec/podman.js';
import type { ArmLevel, ArmMode, ServiceConfig, SocketConfig } from '../unit/config.js';
import type { ServiceUnit } from './service.js';

const LEVELS: readonly ArmLevel[] = ['stopped', 'armed', 'frozen', 'running'];

/** The service's own word counts, otherwise the highest of its sockets; [X-Rouse] Arm=. */
export function armModeOf(unit: ServiceUnit, config: ServiceConfig): ArmMode {
  if (config.arm !== undefined) return config.arm;
  const modes = socketConfigs(unit, config).map(({ arm }) => arm);
  return LEVELS.findLast((level) => modes.includes(level)) ?? 'auto';
}

/** As `armModeOf`. */
export function freezeAfterOf(unit: ServiceUnit, config: ServiceConfig): number | undefined {
  return config.freezeAfterMs ?? socketConfigs(unit, config).find(({ freezeAfterMs }) => freezeAfterMs !== undefined)?.freezeAfterMs;
}

/** As their files are now: this is about the service, and not about how the sockets were opened. */
function socketConfigs(unit: ServiceUnit, config: ServiceConfig): readonly SocketConfig[] {
  return unit.manager.socketUnitsOf(unit, config).flatMap(({ loaded }) => (loaded.config?.type === 'socket' ? [loaded.config] : []));
}

export type Planned =
  | {
      readonly type: 'container';
      readonly plan: ArmPlan;
      readonly logPath: string | undefined;
      /** Its runtime asks for the sockets: podman must not have them. */
      readonly asks: boolean;
      /** The service of its pod. */
      readonly pod: string | undefined;
    }
  | { readonly type: 'process' };

export interface NotPlanned {
  readonly why: string;
}

/** undefined: there is nothing to say about arming. */
export function planArmed(unit: ServiceUnit, config: ServiceConfig): Planned | NotPlanned | undefined {
  const mode = armModeOf(unit, config);
  const isContainer = isContainerService(config);
  if (config.execStart[0] === undefined || (mode === 'auto' && !isContainer)) return undefined;
  if (mode === 'stopped') return { why: 'Arm=no' };
  if (mode === 'frozen' || mode === 'running' || !hasSockets(unit, config)) return undefined;
  // Whoever writes Arm=yes says that they do not.
  if (mode === 'auto' && config.execStartPre.length + config.execCondition.length > 0) return { why: 'ExecStartPre= may prepare what the container needs (Arm=yes arms it)' };
  return isContainer ? planContainer(unit, config, mode) : planProcess(unit, config);
}

function hasSockets(unit: ServiceUnit, config: ServiceConfig): boolean {
  return unit.manager.socketsFor(unit, config).length > 0 || unit.adopting.isOn(config);
}

const PROCESS_TYPES: ReadonlySet<string> = new Set(['simple', 'exec', 'idle', 'notify', 'notify-reload']);

function planProcess(unit: ServiceUnit, config: ServiceConfig): Planned | NotPlanned {
  if (!PROCESS_TYPES.has(config.serviceType)) return { why: `Type=${config.serviceType} has no one process that could wait` };
  if (unit.adopting.isOn(config)) return { why: 'its sockets are adopted (Adopt=)' };
  return { type: 'process' };
}

function planContainer(unit: ServiceUnit, config: ServiceConfig, mode: ArmMode): Planned | NotPlanned | undefined {
  if (!config.sourcePath?.endsWith('.container')) return undefined;
  const { argv, logPath, asks } = containerCommand(unit, config, config.execStart[0]?.argv ?? []);
  const planned = planArming(argv);
  if (!planned.ok) return planned;
  const pod = planned.plan.pod === undefined ? undefined : podServiceOf(unit, config);
  if (planned.plan.pod !== undefined && pod === undefined) return { why: 'its pod has no service' };
  if (mode === 'auto' && pod !== undefined && unit.manager.find(pod)?.activeState !== 'active') return { why: 'its pod does not run (Arm=yes starts it beforehand)' };
  return { type: 'container', plan: planned.plan, logPath, asks, pod };
}

/** The command of an ordinary start, as this host can run it. */
export function containerCommand(
  unit: ServiceUnit,
  config: ServiceConfig,
  argv: readonly string[],
): { readonly argv: readonly string[]; readonly logPath: string | undefined; readonly asks: boolean } {
  const { manager } = unit;
  const cgroup = manager.cgroups.path === undefined ? undefined : join(manager.cgroups.path, unit.name);
  const adapted = adaptPodman(argv, manager.podmanHost, { logPath: manager.containerLogPath(unit.name), cgroup });
  for (const note of adapted.notes) manager.sayOnce(`${unit.name}: ${note}`);
  const checked = unit.podman.health.adapt(adapted.argv);
  const asks = unit.podman.sockets.prepare(config, checked);
  const words = asks === undefined ? checked : unit.podman.sockets.adapt(asks, checked);
  return { argv: unit.adopting.adapt(config, words), logPath: adapted.logPath, asks: asks !== undefined };
}

/** Quadlet binds a container to the service of its pod. */
function podServiceOf({ manager }: ServiceUnit, config: ServiceConfig): string | undefined {
  return config.dependencies.find(({ kind, name }) => kind === 'bindsTo' && manager.get(name)?.loaded.config?.sourcePath?.endsWith('.pod') === true)?.name;
}
