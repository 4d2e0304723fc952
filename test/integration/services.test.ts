/**
 * The life of services: types, commands, restarts, timeouts, signals and limits, as systemd.service(5) and systemd.kill(5) have them. Each test
 * runs under rouse and under systemd itself, with the same files and the same expectations.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from './lib/host.js';
import { MANAGERS, UnitBench, WORK } from './lib/managers.js';

/** Writes a word to a file of WORK. */
const log = (word: string, file: string): string => `/bin/sh -c 'echo ${word} >> ${WORK}/${file}'`;
const settled = (state: string): boolean => /^(inactive \(dead\)|failed|active)/.test(state);

describe.each(MANAGERS)('services under $title', (kind) => {
  let bench: UnitBench;
  beforeAll(async () => {
    bench = await UnitBench.start(kind);
  });
  afterAll(() => bench.stop());

  /** systemd forgets a unit that is down and that nothing refers to, with its result and its limits. */
  const pin = (name: string, ...units: readonly string[]): Promise<void> =>
    bench.units({ [`${name}.target`]: `[Unit]\nAfter=${units.join(' ')}\n` }).then(async () => void (await bench.account.ok('start', `${name}.target`)));

  const waitFor = (unit: string, wanted: RegExp): Promise<string> =>
    until(`${unit} is ${wanted}`, async () => {
      const state = await bench.state(unit);
      return wanted.test(state) ? state : undefined;
    });

  describe('types', () => {
    test('Type=simple is up at once, and stops on SIGTERM', async () => {
      await bench.units({ 'simple.service': '[Service]\nExecStart=/bin/sleep 1000\n' });
      expect(await bench.code('start', 'simple')).toBe(0);
      expect(await bench.state('simple.service')).toBe('active (running) success');
      const pid = Number(await bench.account.property('simple.service', 'MainPID'));
      expect(bench.host.process(pid)?.command).toBe('/bin/sleep 1000');
      expect(await bench.code('stop', 'simple')).toBe(0);
      expect(await bench.state('simple.service')).toBe('inactive (dead) success');
      expect(bench.host.isAlive(pid)).toBe(false);
    });

    test('Type=simple does not wait for execve(), Type=exec does', async () => {
      await bench.units({
        'gone-simple.service': '[Service]\nExecStart=/nowhere/program\n',
        'gone-exec.service': '[Service]\nType=exec\nExecStart=/nowhere/program\n',
        'exec.service': '[Service]\nType=exec\nExecStart=/bin/sleep 1000\n',
      });
      expect(await bench.code('start', 'gone-simple')).toBe(0);
      await waitFor('gone-simple.service', /^failed \(failed\) exit-code$/);
      expect(await bench.account.property('gone-simple.service', 'ExecMainStatus')).toBe('203');
      expect(await bench.code('start', 'gone-exec')).toBe(1);
      expect(await bench.state('gone-exec.service')).toBe('failed (failed) exit-code');
      expect(await bench.code('start', 'exec')).toBe(0);
      expect(await bench.state('exec.service')).toBe('active (running) success');
    });

    test('Type=notify is up when it says READY=1, and shows its status', async () => {
      await bench.units({
        'notify.service': `[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'until [ -e ${WORK}/ready ]; do sleep 0.02; done; systemd-notify --ready --status=Serving; exec sleep 1000'\n`,
      });
      expect(await bench.code('start', '--no-block', 'notify')).toBe(0);
      expect(await waitFor('notify.service', /start/)).toBe('activating (start) success');
      bench.touch('ready');
      await waitFor('notify.service', /^active \(running\) success$/);
      expect(await bench.account.property('notify.service', 'StatusText')).toBe('Serving');
    });

    test('Type=notify fails when its main process leaves before it is ready', async () => {
      await bench.units({ 'leaver.service': '[Service]\nType=notify\nExecStart=/bin/true\n' });
      expect(await bench.code('start', 'leaver')).toBe(1);
      expect(await bench.state('leaver.service')).toBe('failed (failed) protocol');
    });

    test('Type=forking finds the main process in PIDFile=, or as the one that is left', async () => {
      await bench.units({
        'forking.service': `[Service]\nType=forking\nPIDFile=${WORK}/forking.pid\nExecStart=/bin/sh -c 'sleep 1000 & echo $! > ${WORK}/forking.pid'\n`,
        'guess.service': `[Service]\nType=forking\nExecStart=/bin/sh -c 'sleep 1001 &'\n`,
      });
      for (const [unit, command] of [
        ['forking.service', 'sleep 1000'],
        ['guess.service', 'sleep 1001'],
      ] as const) {
        expect(await bench.code('start', unit)).toBe(0);
        expect(await bench.state(unit)).toBe('active (running) success');
        const pid = Number(await bench.account.property(unit, 'MainPID'));
        expect(bench.host.process(pid)?.command).toBe(command);
        expect(await bench.code('stop', unit)).toBe(0);
        expect(bench.host.isAlive(pid)).toBe(false);
      }
      expect(bench.file('forking.pid')).toBe('');
    });

    test('Type=forking fails when its command does', async () => {
      await bench.units({ 'fork-fails.service': '[Service]\nType=forking\nExecStart=/bin/false\n' });
      expect(await bench.code('start', 'fork-fails')).toBe(1);
      expect(await bench.state('fork-fails.service')).toBe('failed (failed) exit-code');
    });

    test('Type=oneshot runs its commands one after the other, and start waits for the last', async () => {
      await bench.units({ 'once.service': `[Service]\nType=oneshot\nExecStart=${log('one', 'once')}\nExecStart=-/bin/false\nExecStart=${log('two', 'once')}\n` });
      expect(await bench.code('start', 'once')).toBe(0);
      expect(bench.lines('once')).toEqual(['one', 'two']);
      expect(await bench.state('once.service')).toBe('inactive (dead) success');
    });

    test('Type=oneshot stops at the first command that fails', async () => {
      await bench.units({
        'broken.service': `[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 7'\nExecStart=${log('never', 'broken')}\nExecStopPost=${log('$SERVICE_RESULT,$EXIT_CODE,$EXIT_STATUS', 'broken')}\n`,
      });
      expect(await bench.code('start', 'broken')).toBe(1);
      expect(bench.lines('broken')).toEqual(['exit-code,exited,7']);
      expect(await bench.state('broken.service')).toBe('failed (failed) exit-code');
    });

    test('RemainAfterExit= keeps it active, so that a second start does nothing', async () => {
      await bench.units({ 'remain.service': `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=${log('started', 'remain')}\nExecStop=${log('stopped', 'remain')}\n` });
      expect(await bench.code('start', 'remain')).toBe(0);
      expect(await bench.code('start', 'remain')).toBe(0);
      expect(await bench.state('remain.service')).toBe('active (exited) success');
      expect(await bench.code('stop', 'remain')).toBe(0);
      expect(bench.lines('remain')).toEqual(['started', 'stopped']);
    });
  });

  describe('commands', () => {
    test('run in their order, with MAINPID where there is one', async () => {
      const say = (word: string): string => `/bin/sh -c 'echo ${word} $\${MAINPID:-none} >> ${WORK}/order'`;
      await bench.units({
        'order.service': `[Service]\nExecStartPre=${say('pre1')}\nExecStartPre=${say('pre2')}\nExecStart=/bin/sh -c 'exec sleep 1000'\nExecStartPost=${say('post')}\nExecReload=${say('reload')}\nExecStop=${say('stop')}\nExecStopPost=${say('stoppost')}\n`,
      });
      expect(await bench.code('start', 'order')).toBe(0);
      const pid = await bench.account.property('order.service', 'MainPID');
      expect(await bench.code('reload', 'order')).toBe(0);
      expect(await bench.code('stop', 'order')).toBe(0);
      expect(bench.lines('order')).toEqual(['pre1 none', 'pre2 none', `post ${pid}`, `reload ${pid}`, `stop ${pid}`, 'stoppost none']);
    });

    test('a failing ExecStartPre= keeps ExecStart= from running; ExecStopPost= runs, ExecStop= does not', async () => {
      await bench.units({
        'pre.service': `[Service]\nExecStartPre=/bin/false\nExecStart=${log('main', 'pre')}\nExecStop=${log('stop', 'pre')}\nExecStopPost=${log('stoppost', 'pre')}\n`,
      });
      expect(await bench.code('start', 'pre')).toBe(1);
      expect(bench.lines('pre')).toEqual(['stoppost']);
      expect(await bench.state('pre.service')).toBe('failed (failed) exit-code');
    });

    test('a failing ExecStartPost= ends the service', async () => {
      await bench.units({ 'post.service': '[Service]\nExecStart=/bin/sleep 1000\nExecStartPost=/bin/false\n' });
      expect(await bench.code('start', 'post')).toBe(1);
      await waitFor('post.service', /^failed \(failed\) exit-code$/);
    });

    test('ExecCondition= skips the service with 1 to 254, and fails it with 255', async () => {
      await bench.units({
        'skipped.service': `[Service]\nExecCondition=/bin/false\nExecStart=${log('ran', 'skipped')}\n`,
        'refused.service': "[Service]\nExecCondition=/bin/sh -c 'exit 255'\nExecStart=/bin/true\n",
      });
      await pin('pin-condition', 'skipped.service');
      expect(await bench.code('start', 'skipped')).toBe(0);
      expect(await bench.state('skipped.service')).toBe('inactive (dead) exec-condition');
      expect(await bench.code('start', 'refused')).toBe(1);
      expect(await bench.state('refused.service')).toBe('failed (failed) exit-code');
      expect(bench.file('skipped')).toBe('');
    });

    test('a condition that is not met skips the start', async () => {
      await bench.units({
        'condition.service': `[Unit]\nConditionPathExists=/nowhere\n[Service]\nExecStart=${log('ran', 'condition')}\n`,
        'assert.service': '[Unit]\nAssertPathExists=/nowhere\n[Service]\nExecStart=/bin/true\n',
      });
      expect(await bench.code('start', 'condition')).toBe(0);
      expect(await bench.code('start', 'assert')).toBe(1);
      expect(bench.file('condition')).toBe('');
    });

    test('reload fails when its command does, and the service runs on', async () => {
      await bench.units({ 'reload.service': '[Service]\nExecStart=/bin/sleep 1000\nExecReload=/bin/false\n', 'no-reload.service': '[Service]\nExecStart=/bin/sleep 1000\n' });
      expect(await bench.code('start', 'reload', 'no-reload')).toBe(0);
      expect(await bench.code('reload', 'reload')).toBe(1);
      expect(await bench.state('reload.service')).toBe('active (running) success');
      expect(await bench.code('reload', 'no-reload')).toBe(3);
      expect(await bench.code('reload-or-restart', 'no-reload')).toBe(0);
    });

    test('restart makes a new main process; try-restart leaves alone what does not run', async () => {
      await bench.units({ 'again.service': '[Service]\nExecStart=/bin/sleep 1000\n', 'down.service': `[Service]\nExecStart=${log('ran', 'down')}\n` });
      expect(await bench.code('restart', 'again')).toBe(0);
      const pid = await bench.account.property('again.service', 'MainPID');
      expect(await bench.code('restart', 'again')).toBe(0);
      expect(await bench.account.property('again.service', 'MainPID')).not.toBe(pid);
      expect(await bench.code('try-restart', 'down')).toBe(0);
      expect(bench.file('down')).toBe('');
    });
  });

  describe('Restart=', () => {
    /** How the first run ends; the second one stays. */
    const ENDS = { clean: 'exit 0', unclean: 'exit 1', terminated: 'kill -TERM $$$$', killed: 'kill -KILL $$$$' } as const;
    const RESTARTS: Record<string, readonly (keyof typeof ENDS)[]> = {
      no: [],
      always: ['clean', 'unclean', 'terminated', 'killed'],
      'on-success': ['clean', 'terminated'],
      'on-failure': ['unclean', 'killed'],
      'on-abnormal': ['killed'],
      'on-abort': ['killed'],
      'on-watchdog': [],
    };

    test('starts again after the ends that its table has, and after no others', async () => {
      const pairs = Object.keys(RESTARTS).flatMap((kind) => (Object.keys(ENDS) as (keyof typeof ENDS)[]).map((end) => ({ unit: `r-${kind}-${end}.service`, kind, end })));
      const text = ({ unit, kind, end }: (typeof pairs)[number]): string =>
        `[Service]\nRestart=${kind}\nRestartSec=20ms\nExecStart=/bin/sh -c '[ -e ${WORK}/${unit} ] && exec sleep 1000; touch ${WORK}/${unit}; ${ENDS[end]}'\n`;
      await bench.units(Object.fromEntries(pairs.map((pair) => [pair.unit, text(pair)])));
      expect(await bench.code('start', '--no-block', ...pairs.map(({ unit }) => unit))).toBe(0);
      const found = await until('all have settled', async () => {
        const blocks = (await bench.account.ok('show', '-p', 'Id', '-p', 'ActiveState', '-p', 'NRestarts', ...pairs.map(({ unit }) => unit))).trim().split('\n\n');
        const states = blocks.map((block) => Object.fromEntries(block.split('\n').map((line) => line.split('=') as [string, string])));
        const isSettled = ({ Id, ActiveState, NRestarts }: Record<string, string>): boolean =>
          bench.host.exists(`${WORK}/${Id ?? ''}`) && (ActiveState === 'active' ? NRestarts === '1' : ActiveState !== 'activating');
        return states.length === pairs.length && states.every(isSettled) && states;
      });
      const restarted = found.filter(({ NRestarts }) => NRestarts === '1').map(({ Id }) => Id);
      expect(restarted.sort()).toEqual(
        pairs
          .filter(({ kind, end }) => RESTARTS[kind]?.includes(end))
          .map(({ unit }) => unit)
          .sort(),
      );
      await bench.account.ok('stop', ...pairs.map(({ unit }) => unit));
    });

    test('SuccessExitStatus=, RestartPreventExitStatus= and RestartForceExitStatus= have the last word', async () => {
      const once = (file: string, code: number): string => `ExecStart=/bin/sh -c '[ -e ${WORK}/${file} ] && exec sleep 1000; touch ${WORK}/${file}; exit ${code}'\n`;
      await bench.units({
        'success.service': `[Service]\nRestart=on-failure\nRestartSec=20ms\nSuccessExitStatus=42\n${once('success', 42)}`,
        'prevent.service': `[Service]\nRestart=always\nRestartSec=20ms\nRestartPreventExitStatus=43\n${once('prevent', 43)}`,
        'force.service': `[Service]\nRestart=no\nRestartSec=20ms\nRestartForceExitStatus=44\n${once('force', 44)}`,
      });
      await bench.code('start', 'success', 'prevent', 'force');
      await waitFor('success.service', /^inactive \(dead\) success$/);
      await waitFor('prevent.service', /^failed \(failed\) exit-code$/);
      await waitFor('force.service', /^active \(running\) success$/);
    });

    test('stop ends a service that waits for its restart', async () => {
      await bench.units({ 'waiting.service': '[Service]\nRestart=always\nRestartSec=1000\nExecStart=/bin/false\n' });
      await bench.code('start', 'waiting');
      await waitFor('waiting.service', /^activating \(auto-restart\)/);
      expect(await bench.code('stop', 'waiting')).toBe(0);
      expect(await bench.account.property('waiting.service', 'SubState')).toMatch(/^(dead|failed)$/);
    });

    test('StartLimitBurst= refuses what comes too often, until reset-failed', async () => {
      await bench.units({ 'limit.service': '[Unit]\nStartLimitIntervalSec=1000\nStartLimitBurst=2\n[Service]\nType=oneshot\nExecStart=/bin/true\n' });
      await pin('pin-limit', 'limit.service');
      expect(await bench.code('start', 'limit')).toBe(0);
      expect(await bench.code('start', 'limit')).toBe(0);
      expect(await bench.code('start', 'limit')).toBe(1);
      expect(await bench.state('limit.service')).toBe('failed (failed) start-limit-hit');
      expect(await bench.code('reset-failed', 'limit')).toBe(0);
      expect(await bench.code('start', 'limit')).toBe(0);
    });

    test('a service that fails again and again hits its start limit and stays down', async () => {
      await bench.units({
        'loop.service': `[Unit]\nStartLimitIntervalSec=1000\nStartLimitBurst=3\n[Service]\nRestart=always\nRestartSec=10ms\nExecStart=/bin/sh -c 'echo run >> ${WORK}/loop; exit 1'\n`,
      });
      await bench.code('start', 'loop');
      await waitFor('loop.service', /^failed \(failed\)/);
      expect(bench.lines('loop')).toHaveLength(3);
    });
  });

  describe('timeouts', () => {
    test.each([
      [
        'TimeoutStartSec= ends a service that never becomes ready',
        'never-ready',
        'Type=notify\nTimeoutStartSec=200ms\nExecStart=/bin/sleep 1000',
        1,
        /^failed \(failed\) timeout$/,
      ],
      [
        'TimeoutStartSec= ends a command of ExecStartPre=',
        'slow-pre',
        'TimeoutStartSec=200ms\nExecStartPre=/bin/sleep 1000\nExecStart=/bin/true',
        1,
        /^failed \(failed\) timeout$/,
      ],
      ['RuntimeMaxSec= ends a service that has run long enough', 'long', 'RuntimeMaxSec=200ms\nExecStart=/bin/sleep 1000', 0, /^failed \(failed\) timeout$/],
      [
        'WatchdogSec= ends a service that does not report',
        'dog',
        `Type=notify\nNotifyAccess=all\nWatchdogSec=300ms\nExecStart=/bin/sh -c 'systemd-notify --ready; exec sleep 1000'`,
        0,
        /^failed \(failed\) watchdog$/,
      ],
    ])('%s', async (_, name, text, code, state) => {
      await bench.units({ [`${name}.service`]: `[Service]\n${text}\n` });
      expect(await bench.code('start', name)).toBe(code);
      await waitFor(`${name}.service`, state);
    });

    test('TimeoutStopSec= makes SIGKILL follow SIGTERM, and ExecStopPost= follow both', async () => {
      await bench.units({
        'stubborn.service': `[Service]\nTimeoutStopSec=200ms\nExecStart=/bin/sh -c 'trap "echo term >> ${WORK}/stubborn" TERM; touch ${WORK}/stubborn.up; while :; do sleep 0.02; done'\nExecStopPost=${log('after', 'stubborn')}\n`,
      });
      await bench.code('start', 'stubborn');
      await until('it runs', () => bench.host.exists(`${WORK}/stubborn.up`));
      expect(await bench.code('stop', 'stubborn')).toBe(0);
      expect(await bench.state('stubborn.service')).toBe('failed (failed) timeout');
      // What is started after the kill, in the same cgroup, is not killed too.
      expect(bench.lines('stubborn')).toEqual(['term', 'after']);
    });
  });

  describe('signals', () => {
    /** A main process and a child of it, which write down the signals that they get. */
    const family = (name: string): string =>
      `/bin/bash -c 'trap "echo main TERM >> ${WORK}/${name}; exit 0" TERM; trap "echo main INT >> ${WORK}/${name}; exit 0" INT; trap "echo main HUP >> ${WORK}/${name}; exit 0" HUP; (trap "echo child TERM >> ${WORK}/${name}; exit 0" TERM; trap "" INT HUP; echo $BASHPID > ${WORK}/${name}.child; while :; do read -t 0.02 < <(:) || sleep 0.02; done) & while :; do wait; done'`.replaceAll(
        '$BASHPID',
        '$$BASHPID',
      );

    test.each([
      ['control-group', '', ['child TERM', 'main TERM'], false],
      ['mixed', '', ['main TERM'], false],
      ['process', '', ['main TERM'], true],
      ['control-group', 'KillSignal=SIGINT\n', ['main INT'], false],
      ['mixed', 'SendSIGHUP=yes\nKillSignal=SIGCONT\n', ['main HUP'], false],
    ])('KillMode=%s %s', async (mode, more, signals, childLives) => {
      const name = `kill-${mode}-${more.split('=')[0] ?? ''}`.replace(/-$/, '').toLowerCase();
      await bench.units({ [`${name}.service`]: `[Service]\nKillMode=${mode}\n${more}TimeoutStopSec=2\nExecStart=${family(name)}\n` });
      await bench.code('start', name);
      const child = Number(await until('the child runs', () => bench.file(`${name}.child`).trim() || undefined));
      expect(await bench.code('stop', name)).toBe(0);
      expect({ signals: [...bench.lines(name)].sort(), childLives: bench.host.isAlive(child) }).toEqual({ signals, childLives });
      if (childLives) await bench.account.sh(`kill -9 ${child}`);
    });

    test('kill sends a signal to all, or to the main process alone', async () => {
      await bench.units({
        'signalled.service': `[Service]\nExecStart=/bin/bash -c 'trap "echo USR1 >> ${WORK}/signalled" USR1; touch ${WORK}/signalled.up; while :; do sleep 0.02; done'\n`,
      });
      await bench.code('start', 'signalled');
      await until('it runs', () => bench.host.exists(`${WORK}/signalled.up`));
      expect(await bench.code('kill', '--kill-whom=main', '-s', 'SIGUSR1', 'signalled')).toBe(0);
      await until('the signal has come', () => bench.lines('signalled').length === 1);
      expect(await bench.code('kill', 'signalled')).toBe(0);
      await waitFor('signalled.service', /^inactive/);
    });

    test('stopping ends every process, also one that left its session', async () => {
      bench.account.write(`${WORK}/escape.sh`, `setsid -f sh -c 'echo $$ > ${WORK}/escape; exec sleep 1000'\nexec sleep 1000\n`);
      await bench.units({ 'escape.service': `[Service]\nExecStart=/bin/sh ${WORK}/escape.sh\n` });
      await bench.code('start', 'escape');
      const pid = Number(await until('the process runs', () => bench.file('escape').trim() || undefined));
      expect(bench.host.isAlive(pid)).toBe(true);
      expect(await bench.code('stop', 'escape')).toBe(0);
      await until('it is gone', () => !bench.host.isAlive(pid));
      expect(settled(await bench.state('escape.service'))).toBe(true);
    });
  });

  describe('other units', () => {
    test('Requires= and After= start in order, and a failure of the first keeps the second down', async () => {
      await bench.units({
        'base.service': `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=${log('base', 'requires')}\n`,
        'top.service': `[Unit]\nRequires=base.service\nAfter=base.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=${log('top', 'requires')}\nExecStop=${log('top-down', 'requires')}\n`,
        'bad-base.service': '[Service]\nType=oneshot\nExecStart=/bin/false\n',
        'bad-top.service': `[Unit]\nRequires=bad-base.service\nAfter=bad-base.service\n[Service]\nExecStart=${log('never', 'requires')}\n`,
      });
      expect(await bench.code('start', 'top')).toBe(0);
      expect(await bench.code('stop', 'base')).toBe(0);
      expect(await bench.code('start', 'bad-top')).toBe(1);
      expect(bench.lines('requires')).toEqual(['base', 'top', 'top-down']);
      expect(await bench.state('bad-top.service')).toBe('inactive (dead) success');
    });

    test('OnFailure= and OnSuccess= start what they name', async () => {
      await bench.units({
        'fails.service': '[Unit]\nOnFailure=on-failure.service\n[Service]\nType=oneshot\nExecStart=/bin/false\n',
        'works.service': '[Unit]\nOnSuccess=on-success.service\n[Service]\nType=oneshot\nExecStart=/bin/true\n',
        'on-failure.service': `[Service]\nType=oneshot\nExecStart=${log('failure', 'follow')}\n`,
        'on-success.service': `[Service]\nType=oneshot\nExecStart=${log('success', 'follow')}\n`,
      });
      await bench.code('start', 'fails');
      await bench.code('start', 'works');
      await until('both have followed', () => bench.lines('follow').length === 2);
      expect([...bench.lines('follow')].sort()).toEqual(['failure', 'success']);
    });

    test('Conflicts= stops the other', async () => {
      await bench.units({ 'left.service': '[Service]\nExecStart=/bin/sleep 1000\n', 'right.service': '[Unit]\nConflicts=left.service\n[Service]\nExecStart=/bin/sleep 1000\n' });
      await bench.code('start', 'left');
      expect(await bench.code('start', 'right')).toBe(0);
      await waitFor('left.service', /^inactive/);
      expect(await bench.state('right.service')).toBe('active (running) success');
    });
  });
});
