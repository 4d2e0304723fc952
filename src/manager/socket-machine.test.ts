import { describe, expect, it } from 'vitest';
import { socketUnit } from '../unit/testing/load-text.js';
import type { SocketConfig } from '../unit/config.js';
import { SOCKET_ACTIVE_STATE, type SocketState } from './active-state.js';
import { INITIAL_SOCKET, stepSocket, type SocketData, type SocketEffect, type SocketEvent, type SocketStep } from './socket-machine.js';

function event(text: string): SocketEvent {
  switch (text) {
    case 'opened':
      return { type: 'opened', serviceRuns: false };
    case 'opened for a running service':
      return { type: 'opened', serviceRuns: true };
    case 'exit ok':
      return { type: 'control-exited', exit: { code: 'exited', status: 0 } };
    case 'exit 1':
      return { type: 'control-exited', exit: { code: 'exited', status: 1 } };
    case 'exit SIGTERM':
      return { type: 'control-exited', exit: { code: 'killed', status: 15, signal: 'SIGTERM' } };
    case 'trigger limit':
      return { type: 'limit', limit: 'trigger' };
    case 'start limit':
      return { type: 'limit', limit: 'service-start' };
    case 'no job':
      return { type: 'limit', limit: 'start-job' };
    default:
      return { type: text } as SocketEvent;
  }
}

function effectText(effect: SocketEffect): readonly string[] {
  if (effect.type === 'spawn') return [`${effect.list} ${effect.command.path}`];
  if (effect.type === 'kill') return [effect.operation];
  // In every state there is one; the invariants look at it.
  return effect.type === 'timer' ? [] : [effect.type];
}

interface Scenario {
  readonly title: string;
  /** Lines of [Socket]. */
  readonly unit: string;
  /** 'event -> state: effect, effect', each in turn. */
  readonly steps: readonly string[];
  readonly result?: string;
}

function check(scenarios: readonly Scenario[]): void {
  it.each(scenarios)('$title', ({ unit, steps, result = 'success' }) => {
    const config = socketUnit(unit);
    let data = INITIAL_SOCKET;
    const happened = steps.map((step) => {
      const text = step.slice(0, step.indexOf(' -> '));
      const next = stepSocket(config, data, event(text));
      data = next.data;
      const effects = next.effects.flatMap(effectText);
      return `${text} -> ${data.state}${effects.length === 0 ? '' : `: ${effects.join(', ')}`}`;
    });
    expect(happened).toEqual(steps);
    expect(data.result).toBe(result);
  });
}

const UP = ['start -> dead: open', 'opened -> listening: watch'];
const TRIGGERED = [...UP, 'readable -> running: unwatch, trigger'];

describe('a socket', () => {
  check([
    { title: 'listens, and is watched', unit: '', steps: UP },
    { title: 'is running, and not watched, when its service runs already', unit: '', steps: ['start -> dead: open', 'opened for a running service -> running: unwatch'] },
    { title: 'triggers its service once, and leaves the rest to it', unit: '', steps: [...TRIGGERED, 'readable -> running', 'service-started -> running'] },
    { title: 'listens again when its service has ended', unit: '', steps: [...TRIGGERED, 'service-ended -> listening: watch'] },
    { title: 'is not watched when its service was started by hand', unit: '', steps: [...UP, 'service-started -> running: unwatch', 'service-ended -> listening: watch'] },
    { title: 'throws away what waits with FlushPending=', unit: 'FlushPending=yes', steps: [...TRIGGERED, 'service-ended -> listening: flush, watch'] },
    { title: 'stays as it is when its service ends without having been running', unit: '', steps: [...UP, 'service-ended -> listening'] },
    { title: 'is started once', unit: '', steps: [...UP, 'start -> listening'] },
    { title: 'that cannot listen fails', unit: '', steps: ['start -> dead: open', 'open-failed -> failed'], result: 'resources' },
    { title: 'that failed can be started again', unit: '', steps: ['start -> dead: open', 'open-failed -> failed', 'start -> failed: open', 'opened -> listening: watch'] },
    { title: 'is closed by a stop', unit: '', steps: [...UP, 'stop -> dead: unwatch, close', 'stop -> dead', 'readable -> dead', 'service-started -> dead'] },
    { title: 'is closed by a stop while its service runs', unit: '', steps: [...TRIGGERED, 'stop -> dead: unwatch, close', 'service-ended -> dead'] },
  ]);
});

