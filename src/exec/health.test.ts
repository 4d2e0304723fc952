import { describe, expect, it } from 'vitest';
import { adaptHealth, INITIAL_HEALTH, parseInspected, stepHealth, type HealthConfig, type HealthData, type HealthEffect, type HealthEvent } from './health.js';

const CONFIG: HealthConfig = { intervalMs: 30_000, timeoutMs: 5000, retries: 3, startPeriodMs: 0, startup: undefined };
const STARTUP = { intervalMs: 1000, timeoutMs: 2000, retries: 4, successes: 2 };
const CHECK: HealthEffect = { type: 'check', afterMs: 30_000, timeoutMs: 5000 };
const AT_ONCE: HealthEffect = { ...CHECK, afterMs: 0 };

/** The outcomes one after the other, one interval apart; what each of them led to. */
function run(config: HealthConfig, outcomes: readonly ('passed' | 'failed' | 'unknown')[]): { data: HealthData; effects: readonly (readonly HealthEffect[])[] } {
  const events: readonly HealthEvent[] = [{ type: 'begin' }, ...outcomes.map((outcome, i) => ({ type: 'checked' as const, outcome, sinceStartMs: i * config.intervalMs }))];
  let data = INITIAL_HEALTH;
  const effects = events.map((event) => {
    const step = stepHealth(config, data, event);
    data = step.data;
    return step.effects;
  });
  return { data, effects };
}

describe('the schedule', () => {
  it('checks at once, and again one interval after each check', () => {
    expect(run(CONFIG, ['passed', 'passed']).effects).toEqual([[AT_ONCE], [{ type: 'changed', state: 'healthy' }, CHECK], [CHECK]]);
  });

  it('is unhealthy after so many failures in a row, which is said once', () => {
    const { effects } = run(CONFIG, ['passed', 'failed', 'failed', 'failed', 'failed']);
    expect(effects.slice(2)).toEqual([[CHECK], [CHECK], [{ type: 'changed', state: 'unhealthy' }, CHECK], [CHECK]]);
  });

  it('counts anew after a success, which makes it healthy again', () => {
    expect(run(CONFIG, ['failed', 'failed', 'passed', 'failed', 'failed']).data).toEqual({ phase: 'regular', state: 'healthy', failures: 2, successes: 0 });
    expect(run(CONFIG, ['failed', 'failed', 'failed', 'passed']).effects.at(-1)).toEqual([{ type: 'changed', state: 'healthy' }, CHECK]);
  });

  it('does not count failures of the start period, and takes a success in it', () => {
    const config = { ...CONFIG, retries: 1, startPeriodMs: 60_000 };
    expect(run(config, ['failed', 'failed']).data).toEqual(INITIAL_HEALTH);
    expect(run(config, ['failed', 'failed', 'failed']).data.state).toBe('unhealthy');
    expect(run(config, ['passed']).data.state).toBe('healthy');
  });

  it('does not count a check that did not take place', () => {
    expect(run({ ...CONFIG, retries: 1 }, ['unknown']).effects).toEqual([[AT_ONCE], [CHECK]]);
  });

  it('lets the startup check decide first, with its own interval, and then checks at once', () => {
    const { effects, data } = run({ ...CONFIG, startup: STARTUP }, ['failed', 'passed', 'passed']);
    const startup = { type: 'check', afterMs: 1000, timeoutMs: 2000 };
    expect(effects).toEqual([[{ ...startup, afterMs: 0 }], [startup], [startup], [{ type: 'changed', state: 'healthy' }, AT_ONCE]]);
    expect(data).toEqual({ phase: 'regular', state: 'healthy', failures: 0, successes: 2 });
  });

  it('gives up when the startup check has failed too often, and checks no more', () => {
    expect(run({ ...CONFIG, startup: STARTUP }, ['failed', 'failed', 'failed', 'failed']).effects.at(-1)).toEqual([{ type: 'startup-failed' }]);
    expect(
      run(
        { ...CONFIG, startup: { ...STARTUP, retries: 0 } },
        Array.from({ length: 9 }, () => 'failed' as const),
      ).effects.at(-1),
    ).toHaveLength(1);
  });
});

describe("a container's command", () => {
  const RUN = [
    '/usr/bin/podman',
    '--log-level=debug',
    'run',
    '--name',
    'web',
    '--sdnotify=healthy',
    '-d',
    '--health-cmd',
    'true',
    '--health-on-failure',
    'restart',
    'image',
    '--sdnotify=healthy',
  ];

  it('loses what the manager does, and nothing else', () => {
    expect(adaptHealth(RUN)).toEqual({
      argv: [
        '/usr/bin/podman',
        '--log-level=debug',
        'run',
        '--name',
        'web',
        '--sdnotify=conmon',
        '-d',
        '--health-cmd',
        'true',
        '--health-on-failure=none',
        'image',
        '--sdnotify=healthy',
      ],
      policy: { waits: true, restarts: true, startupRetries: 0, asked: true },
    });
  });

  it('keeps what podman does itself', () => {
    const argv = ['podman', 'run', '--sdnotify=conmon', '--health-on-failure=kill', '--health-startup-cmd=true', 'image'];
    expect(adaptHealth(argv)).toEqual({ argv, policy: { waits: false, restarts: false, startupRetries: 0, asked: true } });
  });

  it('says how often the startup check may fail', () => {
    expect(adaptHealth(['podman', 'run', '--health-startup-retries', '5', 'image'])).toEqual({
      argv: ['podman', 'run', 'image'],
      policy: { waits: false, restarts: false, startupRetries: 5, asked: true },
    });
  });

  it.each([[['podman', 'kube', 'play', 'x.yml']], [['/bin/sh', 'run']], [[]]])('is none: %j', (argv) => expect(adaptHealth(argv)).toBeUndefined());
});

describe('what podman says of containers', () => {
  const inspect = (...containers: readonly object[]): string => `time=x level=warning msg="[old]"\n${JSON.stringify(containers, undefined, 5)}\n`;
  const container = (healthcheck: object | null, startup?: object): object => ({
    Id: 'abc',
    Name: 'web',
    State: { Running: true },
    Config: { Healthcheck: healthcheck, StartupHealthCheck: startup },
    HostConfig: { LogConfig: { Path: '/log' } },
  });

  it('is understood', () => {
    const check = { Test: ['CMD-SHELL', 'true'], Interval: 5e9, Timeout: 3e10, Retries: 2, StartPeriod: 1e9 };
    expect(parseInspected(inspect(container(check, { Test: ['CMD', 'x'], Interval: 1e9, Timeout: 2e9, Successes: 2, Retries: 7 })))).toEqual([
      {
        id: 'abc',
        name: 'web',
        running: true,
        logPath: '/log',
        health: { intervalMs: 5000, timeoutMs: 30_000, retries: 2, startPeriodMs: 1000, startup: { intervalMs: 1000, timeoutMs: 2000, successes: 2, retries: 7 } },
      },
    ]);
  });

  it.each([[null], [{ Test: ['NONE'], Interval: 3e10 }], [{ Test: [], Interval: 3e10 }], [{ Test: ['CMD', 'x'], Interval: 0 }]])('has no check at intervals: %j', (check) => {
    expect(parseInspected(inspect(container(check)))?.[0]?.health).toBeUndefined();
  });

  it("leaves a pod's own containers out", () => {
    expect(parseInspected(inspect({ Id: 'a', IsInfra: true }, { Id: 'b', IsService: true }))).toEqual([]);
  });

  it('is nothing when there is no such container', () => expect(parseInspected('[]\nError: no such container')).toBeUndefined());
});
