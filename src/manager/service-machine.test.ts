import { describe, expect, it } from 'vitest';
import { service } from '../unit/testing/load-text.js';
import { playScenario, play, type Scenario } from './testing/service-scenario.js';

/** What follows when the last process has gone, where there is no ExecStopPost=. */
const END = ['empty -> final-sigterm: terminate', 'empty -> final-sigkill: kill', 'empty -> dead'];
const FAILED_END = [...END.slice(0, 2), 'empty -> failed'];
const RESTART_END = [...END.slice(0, 2), 'empty -> auto-restart'];

function check(scenarios: readonly Scenario[]): void {
  it.each(scenarios)('$title', (scenario) => {
    const { steps, data } = playScenario(scenario);
    expect(steps).toEqual(scenario.steps);
    expect(data.result).toBe(scenario.result ?? 'success');
  });
}

describe('readiness', () => {
  check([
    { title: 'of Type=simple is that there is a process', unit: '', steps: ['start -> running: main /bin/true'] },
    { title: 'of Type=idle is the same', unit: 'Type=idle', steps: ['start -> running: main /bin/true'] },
    { title: 'of Type=exec is that the program was executed', unit: 'Type=exec', steps: ['start -> start: main /bin/true', 'ready -> start', 'executed -> running'] },
    { title: 'of Type=notify is READY=1', unit: 'Type=notify', steps: ['start -> start: main /bin/true', 'executed -> start', 'ready -> running', 'ready -> running'] },
    {
      title: 'of Type=oneshot is the end of its last command',
      unit: 'Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/a\nExecStart=/bin/b',
      steps: ['start -> start: main /bin/a', 'main ok -> start: main /bin/b', 'main ok -> exited'],
    },
    { title: 'of Type=oneshot without RemainAfterExit= is its end', unit: 'Type=oneshot', steps: ['start -> start: main /bin/true', 'main ok -> stop-sigterm: terminate', ...END] },
    { title: 'of Type=oneshot without ExecStart= is at once', unit: 'Type=oneshot\nRemainAfterExit=yes\nExecStart=\nExecStop=/bin/x', steps: ['start -> exited'] },
    {
      title: 'of Type=forking is that the main process was found',
      unit: 'Type=forking',
      steps: ['start -> start: execStart /bin/true', 'control ok -> start: find-main-pid', 'found -> running'],
    },
    {
      title: 'of Type=forking without a main process is that some process is left',
      unit: 'Type=forking',
      steps: ['start -> start: execStart /bin/true', 'control ok -> start: find-main-pid', 'missing alive -> running', 'empty -> stop-sigterm: terminate', ...END],
    },
    {
      title: 'of Type=forking without any process is the end',
      unit: 'Type=forking',
      steps: ['start -> start: execStart /bin/true', 'control ok -> start: find-main-pid', 'missing none -> running', 'empty -> stop-sigterm: terminate'],
    },
    {
      title: 'of Type=forking with RemainAfterExit= needs no process',
      unit: 'Type=forking\nRemainAfterExit=yes',
      steps: ['start -> start: execStart /bin/true', 'control ok -> start: find-main-pid', 'missing none -> running', 'empty -> exited'],
    },
    {
      title: 'of Type=forking with PIDFile= needs the file',
      unit: 'Type=forking\nPIDFile=/run/x.pid',
      steps: ['start -> start: execStart /bin/true', 'control ok -> start: find-main-pid', 'missing alive -> stop-sigterm: terminate'],
      result: 'protocol',
    },
    {
      title: 'told by MAINPID= before the parent has gone waits for the parent',
      unit: 'Type=forking',
      steps: ['start -> start: execStart /bin/true', 'found -> start', 'control ok -> start: find-main-pid', 'found -> running'],
    },
    { title: 'is asked for once', unit: '', steps: ['start -> running: main /bin/true', 'start -> running'] },
  ]);
});

