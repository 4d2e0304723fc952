import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cronLine } from './cron.js';
import { LingerHost } from './host.js';
import { initScript } from './openrc.js';
import { runScript } from './run-script.js';
import { runit, s6 } from './supervisors.js';
import { unitText } from './systemd.js';
import { shellWords, type Target } from './target.js';
import { chooseWay } from './ways.js';

const ANNA: Target = { mode: 'user', user: { name: 'anna', uid: 1001, gid: 1001, home: '/home/anna' }, rouse: ['/usr/bin/node', '/opt/my rouse/bin/rouse'], environment: {} };
const SYSTEM: Target = { ...ANNA, mode: 'system', user: { name: 'root', uid: 0, gid: 0, home: '/root' }, environment: { ROUSE_UNIT_PATH: '/srv/100%' } };

describe('what is written', () => {
  it.each(['plain', 'a b', `it's`, '$HOME', '', '*'])('for a shell is read back as it was: %s', async (word) => {
    const { execFileSync } = await import('node:child_process');
    expect(execFileSync('sh', ['-c', `printf %s ${word === '' ? "''" : shellWords([word])}`], { encoding: 'utf8' })).toBe(word);
  });

  it('to a crontab has no bare %, and is marked', () => {
    expect(cronLine(SYSTEM)).toBe(`@reboot ROUSE_UNIT_PATH=/srv/100\\% /usr/bin/node '/opt/my rouse/bin/rouse' --quiet start default.target # rouse linger`);
  });

  it('for systemd has no specifiers of its own, and quotes what it must', () => {
    expect(unitText(SYSTEM)).toContain('Environment=ROUSE_UNIT_PATH=/srv/100%%\nExecStart=/usr/bin/node "/opt/my rouse/bin/rouse" daemon\n');
    expect(unitText(SYSTEM)).toContain('WantedBy=multi-user.target');
    expect(unitText(ANNA)).toContain('WantedBy=default.target');
  });

  it('for a supervisor makes the runtime folder that a log-in would have made', () => {
    const script = runScript(ANNA, (user) => `become ${user}`);
    expect(script).toContain('mkdir -p /run/user/1001 && chown 1001:1001 /run/user/1001 && chmod 700 /run/user/1001');
    expect(script).toContain(`exec become anna env HOME=/home/anna USER=anna LOGNAME=anna XDG_RUNTIME_DIR=/run/user/1001 /usr/bin/node '/opt/my rouse/bin/rouse' daemon\n`);
    expect(runScript(SYSTEM, () => 'never')).toContain(`exec env ROUSE_UNIT_PATH=/srv/100% /usr/bin/node`);
  });

  it('for OpenRC runs as the user', () => {
    expect(initScript(ANNA)).toContain('command_user=anna:1001\n');
    expect(initScript(SYSTEM)).not.toContain('command_user');
  });
});

describe('a host', () => {
  let root: string;
  const host = (uid = 0): LingerHost => new LingerHost(uid, root, '/bin');
  const process = (name: string, ...words: readonly string[]): void => {
    mkdirSync(join(root, 'proc/7'), { recursive: true });
    writeFileSync(join(root, 'proc/7/comm'), `${name}\n`);
    writeFileSync(join(root, 'proc/7/cmdline'), [name, ...words, ''].join('\0'));
  };
  const program = (name: string): void => {
    mkdirSync(join(root, 'bin'), { recursive: true });
    writeFileSync(join(root, 'bin', name), '', { mode: 0o755 });
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rouse-linger-'));
    mkdirSync(join(root, 'proc'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('with nothing is told what would be needed', () => {
    expect(() => chooseWay(host(), ANNA)).toThrow('Nothing here starts programs at boot that rouse knows: systemd, OpenRC, runit, s6, cron');
  });

  it('whose init only root may use leaves cron to its users', () => {
    process('runsvdir', '/etc/service');
    expect(() => chooseWay(host(1001), ANNA)).toThrow('Only root can have something started by runit');
    program('crontab');
    expect(chooseWay(host(1001), ANNA).name).toBe('cron');
    expect(chooseWay(host(), ANNA).name).toBe('runit');
  });

  it('with OpenRC installed, but not running, is not one of OpenRC', () => {
    program('rc-update');
    program('crontab');
    expect(chooseWay(host(), ANNA).name).toBe('cron');
    mkdirSync(join(root, 'run/openrc/softlevel'), { recursive: true });
    expect(chooseWay(host(), ANNA).name).toBe('OpenRC');
  });

  it('of runit has the service and a link that enables it, and neither afterwards', () => {
    process('runsvdir', '-P', '/etc/service');
    for (const folder of ['etc/service', 'etc/sv']) mkdirSync(join(root, folder), { recursive: true });
    runit.enable(host(), ANNA);
    expect(readlinkSync(join(root, 'etc/service/rouse-anna'))).toBe('/etc/sv/rouse-anna');
    expect(statSync(join(root, 'etc/sv/rouse-anna/run')).mode & 0o777).toBe(0o755);
    expect(runit.isEnabled(host(), ANNA)).toBe(true);
    expect(runit.disable(host(), ANNA)).toEqual(['Removed /etc/service/rouse-anna and /etc/sv/rouse-anna']);
    expect(runit.isEnabled(host(), ANNA)).toBe(false);
    expect(runit.disable(host(), ANNA)).toEqual([]);
  });

  it('of s6 has the service where it is looked for, unless that folder goes with the next boot', () => {
    process('s6-svscan', '/run/service');
    mkdirSync(join(root, 'run/service'), { recursive: true });
    mkdirSync(join(root, 'etc/services.d'), { recursive: true });
    expect(s6.enable(host(), ANNA)).toEqual(['Created /etc/services.d/rouse-anna/run: s6 starts it at boot']);
    expect(readFileSync(join(root, 'etc/services.d/rouse-anna/run'), 'utf8')).toContain('exec s6-setuidgid anna env');
  });
});
