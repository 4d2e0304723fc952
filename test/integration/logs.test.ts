/** What units write is kept, shown and bounded: `rouse logs`, its options, and what it does when there is much, or strange, or nothing. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { RouseHost, until } from './lib/host.js';

describe.skipIf(whyNoHost() !== undefined)('logs', () => {
  let host: RouseHost;
  let me: Account;
  beforeAll(async () => {
    host = await RouseHost.start();
    me = host.tester;
  });
  afterAll(() => host.stop());

  /** Runs a script as a service, to its end. */
  async function wrote(name: string, script: string, more = ''): Promise<void> {
    me.write(`/tmp/${name}.sh`, script);
    me.unit(`${name}.service`, `[Service]\nType=oneshot\n${more}ExecStart=/bin/bash /tmp/${name}.sh\n`);
    await me.rouse(['daemon-reload']);
    await me.ok('start', name);
  }

  const lines = async (...args: readonly string[]): Promise<readonly string[]> => (await me.ok('logs', ...args)).split('\n').filter(Boolean);
  /** What the unit wrote itself, without what the manager said of it. */
  const own = async (name: string): Promise<readonly string[]> =>
    (await me.ok('logs', name, '-o', 'json'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { identifier: string; text: string })
      .filter(({ identifier }) => identifier !== 'rouse')
      .map(({ text }) => text);

  test('have both streams in their order, each line with time, name and process', async () => {
    await wrote('both', 'echo out; sleep 0.05; echo err >&2; sleep 0.05; echo "  spaced  "; printf "no end"');
    expect(await own('both')).toEqual(['out', 'err', '  spaced  ', 'no end']);
    expect((await lines('both')).find((line) => line.endsWith(': out'))).toMatch(/^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d bash\[\d+\]: out$/);
    expect((await lines('both', '-o', 'short-iso')).find((line) => line.endsWith(': out'))).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z bash\[\d+\]: out$/);
    expect(await lines('both', '-o', 'cat')).toContain('  spaced  ');
  });

  test('have the words of the manager about the unit', async () =>
    expect(await lines('both', '-o', 'cat')).toEqual(expect.arrayContaining([expect.stringContaining('both.service')])));

  test('-n shows the last lines only', async () => {
    await wrote('many', 'for i in $(seq 500); do echo $i; done');
    expect((await own('many')).slice(-3)).toEqual(['498', '499', '500']);
    expect(await lines('many', '-n', '5')).toHaveLength(5);
    expect(await lines('many', '-n', '0')).toEqual([]);
    expect((await me.rouse(['logs', 'many', '-n', 'few'])).stderr).toContain("'few' is not a number of lines");
  });

  test('of several units come in the order of their times', async () => {
    await wrote('early', 'echo early');
    await wrote('late', 'echo late');
    const texts = await lines('late', 'early', '-o', 'cat');
    expect(texts.indexOf('early')).toBeLessThan(texts.indexOf('late'));
  });

  test('have the name of SyslogIdentifier=, and nothing of StandardOutput=null', async () => {
    await wrote('named', 'echo shown', 'SyslogIdentifier=somebody\n');
    expect(await lines('named')).toEqual(expect.arrayContaining([expect.stringMatching(/ somebody\[\d+\]: shown$/)]));
    await wrote('silent', 'echo out; echo err >&2', 'StandardOutput=null\nStandardError=journal\n');
    expect(await own('silent')).toEqual(['err']);
  });

  test('keep lines that are long, binary or no UTF-8', async () => {
    await wrote(
      'strange',
      String.raw`printf 'a%.0s' $(seq 200000); echo; printf 'tab\there \x01 bell\a nul\0end\n'; printf '\xff\xfe broken\n'; printf '\x1b[31mred\x1b[0m\n'; echo "grüße"; printf 'cr\r\n'`,
    );
    const texts = await own('strange');
    const long = texts.filter((text) => /^a+$/.test(text));
    expect(long.join('')).toHaveLength(200_000);
    expect(texts.slice(long.length).map((text) => text.replace(/\r$/, ''))).toEqual([
      expect.stringContaining('tab\there'),
      expect.stringContaining('broken'),
      expect.stringContaining('red'),
      'grüße',
      'cr',
    ]);
    expect((await lines('strange', '-o', 'cat')).length).toBeGreaterThan(5);
  });

  test('are bounded, and the newest lines are those that are kept', async () => {
    await wrote(
      'flood',
      'head -c 1000 /dev/zero | tr "\\0" x > /tmp/line; echo >> /tmp/line; for i in $(seq 30); do for j in $(seq 1000); do echo /tmp/line; done | xargs cat; done; echo the end',
    );
    const sizes = host
      .list(me.logs)
      .filter((name) => name.startsWith('flood.service'))
      .map((name) => host.read(`${me.logs}/${name}`).length);
    expect(sizes).toHaveLength(2);
    for (const size of sizes) expect(size).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect((await own('flood')).at(-1)).toBe('the end');
  });

  test('-f goes on across a rotation, and shows what comes from the start', async () => {
    const following = me.rouseRun('logs', '-f', 'later.service', '-o', 'cat');
    await following.printed('has written nothing yet').catch(() => undefined);
    me.write('/tmp/later.sh', 'until [ -e /tmp/later.go ]; do echo tick; sleep 0.05; done; for j in $(seq 9000); do echo /tmp/line; done | xargs cat; echo after the flood');
    me.unit('later.service', '[Service]\nExecStart=/bin/bash /tmp/later.sh\n');
    await me.ok('daemon-reload');
    await me.ok('start', 'later');
    await following.printed('tick');
    me.write('/tmp/later.go', '');
    await following.printed('after the flood');
    process.kill(-(following.child.pid ?? 0), 'SIGINT');
    await following.ended;
  });

  test('of a service that is killed hold its last words', async () => {
    me.write('/tmp/dies.sh', 'printf "last words"; kill -9 $$');
    me.unit('dies.service', '[Service]\nExecStart=/bin/bash /tmp/dies.sh\n');
    await me.ok('daemon-reload');
    await me.rouse(['start', 'dies']);
    await until('the words are there', async () => (await own('dies')).includes('last words'));
    expect(await lines('dies', '-o', 'cat')).toEqual(expect.arrayContaining([expect.stringContaining('SIGKILL')]));
  });

  test('of what a process left in the background are kept, too', async () => {
    await wrote('background', '(sleep 0.3; echo from behind) & echo in front', 'KillMode=process\n');
    await until('both are there', async () => (await own('background')).length === 2);
    expect(await own('background')).toEqual(['in front', 'from behind']);
  });

  test('can be read without a manager; without a unit they are the manager’s own', async () => {
    await me.ok('exit');
    expect(await own('both')).toEqual(['out', 'err', '  spaced  ', 'no end']);
    expect(await me.ok('logs')).toContain('Ready (user manager');
    const { status, stderr } = await me.rouse(['logs', 'bith']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining("did you mean 'both.service'?") });
  });

  test('are for their owner alone', async () => expect(await me.sh(`stat -c %a ${me.logs} ${me.logs}/both.service.log`)).toBe('700\n600'));
});
