/**
 * The real systemctl and busctl as clients of rouse, beside the same commands on a host with the real systemd: the same exit codes, the same
 * words. Each command is one of a sequence, and both hosts see all of it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoHost, type ExecResult } from '../host/host.mjs';
import type { Account, Running } from './lib/account.js';
import { RouseHost, until } from './lib/host.js';

const UNITS: Readonly<Record<string, string>> = {
  'up.service':
    '[Unit]\nDescription=It sleeps\nDocumentation=man:sleep(1) https://example.org/up\n[Service]\nExecStart=/bin/sleep 1000\nExecReload=/bin/true\n[Install]\nWantedBy=default.target\n',
  'web.socket': '[Socket]\nListenStream=127.0.0.1:7100\n[Install]\nWantedBy=sockets.target\n',
  'web.service': '[Service]\nExecStart=/bin/sleep 1000\n',
  'fails.service': '[Service]\nType=oneshot\nExecStart=/bin/false\n',
  'says.service': '[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c "systemd-notify --ready --status=Fine; exec sleep 1000"\n',
  'odd.service': '[Service]\nType=oneshot\nExecStop=/bin/true\n',
  'only.service': '[Unit]\nRefuseManualStart=yes\nRefuseManualStop=yes\n[Service]\nExecStart=/bin/sleep 1000\n',
  'needs.service': '[Unit]\nRequires=missing.service\n[Service]\nExecStart=/bin/sleep 1000\n',
  'depends.service': '[Unit]\nRequires=fails.service\nAfter=fails.service\n[Service]\nExecStart=/bin/sleep 1000\n',
  'cond.service': '[Unit]\nConditionPathExists=/nowhere\n[Service]\nExecStart=/bin/sleep 1000\n',
  'assert.service': '[Unit]\nAssertPathExists=/nowhere\n[Service]\nExecStart=/bin/sleep 1000\n',
  'once.service': '[Service]\nType=oneshot\nExecStart=/bin/true\n',
  'stays.service': '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n',
  'many@.service': '[Unit]\nDescription=Instance %i\n[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=default.target\nDefaultInstance=one\n',
  'top.target': '[Unit]\nRequires=web.socket stays.service\n',
};

/** Shell commands; `S` is systemctl. What only systemd has (its journal, its slices, presets) is cut away. */
const COMMANDS: readonly string[] = [
  'S is-system-running',
  'S start up.service',
  'S is-active up.service nosuch.service up',
  'S status up.service | grep -E "●|Active:|Docs:|Main PID:|example.org|CGroup:|sleep 1000"',
  'S status up.service | grep -E "Loaded:" | sed "s/; preset: [a-z]*//"',
  'S status fails.service nosuch.service | grep -v "CPU:"',
  'S show up.service -p Id,Names,LoadState,ActiveState,SubState,Type,Restart,ExecReload,Description,Documentation,FragmentPath,CanReload,Result,NRestarts',
  'S show up.service -p ActiveState --value',
  'S show nosuch.service -p LoadState,LoadError,ActiveState,Result,FragmentPath',
  'S cat up.service',
  'S cat nosuch.service',
  'S start nosuch.service',
  'S stop nosuch.service',
  'S restart nosuch.service',
  'S try-restart nosuch.service',
  'S reload nosuch.service',
  'S kill nosuch.service',
  'S reset-failed nosuch.service',
  'S start fails.service',
  'S status fails.service | grep -E "Active:|Process:|Main PID:"',
  'S is-failed fails.service',
  'S is-failed up.service',
  'S --failed --no-legend',
  'S start depends.service',
  'S start odd.service',
  'S show odd.service -p LoadState,LoadError',
  'S start only.service',
  'S stop only.service',
  'S start needs.service',
  'S start cond.service; S is-active cond.service',
  'S start assert.service',
  'S reload up.service',
  'S reload web.socket',
  'S reload web.service',
  'S reload-or-restart web.service; S is-active web.service',
  'S reload-or-restart up.service; S is-active up.service',
  'S try-restart once.service; S is-active once.service',
  'S try-restart up.service; S is-active up.service',
  'S reload-or-try-restart once.service',
  'S start once.service; S is-active once.service',
  'S start stays.service; S show stays.service -p ActiveState,SubState',
  'S stop stays.service; S is-active stays.service',
  'S start many@x.service; S show -p Description many@x.service; S stop many@x.service',
  'S start many@.service',
  'S start "a b.service"',
  'S start x@@.bar',
  'S start says.service; S show says.service -p StatusText,Type,NotifyAccess,SubState; S stop says.service',
  'S kill -s KILL --kill-whom=main up.service; sleep 0.3; S show up.service -p ActiveState,Result',
  'S reset-failed; S is-active up.service',
  'S kill up.service',
  'S start --no-block up.service',
  'S start --job-mode=odd up.service',
  'S isolate up.service',
  'S stop web.service; S start web.socket; S list-sockets web.socket --no-legend',
  'S list-sockets --no-pager web.socket',
  'S list-units --no-legend web.socket',
  'S list-units --no-legend --state=listening web.socket',
  'S list-jobs',
  'S list-timers --no-legend "web*"',
  'S start top.target; S is-active stays.service; S list-dependencies --plain --reverse stays.service | grep -v slice; S stop top.target',
  'S list-dependencies --plain top.target | grep -E "top|web|stays"',
  'S stop web.socket; S is-active web.socket',
  'S is-enabled up.service web.socket many@.service web.service nosuch.service',
  'S enable up.service; S is-enabled up.service; S show -p UnitFileState up.service',
  'S enable up.service; S disable up.service; S is-enabled up.service',
  'S enable nosuch.service',
  'S enable many@.service; S disable many@.service',
  'S enable many@two.service; S disable many@two.service',
  'S enable --now web.socket; S is-active web.socket; S disable --now web.socket; S is-active web.socket',
  'S reenable up.service; S disable up.service',
  'S mask nosuch.service; S start nosuch.service; S is-enabled nosuch.service; S unmask nosuch.service',
  'S mask fails.service',
  'S list-unit-files --no-legend "up.*" "web.*" "many@*" | awk "{print \\$1, \\$2}"',
  'S set-environment ROUSE_A=1; S show-environment | grep ROUSE_A; S unset-environment ROUSE_A; S show-environment | grep -c ROUSE_A',
  'printf "[Unit]\\nDescription=Edited\\n" | S edit --stdin up.service; S show -p Description,DropInPaths up.service; S cat up.service',
  'S daemon-reload',
  'S daemon-reexec',
  'S log-level; S log-level debug; S log-level; S log-level info',
  'S show -p NFailedUnits,SystemState,DefaultTimeoutStartUSec,DefaultStartLimitBurst',
  'S stop up.service; S is-active up.service',
];

