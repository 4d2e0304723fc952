/**
 * Health checks where no systemd runs them. podman makes each a timer of systemd's; without one nobody checks, and
 * `--sdnotify=healthy` waits for ever. So the manager runs `podman healthcheck run`, which does everything else: it runs the command,
 * keeps the status that `podman ps` and `podman inspect` show, and kills or stops a container by HealthOnFailure=.
 *
 * Here is what needs no clock and no process: what to take out of the command that Quadlet made, what podman says of a container,
 * and the schedule as a pure function. Its states:
 *
 *   startup   the startup check runs, and decides alone; its successes end it, its failures (HealthStartupRetries=) the container.
 *   regular   the health check runs. In the start period a failure counts for nothing.
 *
 * The first check comes at once, each other one interval after the end of the one before.
 */
import { basename } from 'node:path';
import { splitRunOptions, type RunOption } from '../unit/podman-options.js';

/** What the manager does in podman's place, because podman would do it through systemd or behind the manager's back. */
export interface HealthPolicy {
  /** Notify=healthy: the service is ready when the container is healthy. */
  readonly waits: boolean;
  /** HealthOnFailure=restart: podman would restart the container, and the service would end. */
  readonly restarts: boolean;
  /** HealthStartupRetries=, for the same reason; 0 for any number. */
  readonly startupRetries: number;
  /** Whether the command says anything of health: otherwise only the image may. */
  readonly asked: boolean;
}

export interface HealthCommand {
  readonly argv: readonly string[];
  readonly policy: HealthPolicy;
}

/** The command without what the manager does. undefined: it runs no container. */
export function adaptHealth(argv: readonly string[]): HealthCommand | undefined {
  const at = argv.indexOf('run') + 1;
  if (basename(argv[0] ?? '') !== 'podman' || at === 0) return undefined;
  const { options, rest } = splitRunOptions(argv.slice(at));
  const last = (name: string): string | undefined => options.findLast((option) => option.name === name)?.value;
  const policy = {
    waits: last('sdnotify') === 'healthy',
    restarts: last('health-on-failure') === 'restart',
    startupRetries: Number(last('health-startup-retries') ?? 0) || 0,
    asked: options.some(({ name }) => name.startsWith('health-')),
  };
  return { argv: [...argv.slice(0, at), ...options.flatMap(withoutHealth), ...rest], policy };
}

function withoutHealth({ name, value, words }: RunOption): readonly string[] {
  if (name === 'sdnotify' && value === 'healthy') return ['--sdnotify=conmon'];
  if (name === 'health-on-failure' && value === 'restart') return ['--health-on-failure=none'];
  return name === 'health-startup-retries' ? [] : words;
}