describe('a main process that ends', () => {
  check([
    {
      title: 'well ends the service, after ExecStop=',
      unit: 'ExecStop=/bin/x',
      steps: ['start -> running: main /bin/true', 'main ok -> stop: execStop /bin/x', 'control ok -> stop-sigterm: terminate', ...END],
    },
    { title: 'by SIGTERM ends it well too', unit: '', steps: ['start -> running: main /bin/true', 'main SIGTERM -> stop-sigterm: terminate', ...END] },
    {
      title: 'badly ends it without ExecStop=',
      unit: 'ExecStop=/bin/x',
      steps: ['start -> running: main /bin/true', 'main 1 -> stop-sigterm: terminate', ...FAILED_END],
      result: 'exit-code',
    },
    { title: 'by SIGKILL is a failure', unit: '', steps: ['start -> running: main /bin/true', 'main SIGKILL -> stop-sigterm: terminate', ...FAILED_END], result: 'signal' },
    {
      title: 'with a core dump is a failure of its own',
      unit: '',
      steps: ['start -> running: main /bin/true', 'main SIGABRT -> stop-sigterm: terminate', ...FAILED_END],
      result: 'core-dump',
    },
    {
      title: 'by SIGTERM is a failure of Type=oneshot',
      unit: 'Type=oneshot',
      steps: ['start -> start: main /bin/true', 'main SIGTERM -> stop-sigterm: terminate', ...FAILED_END],
      result: 'signal',
    },
    {
      title: 'with a code of SuccessExitStatus= ends well',
      unit: 'SuccessExitStatus=9 SIGKILL',
      steps: ['start -> running: main /bin/true', 'main 9 -> stop-sigterm: terminate', ...END],
    },
    {
      title: 'with a signal of SuccessExitStatus= ends well',
      unit: 'SuccessExitStatus=9 SIGKILL',
      steps: ['start -> running: main /bin/true', 'main SIGKILL -> stop-sigterm: terminate', ...END],
    },
    {
      title: 'with ExecStart=- ends well, however it does',
      unit: 'ExecStart=-/bin/a',
      steps: ['start -> running: main /bin/a', 'main SIGABRT -> stop-sigterm: terminate', ...END],
    },
    {
      title: 'leaves a service with RemainAfterExit= exited',
      unit: 'RemainAfterExit=yes',
      steps: ['start -> running: main /bin/true', 'main ok -> exited', 'stop -> stop-sigterm: terminate', ...END],
    },
    {
      title: 'badly leaves none exited',
      unit: 'RemainAfterExit=yes',
      steps: ['start -> running: main /bin/true', 'main 1 -> stop-sigterm: terminate', ...FAILED_END],
      result: 'exit-code',
    },
    {
      title: 'before READY=1 is a breach of the protocol',
      unit: 'Type=notify',
      steps: ['start -> start: main /bin/true', 'main ok -> stop-sigterm: terminate', ...FAILED_END],
      result: 'protocol',
    },
    { title: 'badly before READY=1 is what it is', unit: 'Type=notify', steps: ['start -> start: main /bin/true', 'main 1 -> stop-sigterm: terminate'], result: 'exit-code' },
    { title: 'before it was executed fails Type=exec', unit: 'Type=exec', steps: ['start -> start: main /bin/true', 'main 255 -> stop-sigterm: terminate'], result: 'exit-code' },
    {
      title: 'in the middle of a Type=oneshot keeps the rest from running',
      unit: 'Type=oneshot\nExecStart=/bin/a\nExecStart=/bin/b',
      steps: ['start -> start: main /bin/a', 'main 1 -> stop-sigterm: terminate'],
      result: 'exit-code',
    },
    {
      title: 'in the middle of a Type=oneshot with - does not',
      unit: 'Type=oneshot\nExecStart=-/bin/a\nExecStart=/bin/b',
      steps: ['start -> start: main /bin/a', 'main 1 -> start: main /bin/b'],
    },
    {
      title: 'while ExecStartPost= runs ends the service after that',
      unit: 'ExecStartPost=/bin/p',
      steps: ['start -> start-post: main /bin/true, execStartPost /bin/p', 'main 1 -> start-post', 'control ok -> stop-sigterm: terminate'],
      result: 'exit-code',
    },
    {
      title: 'while ExecReload= runs ends the service after that',
      unit: 'ExecReload=/bin/r',
      steps: ['start -> running: main /bin/true', 'reload -> reload: execReload /bin/r', 'main ok -> reload', 'control ok -> stop-sigterm: terminate'],
    },
    {
      title: 'badly while it is stopped fails the service',
      unit: '',
      steps: ['start -> running: main /bin/true', 'stop -> stop-sigterm: terminate', 'main 1 -> stop-sigterm', ...FAILED_END],
      result: 'exit-code',
    },
    {
      title: 'and could not be started in the first place',
      unit: '',
      steps: ['start -> running: main /bin/true', 'spawn-failed main -> stop-sigterm: terminate', ...FAILED_END],
      result: 'resources',
    },
  ]);
});

