/** The verbs beside the real systemctl's: the same units, the same commands, the same exit codes and links. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { RouseHost } from './lib/host.js';

const UNITS: Readonly<Record<string, string>> = {
  'up.service': '[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=default.target\nAlias=also-up.service\n',
  'down.service': '[Service]\nExecStart=/bin/sleep 1000\n',
  'fails.service': '[Service]\nType=oneshot\nExecStart=/bin/false\n',
  'web.socket': '[Socket]\nListenStream=127.0.0.1:7100\n[Install]\nWantedBy=sockets.target\n',
  'web.service': '[Service]\nExecStart=/bin/cat\n',
  'many@.service': '[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=default.target\nDefaultInstance=one\n',
};

/** In this order, on both. */
const COMMANDS: readonly (readonly string[])[] = [
  ['start', 'up.service'],
  ['start', 'fails.service'],
  ['start', 'nosuch.service'],
  ['stop', 'nosuch.service'],
  ['restart', 'nosuch.service'],
  ['is-active', 'up.service'],
  ['is-active', 'down.service'],
  ['is-active', 'nosuch.service'],
  ['is-active', 'down.service', 'up.service'],
  ['is-failed', 'fails.service'],
  ['is-failed', 'up.service'],
  ['status', 'up.service'],
  ['status', 'down.service'],
  ['status', 'fails.service'],
  ['status', 'nosuch.service'],
  ['reset-failed', 'fails.service'],
  ['is-failed', 'fails.service'],
  ['cat', 'up.service'],
  ['cat', 'nosuch.service'],
  ['show', 'up.service'],
  ['show', 'nosuch.service'],
  ['is-enabled', 'up.service'],
  ['is-enabled', 'down.service'],
  ['is-enabled', 'nosuch.service'],
  ['enable', 'up.service'],
  ['enable', 'web.socket'],
  ['enable', 'many@two.service'],
  ['enable', 'nosuch.service'],
  ['enable', 'down.service'],
  ['is-enabled', 'up.service'],
  ['is-enabled', 'web.socket'],
  ['mask', 'down.service'],
  ['start', 'down.service'],
  ['is-enabled', 'down.service'],
  ['unmask', 'down.service'],
  ['start', 'web.socket'],
  ['list-sockets'],
  ['list-units'],
  ['list-unit-files'],
  ['reload', 'up.service'],
  ['try-restart', 'down.service'],
  ['kill', 'up.service'],
  ['stop', 'web.socket'],
  ['daemon-reload'],
  ['nonsense'],
  ['--failed'],
  ['--type', 'socket'],
  ['-n', '0', 'status', 'up.service'],
  ['status', '--lines=x', 'up.service'],
  ['list-units', '--type=sockt'],
  ['list-unit-files', 'nosuch.service'],
  ['kill', '--signal=FOO', 'up.service'],
];