interface Place {
  readonly title: string;
  readonly user: 'tester' | 'root';
  readonly systemctl: string;
}

const PLACES: readonly Place[] = [
  { title: 'a user', user: 'tester', systemctl: 'systemctl --user --no-pager' },
  { title: 'root, with --as-systemd', user: 'root', systemctl: 'systemctl --no-pager' },
];

function shell(account: Account, { systemctl }: Place, command: string): Promise<ExecResult> {
  return account.exec(['bash', '-c', command.replace(/\bS (?=[a-z-])/g, `${systemctl} `)]);
}

/** Times, process ids, cgroups and the ids of runs differ. */
function comparable({ status, stdout, stderr }: ExecResult): unknown {
  const same = (text: string): string =>
    text
      .replace(/[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+; [^\n]* ago/g, 'THEN')
      .replace(/\b(PID|Process): \d+/g, '$1: N')
      .replace(/─\d+ /g, '─N ')
      .replace(/CGroup: .*\/(?=[^/]*$)/gm, 'CGroup: …/')
      .replace(/CGroup: \S*\//g, 'CGroup: …/');
  return { status, stdout: same(stdout), stderr: same(stderr) };
}

async function rouseWithUnits(place: Place): Promise<{ host: RouseHost; account: Account; daemon: Running }> {
  const host = await RouseHost.start();
  const account = host.as(place.user);
  for (const [name, text] of Object.entries(UNITS)) account.unit(name, text);
  // What root's systemctl wants, a user's takes for the sign that it may leave links to the manager.
  if (place.user === 'tester') host.mkdir('/run/systemd/system', 0);
  const daemon = account.run(['/rouse/bin/rouse', 'daemon', ...(place.user === 'root' ? ['--as-systemd'] : [])]);
  await daemon.printed(/^Ready \(/m);
  return { host, account, daemon };
}

describe.skipIf(whyNoHost() !== undefined).each(PLACES)('systemctl of $title', (place) => {
  let rouse: RouseHost;
  let systemd: RouseHost;
  let account: Account;
  let daemon: Running;
  beforeAll(async () => {
    const starting = RouseHost.start({ systemd: true });
    ({ host: rouse, account, daemon } = await rouseWithUnits(place));
    systemd = await starting;
    for (const [name, text] of Object.entries(UNITS)) systemd.as(place.user).unit(name, text);
    await shell(systemd.as(place.user), place, 'S daemon-reload');
  });
  afterAll(async () => {
    await Promise.all([rouse.stop(), systemd.stop()]);
  });

  it.each(COMMANDS)('%s', async (command) => {
    const [ours, theirs] = await Promise.all([shell(account, place, command), shell(systemd.as(place.user), place, command)]);
    expect(comparable(ours)).toEqual(comparable(theirs));
  });

  it.each(['web.socket', 'says.service', 'nosuch.service', 'top.target'])('shows of %s what rouse shows of it, to the letter', async (unit) => {
    const lines = (text: string): readonly string[] => text.split('\n').filter(Boolean).sort();
    const theirs = await shell(account, place, `S show ${unit}`);
    expect(lines(await account.ok('show', unit))).toEqual(lines(theirs.stdout));
    expect(lines(theirs.stdout).length).toBeGreaterThan(50);
  });

  it('is answered by rouse, which does not take itself for a systemd', async () => {
    const { stdout } = await shell(account, place, 'S show -p Version --value');
    expect(stdout).toMatch(/^257 \(rouse /);
    const status = await account.rouse(['status']);
    expect(status.stdout + status.stderr).not.toContain('systemd runs here');
  });

  it('reads the files that rouse generates', async () => {
    const { stdout } = await shell(account, place, 'S cat sockets.target');
    expect(stdout).toMatch(/^# \/run\/(user\/1000\/)?rouse\/generated\/sockets\.target\n\[Unit\]\nDescription=Socket Units\n/);
  });

  it('finds nobody when rouse has ended, and no trace of it', async () => {
    expect((await shell(account, place, 'S exit')).status).toBe(0);
    expect(await daemon.ended).toBe(0);
    expect((await shell(account, place, 'S is-active up.service')).status).not.toBe(0);
    expect(rouse.list(`${account.runtime}/systemd`)).toEqual([]);
  });
});

describe.skipIf(whyNoHost() !== undefined)('systemctl --user on a host that nobody has booted with systemd', () => {
  const place = PLACES[0] as Place;
  let host: RouseHost;
  let account: Account;
  beforeAll(async () => {
    ({ host, account } = await rouseWithUnits(place));
    host.remove('/run/systemd/system');
  });
  afterAll(() => host.stop());

  it('starts, asks and stops', async () => {
    const { status, stdout } = await shell(
      account,
      place,
      'S start up.service web.socket && S is-active up.service web.socket && S list-sockets --no-legend web.socket && S stop up.service',
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'active\nactive\n127.0.0.1:7100 web.socket web.service\n' });
  });

  it('makes links by itself, which count after daemon-reload', async () => {
    expect((await shell(account, place, 'S enable up.service && S is-enabled up.service && S daemon-reload')).stdout).toBe('enabled\n');
    expect(await account.property('up.service', 'UnitFileState')).toBe('enabled');
  });
});

describe.skipIf(whyNoHost() !== undefined)('a message bus', () => {
  const [user, root] = PLACES as [Place, Place];
  let host: RouseHost;
  let systemd: RouseHost;
  let tester: Account;
  const BUS = 'busctl --user --no-pager';
  const NAME = 'org.freedesktop.systemd1';
  const ROOT = '/org/freedesktop/systemd1';

  beforeAll(async () => {
    [{ host, account: tester }, systemd] = await Promise.all([rouseWithUnits(user), RouseHost.start({ systemd: true })]);
    for (const [name, text] of Object.entries(UNITS)) systemd.tester.unit(name, text);
    await shell(systemd.tester, user, 'S daemon-reload');
    await tester.sh('dbus-daemon --session --fork --address=unix:path=$XDG_RUNTIME_DIR/bus');
    await tester.ok('daemon-reload');
    await until('the name is taken', async () => (await tester.sh(`${BUS} list --no-legend --acquired`)).includes(NAME));
  });
  afterAll(async () => {
    await Promise.all([host.stop(), systemd.stop()]);
  });

  it('has rouse under systemd’s name', async () => {
    expect(await tester.sh(`${BUS} get-property ${NAME} ${ROOT} ${NAME}.Manager SystemState`)).toBe('s "running"');
    expect(await tester.sh(`${BUS} call ${NAME} ${ROOT} ${NAME}.Manager GetUnitFileState s web.socket`)).toBe('s "disabled"');
    expect(await tester.sh(`${BUS} tree --list ${NAME}`)).toContain(`${ROOT}/unit/sockets_2etarget`);
  });

  it.each([
    ['Manager', ''],
    ['Unit', '/unit/web_2eservice'],
    ['Service', '/unit/web_2eservice'],
    ['Socket', '/unit/web_2esocket'],
  ])('has nothing in %s that is not systemd’s, of the same type', async (name, path) => {
    const describeInterface = (account: Account): Promise<string> =>
      account.sh(`${BUS} introspect --no-legend ${NAME} ${ROOT}${path} ${NAME}.${name} | awk '{print $1, $2, $3, $2 == "method" ? $4 : ""}'`);
    const [ours, theirs] = (await Promise.all([describeInterface(tester), describeInterface(systemd.tester)])).map((text) => text.split('\n').map((line) => line.trim()));
    expect(ours?.filter((line) => theirs?.includes(line) !== true)).toEqual([]);
    expect(ours?.length).toBeGreaterThan(70);
  });

  it.each(['S start --wait once.service', 'S start --wait fails.service', 'S freeze nosuch.service'])('serves %s, which goes by the bus', async (command) => {
    const [ours, theirs] = await Promise.all([shell(tester, user, command), shell(systemd.tester, user, command)]);
    expect(ours.status).toBe(theirs.status);
  });

  it('hears signals while somebody has subscribed', async () => {
    const monitor = tester.run(['stdbuf', '-oL', 'dbus-monitor', '--session', `type='signal',sender='${NAME}'`]);
    await monitor.printed('NameAcquired');
    // busctl leaves the bus when it is answered, and with it its subscription: the one that waits for a job stays.
    await shell(tester, user, 'S start --wait once.service');
    await monitor.printed('member=JobRemoved');
    await monitor.printed('member=PropertiesChanged');
    monitor.child.kill();
  });

  it('has services that live for one run', async () => {
    const run = await tester.exec(['systemd-run', '--user', '--wait', '--unit=short', 'sh', '-c', 'exit 3']);
    expect(run).toMatchObject({ status: 3, stderr: expect.stringContaining('code=exited, status=3') as string });
    expect(await tester.property('short.service', 'Result')).toBe('exit-code');
    await tester.ok('reset-failed', 'short.service');
    await until('it is gone', async () => (await tester.property('short.service', 'LoadState')) === 'not-found');
    const refused = await tester.exec(['systemd-run', '--user', '--on-active=1', 'true']);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('rouse has no transient units of the type of') as string });
  });

  it('has scopes for processes that others started', async () => {
    const scope = await tester.sh(
      `sleep 1000 & ${BUS} call ${NAME} ${ROOT} ${NAME}.Manager StartTransientUnit 'ssa(sv)a(sa(sv))' mine.scope fail 1 PIDs au 1 $! 0 >/dev/null; grep -o 'mine.scope$' /proc/$!/cgroup; systemctl --user is-active mine.scope; systemctl --user stop mine.scope; systemctl --user is-active mine.scope; kill -0 $! 2>/dev/null || echo gone`,
    );
    expect(scope).toBe('mine.scope\nactive\ninactive\ngone');
  });

  describe('of the system', () => {
    const call = (account: Account, method: string): Promise<ExecResult> => account.exec(['busctl', 'call', NAME, ROOT, `${NAME}.Manager`, ...method.split(' ')]);
    beforeAll(async () => {
      await host.root.sh('mkdir -p /run/dbus; dbus-daemon --system --fork');
      const daemon = host.root.run(['/rouse/bin/rouse', 'daemon']);
      await daemon.printed(`Took the name ${NAME}`);
      host.root.unit('up.service', UNITS['up.service'] ?? '');
    });
    afterAll(async () => void (await host.root.ok('exit')));

    it('lets everyone ask, and root alone change something', async () => {
      expect((await call(host.tester, 'GetUnitFileState s up.service')).stdout).toBe('s "disabled"\n');
      expect(await call(host.tester, 'StartUnit ss up.service replace')).toMatchObject({ status: 1, stderr: expect.stringContaining('Access denied') as string });
      expect((await call(host.root, 'StartUnit ss up.service replace')).status).toBe(0);
    });

    it('makes no other program believe in a systemd', async () => {
      expect(host.exists('/run/systemd/private')).toBe(false);
      expect((await shell(host.root, root, 'S is-active up.service')).status).not.toBe(0);
    });

    it('gives podman its scopes, when it is told to manage cgroups with systemd', async () => {
      const podman = 'podman --cgroup-manager=systemd';
      const scopes = `busctl call ${NAME} ${ROOT} ${NAME}.Manager ListUnitsByPatterns asas 0 1 'libpod-*.scope' | grep -o 'libpod-[^ ]*\\.scope"' | sort -u | wc -l`;
      await host.root.sh(`sh /rouse/test/host/busybox-image.sh >/dev/null; ${podman} run -d --name scoped --network=none localhost/busybox sleep 1000`);
      expect(await host.root.sh(scopes)).toBe('2');
      await host.root.sh(`${podman} rm -f -t 0 scoped`);
      await until('its scopes are gone', async () => (await host.root.sh(scopes)) === '0');
    });
  });

  it('loses the name when rouse ends', async () => {
    await tester.ok('exit');
    expect(await tester.sh(`${BUS} list --no-legend --acquired`)).not.toContain(NAME);
  });
});

function versionHere(): string | undefined {
  try {
    return /^systemd (\d+)/.exec(execFileSync('systemctl', ['--version'], { encoding: 'utf8' }))?.[1];
  } catch {
    return undefined;
  }
}

describe.skipIf(whyNoHost() !== undefined || versionHere() === undefined)(`this machine's own systemctl (${versionHere() ?? 'none'})`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'systemctl-test-'));
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    XDG_RUNTIME_DIR: join(folder, 'run'),
    SYSTEMD_UNIT_PATH: join(folder, 'units'),
    QUADLET_UNIT_DIRS: join(folder, 'none'),
    ROUSE_UNIT_PATH: join(folder, 'units'),
  };
  const systemctl = (...args: readonly string[]): string =>
    execFileSync('systemctl', ['--user', '--no-pager', ...args], { env, encoding: 'utf8', timeout: 30_000, stdio: ['ignore', 'pipe', 'ignore'] });
  beforeAll(async () => {
    for (const name of ['run', 'units']) mkdirSync(join(folder, name), { mode: 0o700 });
    for (const [name, text] of Object.entries(UNITS)) writeFileSync(join(folder, 'units', name), text);
    const rouse = spawn(process.execPath, [join(import.meta.dirname, '../../bin/rouse'), 'daemon', '--user'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    rouse.stderr.on('data', (text: Buffer) => (said += text.toString()));
    await until('rouse is ready', () => said.includes('Ready'));
  });
  afterAll(() => {
    execFileSync(process.execPath, [join(import.meta.dirname, '../../bin/rouse'), 'exit', '--user'], { env, stdio: 'ignore', timeout: 30_000 });
    rmSync(folder, { recursive: true });
  });

  it('finds rouse, and does with it what it does with systemd', () => {
    systemctl('start', 'up.service', 'web.socket');
    expect(systemctl('is-active', 'up.service', 'web.socket')).toBe('active\nactive\n');
    expect(systemctl('status', 'up.service')).toMatch(/● up\.service - It sleeps\n +Loaded: loaded .*\n +Active: active \(running\)/);
    expect(systemctl('list-sockets', '--no-legend', 'web.socket')).toMatch(/^127\.0\.0\.1:7100 +web\.socket +web\.service/);
    expect(systemctl('show', 'up.service', '-p', 'Description', '--value')).toBe('It sleeps\n');
    expect(systemctl('cat', 'up.service')).toContain('ExecStart=/bin/sleep 1000');
    systemctl('reload', 'up.service');
    systemctl('restart', 'up.service');
    systemctl('daemon-reload');
    systemctl('kill', '-s', 'KILL', 'up.service');
    expect(() => systemctl('status', 'nosuch.service')).toThrow(expect.objectContaining({ status: 4 }) as Error);
    expect(() => systemctl('start', 'fails.service')).toThrow(expect.objectContaining({ status: 1 }) as Error);
    expect(systemctl('is-failed', 'fails.service')).toBe('failed\n');
    systemctl('reset-failed');
    systemctl('stop', 'up.service', 'web.socket');
    expect(systemctl('list-dependencies', '--plain', 'top.target')).toContain('web.socket');
  });
});