describe('control commands', () => {
  check([
    {
      title: 'run in the order of their lists',
      unit: 'ExecCondition=/bin/c\nExecStartPre=/bin/p1\nExecStartPre=/bin/p2\nExecStartPost=/bin/q\nExecStop=/bin/s1\nExecStop=/bin/s2\nExecStopPost=/bin/t',
      steps: [
        'start -> condition: execCondition /bin/c',
        'control ok -> start-pre: execStartPre /bin/p1',
        'control ok -> start-pre: execStartPre /bin/p2',
        'control ok -> start-post: main /bin/true, execStartPost /bin/q',
        'control ok -> running',
        'stop -> stop: execStop /bin/s1',
        'control ok -> stop: execStop /bin/s2',
        'control ok -> stop-sigterm: terminate',
        'main SIGTERM -> stop-sigterm',
        'empty -> stop-post: execStopPost /bin/t',
        'control ok -> final-sigterm: terminate',
        'empty -> final-sigkill: kill',
        'empty -> dead',
      ],
    },
    {
      title: 'of ExecCondition= skip the service with 1 to 254',
      unit: 'ExecCondition=/bin/c',
      steps: ['start -> condition: execCondition /bin/c', 'control 1 -> stop-sigterm: terminate', ...END],
      result: 'exec-condition',
    },
    {
      title: 'of ExecCondition= fail it with 255',
      unit: 'ExecCondition=/bin/c',
      steps: ['start -> condition: execCondition /bin/c', 'control 255 -> stop-sigterm: terminate', ...FAILED_END],
      result: 'exit-code',
    },
    {
      title: 'of ExecStartPre= that fail keep the service from starting',
      unit: 'ExecStartPre=/bin/p\nExecStop=/bin/s\nExecStopPost=/bin/t',
      steps: [
        'start -> start-pre: execStartPre /bin/p',
        'control 1 -> stop-sigterm: terminate',
        'empty -> stop-post: execStopPost /bin/t',
        'control ok -> final-sigterm: terminate',
        'empty -> final-sigkill: kill',
        'empty -> failed',
      ],
      result: 'exit-code',
    },
    { title: 'with - may fail', unit: 'ExecStartPre=-/bin/p', steps: ['start -> start-pre: execStartPre /bin/p', 'control SIGKILL -> running: main /bin/true'] },
    {
      title: 'of ExecStartPost= that fail end the service',
      unit: 'ExecStartPost=/bin/p',
      steps: ['start -> start-post: main /bin/true, execStartPost /bin/p', 'control 1 -> stop-sigterm: terminate'],
      result: 'exit-code',
    },
    {
      title: 'of ExecStartPost= wait for readiness',
      unit: 'Type=notify\nExecStartPost=/bin/p',
      steps: ['start -> start: main /bin/true', 'ready -> start-post: execStartPost /bin/p', 'ready -> start-post', 'control ok -> running'],
    },
    {
      title: 'of a forking ExecStart= that fail end it',
      unit: 'Type=forking',
      steps: ['start -> start: execStart /bin/true', 'control 1 -> stop-sigterm: terminate', ...FAILED_END],
      result: 'exit-code',
    },
    {
      title: 'of ExecReload= that fail leave the service running',
      unit: 'ExecReload=/bin/r',
      steps: ['start -> running: main /bin/true', 'reload -> reload: execReload /bin/r', 'control 1 -> running'],
    },
    {
      title: 'of ExecStop= that fail let the rest go on',
      unit: 'ExecStop=/bin/s',
      steps: ['start -> running: main /bin/true', 'stop -> stop: execStop /bin/s', 'control 1 -> stop-sigterm: terminate', 'main SIGTERM -> stop-sigterm', ...FAILED_END],
      result: 'exit-code',
    },
    {
      title: 'of ExecStopPost= that fail fail the service',
      unit: 'ExecStopPost=/bin/t',
      steps: [
        'start -> running: main /bin/true',
        'main ok -> stop-sigterm: terminate',
        'empty -> stop-post: execStopPost /bin/t',
        'control 1 -> final-sigterm: terminate',
        'empty -> final-sigkill: kill',
        'empty -> failed',
      ],
      result: 'exit-code',
    },
    {
      title: 'that cannot be started count as failed',
      unit: 'ExecStartPre=/bin/p',
      steps: ['start -> start-pre: execStartPre /bin/p', 'spawn-failed control -> stop-sigterm: terminate'],
      result: 'resources',
    },
    {
      title: 'of ExecReload= that cannot be started leave the service running',
      unit: 'ExecReload=/bin/r',
      steps: ['start -> running: main /bin/true', 'reload -> reload: execReload /bin/r', 'spawn-failed control -> running'],
    },
    {
      title: 'of ExecStop= that cannot be started let the rest go on',
      unit: 'ExecStop=/bin/s',
      steps: ['start -> running: main /bin/true', 'stop -> stop: execStop /bin/s', 'spawn-failed control -> stop-sigterm: terminate'],
      result: 'resources',
    },
    { title: 'that ended too late change nothing', unit: '', steps: ['start -> running: main /bin/true', 'control 1 -> running'] },
  ]);
});