describe('a rest', () => {
  check([
    { title: 'leaves the socket listening, and not watched, until it is over', unit: '', steps: [...UP, 'trigger limit -> listening: unwatch', 'readable -> listening'] },
    { title: 'is over when it is', unit: '', steps: [...UP, 'start limit -> listening: unwatch', 'rest-over -> listening: watch', 'rest-over -> listening'] },
    { title: 'may begin after the service was triggered', unit: '', steps: [...TRIGGERED, 'start limit -> listening: unwatch', 'rest-over -> listening: watch'] },
    {
      title: 'ends early when the service is started by hand',
      unit: '',
      steps: [...UP, 'start limit -> listening: unwatch', 'service-started -> running: unwatch', 'rest-over -> running', 'service-ended -> listening: watch'],
    },
    { title: 'ends with a stop', unit: '', steps: [...UP, 'start limit -> listening: unwatch', 'stop -> dead: unwatch, close', 'rest-over -> dead'] },
  ]);
});

const ALL = 'ExecStartPre=/bin/p1\nExecStartPre=/bin/p2\nExecStartPost=/bin/q\nExecStopPre=/bin/s\nExecStopPost=/bin/t';

describe('a limit with OnLimit=fail', () => {
  const FAIL = '[X-Rouse]\nOnLimit=fail';
  check([
    { title: 'on activations fails the socket', unit: FAIL, steps: [...UP, 'trigger limit -> failed: unwatch, close'], result: 'trigger-limit-hit' },
    { title: 'on starts of the service fails the socket', unit: FAIL, steps: [...TRIGGERED, 'start limit -> failed: unwatch, close'], result: 'service-start-limit-hit' },
    { title: 'is the same when the service cannot be started at all', unit: FAIL, steps: [...TRIGGERED, 'no job -> failed: unwatch, close'], result: 'resources' },
    {
      title: 'lets the commands for a stop run',
      unit: `ExecStopPre=/bin/s\nExecStopPost=/bin/t\n${FAIL}`,
      steps: [...UP, 'trigger limit -> stop-pre: unwatch, execStopPre /bin/s', 'exit ok -> stop-post: unwatch, close, execStopPost /bin/t', 'exit ok -> failed'],
      result: 'trigger-limit-hit',
    },
    {
      title: 'means nothing while the socket is on its way down',
      unit: `ExecStopPre=/bin/s\n${FAIL}`,
      steps: [...UP, 'stop -> stop-pre: unwatch, execStopPre /bin/s', 'trigger limit -> stop-pre'],
    },
  ]);
});

describe('a socket with Accept=yes', () => {
  const ACCEPT = 'Accept=yes';
  const TAKEN = 'readable -> listening: accept, watch';
  check([
    { title: 'takes one connection after the other, and goes on listening', unit: ACCEPT, steps: [...UP, TAKEN, TAKEN] },
    { title: 'does not care what becomes of its instances', unit: ACCEPT, steps: [...UP, TAKEN, 'service-started -> listening', 'service-ended -> listening'] },
    {
      title: 'leaves connections in the queue while it rests',
      unit: ACCEPT,
      steps: [...UP, 'trigger limit -> listening: unwatch', 'readable -> listening', 'rest-over -> listening: watch', TAKEN],
    },
    {
      title: 'fails at a limit with OnLimit=fail',
      unit: `${ACCEPT}\n[X-Rouse]\nOnLimit=fail`,
      steps: [...UP, TAKEN, 'trigger limit -> failed: unwatch, close'],
      result: 'trigger-limit-hit',
    },
    { title: 'is closed by a stop, and its instances are not its business', unit: ACCEPT, steps: [...UP, TAKEN, 'stop -> dead: unwatch, close', 'readable -> dead'] },
    {
      title: 'does not throw away what waits, for nobody else could have it',
      unit: `${ACCEPT}\nFlushPending=yes`,
      steps: [...UP, TAKEN, 'start limit -> listening: unwatch', 'rest-over -> listening: watch'],
    },
  ]);
});

describe('a descriptor that a service has shut down', () => {
  check([
    { title: 'fails the socket', unit: '', steps: [...UP, 'hung-up -> failed: unwatch, close'], result: 'resources' },
    {
      title: 'does so when the service has ended',
      unit: '',
      steps: [...TRIGGERED, 'hung-up -> running', 'service-ended -> listening: watch', 'hung-up -> failed: unwatch, close'],
      result: 'resources',
    },
  ]);
});