describe.skipIf(whyNoHost() !== undefined)('the verbs', () => {
  let ours: RouseHost;
  let theirs: RouseHost;
  let me: Account;

  beforeAll(async () => {
    [ours, theirs] = await Promise.all([RouseHost.start(), RouseHost.start({ systemd: true })]);
    me = ours.tester;
    for (const [name, text] of Object.entries(UNITS)) {
      ours.tester.unit(name, text);
      theirs.tester.unit(name, text);
    }
    await theirs.tester.exec(['systemctl', '--user', 'daemon-reload']);
  });
  afterAll(() => Promise.all([ours.stop(), theirs.stop()]));

  it('have the exit codes of systemctl', async () => {
    const codes = async (run: (args: readonly string[]) => Promise<{ status: number }>): Promise<readonly string[]> => {
      const all: string[] = [];
      for (const args of COMMANDS) all.push(`${(await run(args)).status} ${args.join(' ')}`);
      return all;
    };
    const expected = await codes((args) => theirs.tester.exec(['systemctl', '--user', '--no-pager', ...args]));
    expect(await codes((args) => me.rouse(args))).toEqual(expected);
  });

  it('make the links that systemctl makes, and remove them', async () => {
    const links = (host: RouseHost): Promise<string> => host.tester.sh('cd ~/.config/systemd/user && find . -type l -printf "%p -> %l\\n" | sort');
    expect(await links(ours)).toBe(await links(theirs));
    await theirs.tester.exec(['systemctl', '--user', 'disable', 'up.service', 'web.socket', 'many@two.service']);
    await me.ok('disable', 'up.service', 'web.socket', 'many@two.service');
    expect(await links(ours)).toBe(await links(theirs));
  });

  it('that ask never start a manager', async () => {
    await me.ok('exit');
    for (const args of [
      ['status'],
      ['is-active', 'up'],
      ['list-units'],
      ['list-sockets'],
      ['cat', 'up'],
      ['show', 'up'],
      ['logs', 'up'],
      ['is-enabled', 'up'],
      ['list-unit-files'],
    ])
      await me.rouse(args);
    expect(ours.managers()).toEqual([]);
  });

  it('that change something start it, and say so', async () => {
    const { stderr, status } = await me.rouse(['daemon-reload']);
    expect(status).toBe(0);
    expect(stderr).toContain('No manager runs, starting one in the background');
    expect(ours.managers()).toHaveLength(1);
  });

  it.each([
    ['status', 'up.service'],
    ['show', 'up.service'],
    ['cat', 'up.service'],
    ['list-units'],
    ['list-sockets'],
    ['list-unit-files'],
    ['is-active', 'up.service'],
    ['is-enabled', 'up.service'],
    ['start', 'up.service'],
    ['analyze'],
    ['reset-failed', 'up.service'],
    ['is-system-running'],
    ['is-failed'],
    ['status'],
  ])('answer in JSON: %s', async (...args) => {
    const { stdout } = await me.rouse([...args, '--json']);
    expect(() => void JSON.parse(stdout)).not.toThrow();
  });

  it('have no colours where there is no terminal, and have them where there is one', async () => {
    expect((await me.rouse(['list-units'])).stdout).not.toContain('\u001b[');
    expect(await me.sh('script -qec "/rouse/bin/rouse list-units" /dev/null')).toContain('\u001b[');
  });

  it('know what was meant', async () => {
    expect((await me.rouse(['strat', 'up'])).stderr).toContain("hint: did you mean 'start'?");
    expect((await me.rouse(['start', 'upp.service'])).stderr).toContain("did you mean 'up.service'?");
    expect((await me.rouse(['start', 'up', '--no-blok'])).stderr).toContain('--no-block');
    expect((await me.rouse(['start'])).status).toBe(1);
  });

  it('explain themselves', async () => {
    expect(await me.ok('--help')).toContain('list-sockets');
    expect(await me.ok('start', '--help')).toContain('--no-block');
    expect(await me.ok('--version')).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('do not take a file that nobody reads for the unit of its name', async () => {
    me.write(`${me.home}/elsewhere/up.service`, '[Service]\nExecStart=/bin/true\n');
    const { status, stderr } = await me.rouse(['start', `${me.home}/elsewhere/up.service`]);
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('is not where unit files are read') as string });
    expect(await me.ok('cat', `${me.home}/.config/systemd/user/up.service`)).toContain('sleep 1000');
  });

  it('that systemctl alone has are answered with what there is instead', async () => {
    const { status, stderr } = await me.rouse(['edit', 'up.service']);
    expect(status).toBe(1);
    expect(stderr).toContain('hint: rouse cat UNIT');
  });

  it('are completed by a bash that has no packages for it, with units, options and their values', async () => {
    const complete = (line: string): Promise<string> =>
      me.sh(
        `PATH=/rouse/bin:$PATH; source <(rouse complete bash) && COMP_LINE='${line}' && COMP_POINT=\${#COMP_LINE} && COMP_WORDS=($COMP_LINE) && _rouse && echo "\${COMPREPLY[*]}"`,
      );
    expect(await complete('rouse star')).toBe('start');
    expect(await complete('rouse start up')).toBe('up.service');
    expect(await complete('rouse --user stop web.socket fai')).toBe('fails.service');
    expect(await complete('rouse list-sockets we')).toContain('web.socket');
    expect(await complete('rouse start --no-b')).toBe('--no-block');
    expect(await complete('rouse list-units --type=so')).toBe('socket');
    expect(await complete('rouse kill -s SIGH')).toBe('SIGHUP');
    expect(await complete('rouse linger ')).toBe('enable disable status');
  });

  it('give scripts rows without a header, with names in the first column', async () => {
    await me.ok('start', 'web.socket');
    expect(await me.ok('list-units', '--no-legend', 'web.socket')).toMatch(/^ *web\.socket +loaded +active +listening/);
    expect(await me.ok('list-sockets', '--no-legend', 'web.socket')).toMatch(/^127\.0\.0\.1:7100 +Stream +listening +web\.socket +web\.service/);
  });

  it('do not fill a narrow terminal with commands', async () => {
    me.unit('long.service', `[Service]\nExecStart=/bin/sh -c "sleep 1000; : ${'x'.repeat(300)}"\n`);
    await me.ok('daemon-reload');
    await me.ok('start', 'long.service');
    const shown = await me.sh('script -qec "stty cols 60; /rouse/bin/rouse status -n 0 long.service" /dev/null');
    expect(shown).not.toContain('x'.repeat(60));
    expect(await me.ok('status', 'long.service')).toMatch(/Processes: \d+ .*sleep 1000/);
  });

  it('show what a unit wrote, also while it writes', async () => {
    me.unit('talks.service', '[Service]\nType=oneshot\nExecStart=/bin/echo first words\n');
    await me.ok('start', 'talks.service');
    expect(await me.ok('logs', 'talks.service', '-o', 'cat')).toContain('first words\n');
    const following = me.rouseRun('logs', '-f', 'talks.service');
    await following.printed('first words');
    me.unit('talks.service', '[Service]\nType=oneshot\nExecStart=/bin/echo later words\n');
    await me.ok('daemon-reload');
    await me.ok('start', 'talks.service');
    await following.printed('later words');
    following.child.kill();
  });
});