describe('a stop', () => {
  const running = 'start -> running: main /bin/true';
  check([
    { title: 'of a running service', unit: '', steps: [running, 'stop -> stop-sigterm: terminate', 'stop -> stop-sigterm', 'main SIGTERM -> stop-sigterm', ...END] },
    { title: 'of a service that is down does nothing', unit: '', steps: ['stop -> dead'] },
    {
      title: 'during ExecStartPre= cuts it short',
      unit: 'ExecStartPre=/bin/p\nExecStop=/bin/s',
      steps: ['start -> start-pre: execStartPre /bin/p', 'stop -> stop-sigterm: terminate', 'control SIGTERM -> stop-sigterm', ...END],
    },
    {
      title: 'before readiness is without ExecStop=',
      unit: 'Type=notify\nExecStop=/bin/s',
      steps: ['start -> start: main /bin/true', 'stop -> stop-sigterm: terminate', 'ready -> stop-sigterm', 'main SIGTERM -> stop-sigterm', ...END],
    },
    {
      title: 'of a oneshot that runs is a failure, as its command was ended',
      unit: 'Type=oneshot',
      steps: ['start -> start: main /bin/true', 'stop -> stop-sigterm: terminate', 'main SIGTERM -> stop-sigterm', ...FAILED_END],
      result: 'signal',
    },
    {
      title: 'during ExecReload= is without ExecStop=',
      unit: 'ExecReload=/bin/r\nExecStop=/bin/s',
      steps: [running, 'reload -> reload: execReload /bin/r', 'stop -> stop-sigterm: terminate', 'control SIGTERM -> stop-sigterm', 'main SIGTERM -> stop-sigterm', ...END],
    },
    {
      title: 'while the service waits to be restarted',
      unit: 'Restart=always',
      steps: [running, 'main ok -> stop-sigterm: terminate', ...RESTART_END, 'stop -> dead', 'timeout -> dead'],
    },
    {
      title: 'that the service says by STOPPING=1 sends nothing',
      unit: 'Type=notify',
      steps: ['start -> start: main /bin/true', 'ready -> running', 'stopping -> stop-sigterm', 'main ok -> stop-sigterm', ...END],
    },
    {
      title: 'is not waited for with KillMode=none',
      unit: 'KillMode=none',
      steps: [running, 'stop -> stop-sigterm: terminate', 'empty -> final-sigterm: terminate', 'empty -> final-sigkill: kill', 'empty -> dead'],
    },
    {
      title: 'with SendSIGKILL=no leaves the rest alone',
      unit: 'SendSIGKILL=no',
      steps: [running, 'stop -> stop-sigterm: terminate', 'main SIGTERM -> stop-sigterm', 'empty -> final-sigterm: terminate', 'empty -> dead'],
    },
  ]);
});