export interface HealthCheck {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface HealthConfig extends HealthCheck {
  readonly retries: number;
  readonly startPeriodMs: number;
  readonly startup: (HealthCheck & { readonly retries: number; readonly successes: number }) | undefined;
}

/** A container as `podman container inspect` has it. */
export interface InspectedContainer {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  /** Where its k8s-file log is; '' with another driver. */
  readonly logPath: string;
  readonly health: HealthConfig | undefined;
}

interface RawCheck {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly Retries?: number;
  readonly StartPeriod?: number;
  readonly Successes?: number;
}

interface RawContainer {
  readonly Id?: string;
  readonly Name?: string;
  readonly IsInfra?: boolean;
  readonly IsService?: boolean;
  readonly State?: { readonly Running?: boolean };
  readonly Config?: { readonly Healthcheck?: RawCheck | null; readonly StartupHealthCheck?: RawCheck | null };
  readonly HostConfig?: { readonly LogConfig?: { readonly Path?: string } };
}

/** What podman printed, warnings and all; pods' own containers are left out. undefined: there is no such container. */
export function parseInspected(output: string): readonly InspectedContainer[] | undefined {
  const json = /^\[$.*^\]$/ms.exec(output)?.[0];
  if (json === undefined) return undefined;
  const containers = JSON.parse(json) as readonly RawContainer[];
  return containers
    .filter(({ IsInfra, IsService }) => IsInfra !== true && IsService !== true)
    .map((raw) => ({
      id: raw.Id ?? '',
      name: raw.Name ?? '',
      running: raw.State?.Running === true,
      logPath: raw.HostConfig?.LogConfig?.Path ?? '',
      health: parseHealth(raw.Config?.Healthcheck ?? undefined, raw.Config?.StartupHealthCheck ?? undefined),
    }));
}

const NANOSECONDS_IN_MS = 1_000_000;

/** undefined: no check, or none at intervals (HealthInterval=disable). */
function parseHealth(check: RawCheck | undefined, startup: RawCheck | undefined): HealthConfig | undefined {
  if (check === undefined || !isCheck(check)) return undefined;
  const starts = startup !== undefined && isCheck(startup) ? { ...timesOf(startup), retries: startup.Retries ?? 0, successes: Math.max(1, startup.Successes ?? 0) } : undefined;
  return { ...timesOf(check), retries: Math.max(1, check.Retries ?? 0), startPeriodMs: (check.StartPeriod ?? 0) / NANOSECONDS_IN_MS, startup: starts };
}

function isCheck({ Test: test = [], Interval: interval = 0 }: RawCheck): boolean {
  return test.length > 0 && test[0] !== 'NONE' && test[0] !== '' && interval > 0;
}

function timesOf({ Interval: interval = 0, Timeout: timeout = 0 }: RawCheck): HealthCheck {
  return { intervalMs: interval / NANOSECONDS_IN_MS, timeoutMs: timeout > 0 ? timeout / NANOSECONDS_IN_MS : Infinity };
}

// The schedule

export type HealthState = 'starting' | 'healthy' | 'unhealthy';

export interface HealthData {
  readonly phase: 'startup' | 'regular';
  readonly state: HealthState;
  /** Failures in a row that count. */
  readonly failures: number;
  /** Successes of the startup check. */
  readonly successes: number;
}

export type HealthEvent =
  | { readonly type: 'begin' }
  /** `sinceStartMs`: when the check began, after the start. 'unknown': there was no check, as the container does not run. */
  | { readonly type: 'checked'; readonly outcome: 'passed' | 'failed' | 'unknown'; readonly sinceStartMs: number };

export type HealthEffect =
  | { readonly type: 'check'; readonly afterMs: number; readonly timeoutMs: number }
  | { readonly type: 'changed'; readonly state: HealthState }
  /** HealthStartupRetries= are used up. */
  | { readonly type: 'startup-failed' };

export interface HealthStep {
  readonly data: HealthData;
  readonly effects: readonly HealthEffect[];
}

export const INITIAL_HEALTH: HealthData = { phase: 'regular', state: 'starting', failures: 0, successes: 0 };

/** One event. */
export function stepHealth(config: HealthConfig, data: HealthData, event: HealthEvent): HealthStep {
  if (event.type === 'begin') return next(config, { ...INITIAL_HEALTH, phase: config.startup === undefined ? 'regular' : 'startup' }, [], 0);
  if (event.outcome === 'unknown') return next(config, data, []);
  if (data.phase === 'startup' && config.startup !== undefined) return stepStartup(config, config.startup, data, event.outcome);
  return stepRegular(config, data, event.outcome, event.sinceStartMs);
}

function stepStartup(config: HealthConfig, startup: NonNullable<HealthConfig['startup']>, data: HealthData, outcome: 'passed' | 'failed'): HealthStep {
  if (outcome === 'failed') {
    const failed = { ...data, failures: data.failures + 1 };
    if (startup.retries > 0 && failed.failures >= startup.retries) return { data: failed, effects: [{ type: 'startup-failed' }] };
    return next(config, failed, []);
  }
  const successes = data.successes + 1;
  if (successes < startup.successes) return next(config, { ...data, successes }, []);
  return next(config, { phase: 'regular', state: 'healthy', failures: 0, successes }, [{ type: 'changed', state: 'healthy' }], 0);
}

function stepRegular(config: HealthConfig, data: HealthData, outcome: 'passed' | 'failed', sinceStartMs: number): HealthStep {
  if (outcome === 'passed') return become(config, { ...data, failures: 0 }, 'healthy');
  if (sinceStartMs < config.startPeriodMs) return next(config, data, []);
  const failures = data.failures + 1;
  return become(config, { ...data, failures }, failures >= config.retries ? 'unhealthy' : data.state);
}

function become(config: HealthConfig, data: HealthData, state: HealthState): HealthStep {
  return next(config, { ...data, state }, state === data.state ? [] : [{ type: 'changed', state }]);
}

function next(config: HealthConfig, data: HealthData, effects: readonly HealthEffect[], afterMs?: number): HealthStep {
  const check = data.phase === 'startup' && config.startup !== undefined ? config.startup : config;
  return { data, effects: [...effects, { type: 'check', afterMs: afterMs ?? check.intervalMs, timeoutMs: check.timeoutMs }] };
}
