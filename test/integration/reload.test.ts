/** daemon-reload: generators are run, changed files are read, what runs goes on, and no client notices anything. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { RouseHost, until } from './lib/host.js';

const SLEEPS = '[Service]\nExecStart=/bin/sleep 1000\n';

/** Writes what it was given, and a unit into each of its three folders. */
const GENERATOR = `#!/bin/sh
{ echo "$#"; env | grep ^SYSTEMD_ | sort; } > "$1/seen"
printf '[Unit]\\nDescription=normal\\n${SLEEPS.replaceAll('\n', '\\n')}' > "$1/made.service"
printf '[Unit]\\nDescription=early\\n${SLEEPS.replaceAll('\n', '\\n')}' > "$2/before.service"
printf '[Unit]\\nDescription=late\\n${SLEEPS.replaceAll('\n', '\\n')}' > "$3/behind.service"
mkdir -p "$1/default.target.wants" && ln -s ../made.service "$1/default.target.wants/"
echo "made three units"
`;

describe.skipIf(whyNoHost() !== undefined)('daemon-reload', () => {
  let host: RouseHost;
  beforeAll(async () => {
    host = await RouseHost.start();
    host.root.write('/etc/systemd/system-generators/three', GENERATOR, 0o755);
    host.root.write('/etc/systemd/user-generators/three', GENERATOR, 0o755);
    host.root.write('/usr/lib/systemd/system-generators/fails', '#!/bin/sh\necho no disk >&2\nexit 3\n', 0o755);
    host.root.write('/usr/lib/systemd/system-generators/masked', '#!/bin/sh\ntouch /run/masked-ran\n', 0o755);
    host.root.write('/etc/systemd/system-generators/masked', '', 0o755);
  });
  afterAll(() => host.stop());

  const description = (account: Account, unit: string): Promise<string> => account.property(unit, 'Description');

  it('runs the generators when the manager starts, and what they pull in is started', async () => {
    const { root } = host;
    root.unit('before.service', `[Unit]\nDescription=written\n${SLEEPS}`);
    root.unit('behind.service', `[Unit]\nDescription=written\n${SLEEPS}`);
    root.unit('made.service', `[Unit]\nDescription=written\n${SLEEPS}`);
    const daemon = await root.daemon();
    expect(host.read('/run/rouse/generator/seen')).toMatch(
      /^3\nSYSTEMD_ARCHITECTURE=\S+\nSYSTEMD_FIRST_BOOT=0\nSYSTEMD_IN_INITRD=0\nSYSTEMD_SCOPE=system\n(SYSTEMD_VIRTUALIZATION=(vm|container):\S+\n)?$/,
    );
    expect(await Promise.all(['before', 'behind', 'made'].map((name) => description(root, `${name}.service`)))).toEqual(['early', 'written', 'written']);
    host.remove(`${root.units}/made.service`);
    host.remove(`${root.units}/behind.service`);
    await root.ok('daemon-reload');
    expect(await Promise.all(['behind', 'made'].map((name) => description(root, `${name}.service`)))).toEqual(['late', 'normal']);
    await until('it is up', async () => (await root.property('made.service', 'ActiveState')) === 'active');
    expect(daemon.output()).toContain('three: made three units');
    expect(daemon.output()).toContain('fails: no disk');
    expect(daemon.output()).toContain('/usr/lib/systemd/system-generators/fails: It failed (exit code 3), going on without what it would have made');
    expect(host.exists('/run/masked-ran')).toBe(false);
  });

  it('forgets what a generator makes no more, unless it runs', async () => {
    const { root } = host;
    host.remove('/etc/systemd/system-generators/three');
    await root.ok('daemon-reload');
    expect(await root.property('made.service', 'ActiveState')).toBe('active');
    expect(await root.property('before.service', 'Description')).toBe('written');
    expect((await root.rouse(['start', 'behind.service'])).status).toBe(5);
    expect(host.list('/run/rouse').filter((name) => name.startsWith('generator'))).toEqual([]);
    await root.ok('exit');
  });

  it('runs a user’s generators for that user', async () => {
    const me = host.tester;
    await me.ok('start', 'made.service');
    expect(host.read('/run/user/1000/rouse/generator/seen')).toContain('SYSTEMD_SCOPE=user');
    expect(host.read('/run/user/1000/rouse/generator/seen')).not.toContain('SYSTEMD_IN_INITRD');
    await me.ok('exit');
    expect(host.list('/run/user/1000/rouse').filter((name) => name.startsWith('generator'))).toEqual([]);
  });

  it('reads what has changed, keeps what runs, and loses no client however often it is asked', async () => {
    const me = host.tester;
    me.unit('talk.socket', '[Socket]\nListenStream=127.0.0.1:6400\nListenStream=%t/talk.sock\nAccept=yes\nMaxConnections=500\nTriggerLimitBurst=0\nPollLimitBurst=0\n');
    me.unit('talk@.service', '[Service]\nExecStart=/bin/cat\nStandardInput=socket\n');
    me.unit('stays.service', `[Unit]\nDescription=before\n${SLEEPS}`);
    await me.ok('start', 'talk.socket', 'stays.service');
    const pid = await me.property('stays.service', 'MainPID');
    const inodes = await me.sh("ss -Hltnxe | grep -E ':6400 |talk.sock' | grep -oE 'ino:[0-9]+|talk.sock [0-9]+' | sort");
    me.unit('stays.service', '[Unit]\nDescription=after\n[Service]\nExecStart=/bin/sleep 2000\n');
    const clients = me.sh('for i in $(seq 20); do echo $i | socat -t5 - TCP:127.0.0.1:6400; echo $i | socat -t5 - UNIX-CONNECT:$XDG_RUNTIME_DIR/talk.sock; done');
    await Promise.all(Array.from({ length: 6 }, () => me.ok('daemon-reload')));
    expect((await clients).split('\n')).toEqual(Array.from({ length: 20 }, (_, i) => [String(i + 1), String(i + 1)]).flat());
    expect(await me.show('stays.service', 'MainPID', 'Description')).toEqual({ MainPID: pid, Description: 'after' });
    expect(host.process(Number(pid))?.command).toBe('/bin/sleep 1000');
    expect(await me.sh("ss -Hltnxe | grep -E ':6400 |talk.sock' | grep -oE 'ino:[0-9]+|talk.sock [0-9]+' | sort")).toBe(inodes);
    await me.ok('restart', 'stays.service');
    expect(host.process(Number(await me.property('stays.service', 'MainPID')))?.command).toBe('/bin/sleep 2000');
    host.remove(`${me.units}/talk.socket`);
    await me.ok('daemon-reload');
    expect(await me.sh('echo still | socat -t5 - TCP:127.0.0.1:6400')).toBe('still');
  });
});