describe('a timeout', () => {
  const running = 'start -> running: main /bin/true';
  check([
    { title: 'of ExecCondition=', unit: 'ExecCondition=/bin/c', steps: ['start -> condition: execCondition /bin/c', 'timeout -> stop-sigterm: terminate'], result: 'timeout' },
    { title: 'of ExecStartPre=', unit: 'ExecStartPre=/bin/p', steps: ['start -> start-pre: execStartPre /bin/p', 'timeout -> stop-sigterm: terminate'], result: 'timeout' },
    {
      title: 'of readiness',
      unit: 'Type=notify',
      steps: ['start -> start: main /bin/true', 'timeout -> stop-sigterm: terminate', 'main SIGTERM -> stop-sigterm', ...FAILED_END],
      result: 'timeout',
    },
    {
      title: 'of ExecStartPost=',
      unit: 'ExecStartPost=/bin/p',
      steps: ['start -> start-post: main /bin/true, execStartPost /bin/p', 'timeout -> stop-sigterm: terminate'],
      result: 'timeout',
    },
    { title: 'of RuntimeMaxSec=', unit: 'ExecStop=/bin/s\nRuntimeMaxSec=1', steps: [running, 'timeout -> stop: execStop /bin/s'], result: 'timeout' },
    {
      title: 'of ExecReload= leaves the service running',
      unit: 'ExecReload=/bin/r',
      steps: [running, 'reload -> reload: execReload /bin/r', 'timeout -> running: kill-control', 'control SIGKILL -> running'],
    },
    {
      title: 'of ExecStop= goes on to the signals',
      unit: 'ExecStop=/bin/s',
      steps: [running, 'stop -> stop: execStop /bin/s', 'timeout -> stop-sigterm: terminate'],
      result: 'timeout',
    },
    {
      title: 'of SIGTERM is followed by SIGKILL',
      unit: '',
      steps: [running, 'stop -> stop-sigterm: terminate', 'timeout -> stop-sigkill: kill', 'main SIGKILL -> stop-sigkill', ...FAILED_END],
      result: 'timeout',
    },
    {
      title: 'of SIGTERM with SendSIGKILL=no is not',
      unit: 'SendSIGKILL=no\nExecStopPost=/bin/t',
      steps: [running, 'stop -> stop-sigterm: terminate', 'timeout -> stop-post: execStopPost /bin/t', 'control ok -> final-sigterm: terminate', 'timeout -> failed'],
      result: 'timeout',
    },
    {
      title: 'of everything ends all the same',
      unit: 'ExecStop=/bin/s\nExecStopPost=/bin/t',
      steps: [
        running,
        'stop -> stop: execStop /bin/s',
        'timeout -> stop-sigterm: terminate',
        'timeout -> stop-sigkill: kill',
        'timeout -> stop-post: execStopPost /bin/t',
        'timeout -> final-sigterm: terminate',
        'timeout -> final-sigkill: kill',
        'timeout -> failed',
      ],
      result: 'timeout',
    },
    { title: 'means nothing when the service is down', unit: '', steps: ['timeout -> dead'] },
  ]);
});

describe('the watchdog', () => {
  check([
    {
      title: 'ends a running service by its own signal',
      unit: 'WatchdogSec=1',
      steps: ['start -> running: main /bin/true', 'watchdog -> stop-watchdog: watchdog', 'main SIGABRT -> stop-watchdog', ...FAILED_END],
      result: 'watchdog',
    },
    {
      title: 'is followed by SIGKILL',
      unit: 'WatchdogSec=1',
      steps: ['start -> running: main /bin/true', 'watchdog -> stop-watchdog: watchdog', 'timeout -> stop-sigkill: kill'],
      result: 'watchdog',
    },
    { title: 'may be triggered before readiness', unit: 'Type=notify', steps: ['start -> start: main /bin/true', 'watchdog -> stop-watchdog: watchdog'], result: 'watchdog' },
    { title: 'has no say in a stop', unit: '', steps: ['start -> running: main /bin/true', 'stop -> stop-sigterm: terminate', 'watchdog -> stop-sigterm'] },
  ]);
});

describe('RELOADING=1', () => {
  check([
    { title: 'is a reload until READY=1', unit: 'Type=notify', steps: ['start -> start: main /bin/true', 'ready -> running', 'reloading -> reload-notify', 'ready -> running'] },
  ]);
});

describe('a reload of Type=notify-reload', () => {
  const up = ['start -> start: main /bin/true', 'ready -> running'];
  check([
    { title: 'is a signal, and done with READY=1', unit: 'Type=notify-reload', steps: [...up, 'reload -> reload-signal: signal-reload', 'ready -> running'] },
    {
      title: 'with ExecReload= is done with both',
      unit: 'Type=notify-reload\nExecReload=/bin/r',
      steps: [...up, 'reload -> reload: signal-reload, execReload /bin/r', 'control ok -> reload-signal', 'ready -> running'],
    },
    {
      title: 'with ExecReload= is done with both, in either order',
      unit: 'Type=notify-reload\nExecReload=/bin/r',
      steps: [...up, 'reload -> reload: signal-reload, execReload /bin/r', 'ready -> reload', 'control ok -> running'],
    },
    {
      title: 'that is not answered leaves the service running',
      unit: 'Type=notify-reload',
      steps: [...up, 'reload -> reload-signal: signal-reload', 'timeout -> running: kill-control', 'ready -> running'],
    },
    {
      title: 'that ends the main process ends the service',
      unit: 'Type=notify-reload',
      steps: [...up, 'reload -> reload-signal: signal-reload', 'main 1 -> stop-sigterm: terminate'],
      result: 'exit-code',
    },
  ]);
});