describe('control commands of a socket', () => {
  check([
    {
      title: 'run in the order of their lists',
      unit: ALL,
      steps: [
        'start -> start-pre: execStartPre /bin/p1',
        'exit ok -> start-pre: execStartPre /bin/p2',
        'exit ok -> start-pre: open',
        'opened -> start-post: unwatch, execStartPost /bin/q',
        'exit ok -> listening: watch',
        'stop -> stop-pre: unwatch, execStopPre /bin/s',
        'exit ok -> stop-post: unwatch, close, execStopPost /bin/t',
        'exit ok -> dead',
      ],
    },
    {
      title: 'of ExecStartPre= that fail keep it from listening',
      unit: ALL,
      steps: ['start -> start-pre: execStartPre /bin/p1', 'exit 1 -> failed'],
      result: 'exit-code',
    },
    { title: 'with - may fail', unit: 'ExecStartPre=-/bin/p', steps: ['start -> start-pre: execStartPre /bin/p', 'exit 1 -> start-pre: open', 'opened -> listening: watch'] },
    {
      title: 'of ExecStartPost= that fail close it again',
      unit: 'ExecStartPost=/bin/q\nExecStopPre=/bin/s',
      steps: ['start -> dead: open', 'opened -> start-post: unwatch, execStartPost /bin/q', 'exit 1 -> stop-pre: unwatch, execStopPre /bin/s', 'exit ok -> failed: unwatch, close'],
      result: 'exit-code',
    },
    {
      title: 'of ExecStopPre= that fail let it be closed',
      unit: 'ExecStopPre=/bin/s',
      steps: [...UP, 'stop -> stop-pre: unwatch, execStopPre /bin/s', 'exit 1 -> failed: unwatch, close'],
      result: 'exit-code',
    },
    {
      title: 'of ExecStopPost= that fail fail it',
      unit: 'ExecStopPost=/bin/t',
      steps: [...UP, 'stop -> stop-post: unwatch, close, execStopPost /bin/t', 'exit 1 -> failed'],
      result: 'exit-code',
    },
    {
      title: 'that cannot be started count as failed',
      unit: 'ExecStartPre=/bin/p',
      steps: ['start -> start-pre: execStartPre /bin/p', 'spawn-failed -> failed'],
      result: 'resources',
    },
    {
      title: 'run after a failure to listen',
      unit: 'ExecStopPost=/bin/t',
      steps: ['start -> dead: open', 'open-failed -> stop-post: execStopPost /bin/t', 'exit ok -> failed'],
      result: 'resources',
    },
    { title: 'that ended too late change nothing', unit: '', steps: [...UP, 'exit 1 -> listening', 'spawn-failed -> listening'] },
    {
      title: 'are cut short by a stop, and waited for',
      unit: ALL,
      steps: ['start -> start-pre: execStartPre /bin/p1', 'stop -> stop-pre-sigterm: terminate', 'exit SIGTERM -> stop-post: execStopPost /bin/t', 'exit ok -> dead'],
    },
    {
      title: 'that ignore that they are cut short end their list',
      unit: ALL,
      steps: ['start -> start-pre: execStartPre /bin/p1', 'stop -> stop-pre-sigterm: terminate', 'exit ok -> stop-post: execStopPost /bin/t'],
    },
    {
      title: 'that take too long are told to go, and killed',
      unit: ALL,
      steps: ['start -> start-pre: execStartPre /bin/p1', 'timeout -> stop-pre-sigterm: terminate', 'timeout -> stop-post: kill, execStopPost /bin/t', 'timeout -> failed: kill'],
      result: 'timeout',
    },
    {
      title: 'of ExecStartPost= that take too long close it again',
      unit: 'ExecStartPost=/bin/q',
      steps: [
        'start -> dead: open',
        'opened -> start-post: unwatch, execStartPost /bin/q',
        'timeout -> stop-pre-sigterm: terminate, unwatch',
        'exit SIGTERM -> failed: unwatch, close',
      ],
      result: 'timeout',
    },
    {
      title: 'of ExecStopPre= that take too long let it be closed',
      unit: 'ExecStopPre=/bin/s',
      steps: [...UP, 'stop -> stop-pre: unwatch, execStopPre /bin/s', 'timeout -> stop-pre-sigterm: terminate, unwatch', 'exit SIGTERM -> failed: unwatch, close'],
      result: 'timeout',
    },
  ]);
});

