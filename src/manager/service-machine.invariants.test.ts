/** Every event in every state that can be reached, for services of every type: what holds whatever happens. */
import { beforeAll, describe, expect, it } from 'vitest';
import { service } from '../unit/testing/load-text.js';
import type { ServiceConfig } from '../unit/config.js';
import { SERVICE_ACTIVE_STATE, type ServiceState } from './active-state.js';
import { INITIAL_SERVICE, stepService, type ServiceData, type ServiceStep } from './service-machine.js';
import { event } from './testing/service-scenario.js';

const EVENTS = [
  ...[
    'start',
    'resume',
    'start-limit-hit',
    'stop',
    'reload',
    'executed',
    'found',
    'missing alive',
    'missing none',
    'ready',
    'reloading',
    'stopping',
    'empty',
    'timeout',
    'watchdog',
  ],
  ...['main ok', 'main 1', 'control ok', 'control 1', 'spawn-failed main', 'spawn-failed control'],
];

const ALL =
  'ExecCondition=/bin/c\nExecStartPre=/bin/p\nExecStartPost=/bin/q\nExecReload=/bin/r\nExecStop=/bin/s\nExecStopPost=/bin/t\nRestart=on-failure\nTimeoutStartSec=1\nTimeoutStopSec=1\nTimeoutAbortSec=1\nRuntimeMaxSec=1\n';
const NONE = 'TimeoutStartSec=1\nTimeoutStopSec=1\nTimeoutAbortSec=1\nRuntimeMaxSec=1\n';
const CONFIGS: readonly (readonly [title: string, unit: string])[] = ['simple', 'exec', 'notify-reload', 'forking', 'oneshot'].flatMap((type) => [
  [`Type=${type} with every command`, `${ALL}Type=${type}`] as const,
  [`Type=${type} with RemainAfterExit=`, `${NONE}Type=${type}\nRemainAfterExit=yes`] as const,
  [`Type=${type} with KillMode=none`, `${NONE}Type=${type}\nKillMode=none\nRestart=on-failure`] as const,
  [`Type=${type} with SendSIGKILL=no`, `${NONE}Type=${type}\nSendSIGKILL=no\nExecStop=/bin/s`] as const,
]);

const DOWN: readonly ServiceState[] = ['dead', 'failed', 'auto-restart'];
const RESTING: readonly ServiceState[] = [...DOWN, 'running', 'exited'];
const WITH_CONTROL: readonly ServiceState[] = ['condition', 'start-pre', 'start-post', 'stop', 'stop-post'];

/** Without what decides about no state: `restarts` alone would make the graph infinite. */
function keyOf(data: ServiceData): string {
  const { state, result, control, mainIndex, mainAlive, mainKnown, forbidRestart, awaitsReload } = data;
  return [state, result === 'success', control?.list, control?.index, mainIndex, mainAlive, mainKnown, forbidRestart, awaitsReload].join();
}

interface Edge {
  readonly from: ServiceData;
  readonly text: string;
  readonly step: ServiceStep;
}

/** All steps from all data that can be reached from a service that was never started. */
function explore(config: ServiceConfig): readonly Edge[] {
  const edges: Edge[] = [];
  const seen = new Map([[keyOf(INITIAL_SERVICE), INITIAL_SERVICE]]);
  for (const from of seen.values()) {
    for (const text of EVENTS) {
      const step = stepService(config, from, event(text));
      edges.push({ from, text, step });
      if (!seen.has(keyOf(step.data))) seen.set(keyOf(step.data), step.data);
    }
  }
  return edges;
}

function timerOf({ effects }: ServiceStep): number | undefined {
  return effects.flatMap((effect) => (effect.type === 'timer' ? [effect.timeoutMs] : [])).at(-1);
}

/** The words for what is wrong with a step; [] for nothing. */
function violations({ from, step }: Edge): readonly string[] {
  const { data, effects } = step;
  const { state, control, mainAlive } = data;
  const down = DOWN.includes(state);
  const timer = timerOf(step);
  const spawns = effects.filter((effect) => effect.type === 'spawn');
  const count = (type: string): number => effects.filter((effect) => effect.type === type).length;
  const rules: readonly (readonly [broken: boolean, rule: string])[] = [
    [(state === 'dead' || state === 'failed' || state === 'exited') && timer !== undefined && timer !== Infinity, 'a resting state has no timer'],
    [!RESTING.includes(state) && state !== from.state && !Number.isFinite(timer ?? Infinity), 'a state that passes has a timer'],
    [state === 'auto-restart' && state !== from.state && !Number.isFinite(timer ?? Infinity), 'a service that waits has a timer'],
    [WITH_CONTROL.includes(state) && control === undefined, 'a state of a control process has one'],
    [(RESTING.includes(state) || /sig(term|kill)/.test(state) || state === 'stop-watchdog') && control !== undefined, 'no other state has one'],
    [down && mainAlive, 'a service that is down has no main process'],
    [state === 'exited' && mainAlive, 'a service that has exited has no main process'],
    [state === 'failed' && data.result === 'success', 'a failure has a result'],
    [count('acquire') !== (DOWN.includes(from.state) && !down ? 1 : 0), 'a run acquires at its beginning, once'],
    [count('release') !== (!DOWN.includes(from.state) && down ? 1 : 0), 'a run releases at its end, once'],
    [spawns.filter((spawn) => spawn.process === 'control').length > 1 || spawns.filter((spawn) => spawn.process === 'main').length > 1, 'a step starts one process of a kind'],
    [down && spawns.length > 0, 'a service that is down starts nothing'],
  ];
  return rules.flatMap(([broken, rule]) => (broken ? [rule] : []));
}

/** Where it comes to rest when nothing but timeouts happens. */
function settle(config: ServiceConfig, data: ServiceData): ServiceState {
  let now = data;
  for (let i = 0; i < 12; i++) now = stepService(config, now, { type: 'timeout' }).data;
  return now.state;
}

describe.each(CONFIGS)('a service of %s', (_, unit) => {
  const config = service(unit);
  let edges: readonly Edge[] = [];
  beforeAll(() => {
    edges = explore(config);
  });

  it('keeps the rules of its states, whatever happens', () => {
    const broken = edges.flatMap((edge) => violations(edge).map((rule) => `${edge.from.state} + ${edge.text} -> ${edge.step.data.state}: ${rule}`));
    expect([...new Set(broken)]).toEqual([]);
  });

  it('is down after a stop and enough time', () => {
    const left = edges.filter(({ text }) => text === 'stop').map(({ step }) => settle(config, step.data));
    expect(left.filter((state) => state !== 'dead' && state !== 'failed')).toEqual([]);
  });
});

it('every state is reached by some service', () => {
  const reached = new Set(CONFIGS.flatMap(([, unit]) => explore(service(unit)).map(({ step }) => step.data.state)));
  expect([...reached].sort()).toEqual(Object.keys(SERVICE_ACTIVE_STATE).sort());
});