describe('a restart', () => {
  const running = 'start -> running: main /bin/true';
  // systemd.service(5), the table of Restart=: which ends are followed by a restart.
  const ENDS = {
    'main ok': 'clean',
    'main SIGTERM': 'clean',
    'main 1': 'exit-code',
    'main SIGKILL': 'abort',
    'main SIGABRT': 'abort',
    timeout: 'timeout',
    watchdog: 'watchdog',
  } as const;
  const TABLE: Readonly<Record<string, readonly string[]>> = {
    no: [],
    always: ['clean', 'exit-code', 'abort', 'timeout', 'watchdog'],
    'on-success': ['clean'],
    'on-failure': ['exit-code', 'abort', 'timeout', 'watchdog'],
    'on-abnormal': ['abort', 'timeout', 'watchdog'],
    'on-abort': ['abort'],
    'on-watchdog': ['watchdog'],
  };
  const CELLS = Object.entries(TABLE).flatMap(([restart, kinds]) => Object.entries(ENDS).map(([end, kind]) => ({ restart, end, follows: kinds.includes(kind) })));

  it.each(CELLS)('with Restart=$restart after $end: $follows', ({ restart, end, follows }) => {
    const { data } = play(service(`Restart=${restart}\nRuntimeMaxSec=1\nWatchdogSec=1`), [
      'start',
      end,
      ...(end.startsWith('main') ? [] : ['main SIGTERM']),
      'empty',
      'empty',
      'empty',
    ]);
    expect(data.state === 'auto-restart').toBe(follows);
  });

  check([
    {
      title: 'comes after RestartSec=',
      unit: 'Restart=always',
      steps: [running, 'main ok -> stop-sigterm: terminate', ...RESTART_END, 'timeout -> auto-restart: queue-restart', 'start -> running: main /bin/true'],
    },
    {
      title: 'does not come after a stop',
      unit: 'Restart=always',
      steps: [running, 'stop -> stop-sigterm: terminate', 'main 1 -> stop-sigterm', ...FAILED_END],
      result: 'exit-code',
    },
    {
      title: 'does not come when a stop is asked for while it fails',
      unit: 'Restart=always',
      steps: [running, 'main 1 -> stop-sigterm: terminate', 'stop -> stop-sigterm', ...FAILED_END],
      result: 'exit-code',
    },
    {
      title: 'does not come with a status of RestartPreventExitStatus=',
      unit: 'Restart=always\nRestartPreventExitStatus=1',
      steps: [running, 'main 1 -> stop-sigterm: terminate', ...FAILED_END],
      result: 'exit-code',
    },
    {
      title: 'comes with a status of RestartForceExitStatus=',
      unit: 'RestartForceExitStatus=1',
      steps: [running, 'main 1 -> stop-sigterm: terminate', ...RESTART_END],
      result: 'exit-code',
    },
    {
      title: 'does not come when ExecCondition= says no',
      unit: 'Restart=always\nExecCondition=/bin/c',
      steps: ['start -> condition: execCondition /bin/c', 'control 1 -> stop-sigterm: terminate', ...END],
      result: 'exec-condition',
    },
    {
      title: 'comes when ExecStartPre= fails',
      unit: 'Restart=on-failure\nExecStartPre=/bin/p',
      steps: ['start -> start-pre: execStartPre /bin/p', 'control 1 -> stop-sigterm: terminate', ...RESTART_END],
      result: 'exit-code',
    },
    {
      title: 'comes when there is no process to start',
      unit: 'Restart=on-failure',
      steps: [running, 'spawn-failed main -> stop-sigterm: terminate', ...RESTART_END],
      result: 'resources',
    },
    {
      title: 'ends with the start limit',
      unit: 'Restart=always',
      steps: [running, 'main ok -> stop-sigterm: terminate', ...RESTART_END, 'start-limit-hit -> failed'],
      result: 'start-limit-hit',
    },
  ]);

  it('is counted until somebody asks for a start', () => {
    const once = ['main ok', 'empty', 'empty', 'empty', 'timeout', 'start'];
    const config = service('Restart=always');
    expect(play(config, ['start', ...once, ...once]).data.restarts).toBe(2);
    expect(play(config, ['start', ...once, 'stop', 'main ok', 'empty', 'empty', 'empty', 'start']).data.restarts).toBe(0);
    // As the manager does it: its restart job stops what waits, and starts it.
    expect(play(config, ['start', ...once.slice(0, -1), 'stop', 'start']).data.restarts).toBe(1);
  });
});