describe('whatever happens to a socket', () => {
  const EVENTS = [
    'start',
    'stop',
    'readable',
    'trigger limit',
    'start limit',
    'no job',
    'rest-over',
    'hung-up',
    'service-started',
    'service-ended',
    'spawn-failed',
    'exit ok',
    'exit 1',
    'exit SIGTERM',
    'timeout',
  ];
  const HELD: readonly SocketState[] = ['start-post', 'listening', 'running', 'stop-pre'];
  const WITH_CONTROL: readonly SocketState[] = ['start-pre', 'start-post', 'stop-pre', 'stop-pre-sigterm', 'stop-post'];
  const RESTING: readonly SocketState[] = ['dead', 'failed', 'listening', 'running'];

  interface Node {
    readonly data: SocketData;
    /** What the manager knows: whether it watches, and whether the kernel has been asked to open. */
    readonly watched: boolean;
    readonly opening: boolean;
  }

  function violations(from: SocketData, { data, effects }: SocketStep, next: Node): readonly string[] {
    const { state, held, control, resting } = data;
    const timer = effects.flatMap((effect) => (effect.type === 'timer' ? [effect.timeoutMs] : [])).at(-1);
    const rules: readonly (readonly [broken: boolean, rule: string])[] = [
      [next.watched !== (state === 'listening' && !resting), 'it is watched in listening, unless it rests, and nowhere else'],
      [HELD.includes(state) && !held, 'descriptors are held in these states'],
      [(state === 'dead' || state === 'failed' || state === 'stop-post') && held, 'descriptors are closed in those'],
      [!next.opening && WITH_CONTROL.includes(state) !== (control !== undefined), 'a control process runs exactly in the states that say so'],
      [state !== from.state && RESTING.includes(state) && timer !== Infinity, 'a state that stays has no timer'],
      [state !== from.state && !RESTING.includes(state) && !Number.isFinite(timer ?? Infinity), 'a state that passes has a timer'],
      [!next.opening && state === 'failed' && data.result === 'success', 'a failure has a result'],
    ];
    return rules.flatMap(([broken, rule]) => (broken ? [rule] : []));
  }

  function follow(node: Node, { data, effects }: SocketStep): Node {
    const watch = effects.findLast((effect) => effect.type === 'watch' || effect.type === 'unwatch' || effect.type === 'close');
    return { data, watched: watch === undefined ? node.watched : watch.type === 'watch', opening: effects.some(({ type }) => type === 'open') };
  }

  function explore(config: SocketConfig): { readonly states: ReadonlySet<SocketState>; readonly broken: readonly string[]; readonly nodes: readonly Node[] } {
    const first: Node = { data: INITIAL_SOCKET, watched: false, opening: false };
    const seen = new Map([[JSON.stringify(first), first]]);
    const broken = new Set<string>();
    for (const node of seen.values()) {
      for (const text of node.opening ? ['opened', 'opened for a running service', 'open-failed'] : EVENTS) {
        const step = stepSocket(config, node.data, event(text));
        const next = follow(node, step);
        for (const rule of violations(node.data, step, next)) broken.add(`${node.data.state} + ${text} -> ${next.data.state}: ${rule}`);
        if (!seen.has(JSON.stringify(next))) seen.set(JSON.stringify(next), next);
      }
    }
    return { states: new Set([...seen.values()].map(({ data }) => data.state)), broken: [...broken], nodes: [...seen.values()] };
  }

  const CONFIGS = ['', ALL, 'Accept=yes', `${ALL}\n[X-Rouse]\nOnLimit=fail`, 'ExecStartPost=/bin/q\nFlushPending=yes', 'ExecStopPre=/bin/s', 'ExecStopPost=/bin/t'];

  it.each(CONFIGS)('the rules of its states hold, with %j', (unit) => {
    expect(explore(socketUnit(unit)).broken).toEqual([]);
  });

  it.each(CONFIGS)('it is down after a stop and enough time, with %j', (unit) => {
    const config = socketUnit(unit);
    const left = explore(config)
      .nodes.filter(({ opening }) => !opening)
      .map(({ data }) => {
        let now = stepSocket(config, data, { type: 'stop' }).data;
        for (let i = 0; i < 4; i++) now = stepSocket(config, now, { type: 'timeout' }).data;
        return now.state;
      });
    expect(left.filter((state) => state !== 'dead' && state !== 'failed')).toEqual([]);
  });

  it('every state can be reached', () => {
    expect([...explore(socketUnit(ALL)).states].sort()).toEqual(Object.keys(SOCKET_ACTIVE_STATE).sort());
  });
});
