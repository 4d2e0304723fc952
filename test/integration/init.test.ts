/** `rouse init` as the first process of a container: the units serve, the output is the container's, and it stops in order and in time. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import { ask } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

const SERVER = `[Service]\nExecStart=/usr/bin/node -e "require('net').createServer((c)=>{console.log('a client');c.pipe(c)}).listen({fd:3})"\n`;
/** Its first process leaves a child behind that ends a moment later, with nobody to wait for it. */
const ORPHANS = `[Service]\nType=oneshot\nExecStart=/usr/bin/node -e "require('child_process').spawn('/usr/bin/node',['-e','setTimeout(()=>{},300)'],{detached:true,stdio:'ignore'}).unref()"\nKillMode=none\n`;
const STUBBORN = `[Service]\nExecStart=/usr/bin/node -e "process.on('SIGTERM',()=>console.log('no'));setInterval(()=>{},1000);console.log('here')"\n`;
const COMMAND = `for (const s of ['SIGTERM','SIGUSR1','SIGHUP']) process.on(s, () => { console.log('command got', s); if (s === 'SIGTERM') setTimeout(() => process.exit(5), 50); }); setInterval(() => {}, 1000); console.log('command runs')`;

describe.skipIf(whyNoHost() !== undefined)('rouse init', () => {
  let host: RouseHost;
  beforeAll(async () => {
    host = await RouseHost.start();
    await host.root.sh('node /rouse/examples/echo/build-image.mjs');
    const files = { 'at.socket': '[Socket]\nListenStream=127.0.0.1:7811\n', 'at.service': SERVER, 'orphans.service': ORPHANS, 'stubborn.service': STUBBORN };
    for (const [name, text] of Object.entries(files)) host.root.write(`/srv/units/${name}`, text);
    await host.root.sh('mkdir -p /srv/units/sockets.target.wants; ln -s ../at.socket /srv/units/sockets.target.wants/');
  });
  afterAll(() => host.stop());

  const start = async (...words: readonly string[]): Promise<void> => {
    const line = [
      'podman',
      'run',
      '-d',
      '--name=c',
      '--network=host',
      '-v=/rouse:/rouse:ro',
      '-v=/srv/units:/etc/rouse:ro',
      'localhost/rouse-echo',
      '/usr/bin/node',
      '/rouse/bin/rouse',
      'init',
      ...words,
    ];
    await host.root.exec(['podman', 'rm', '-f', '-i', '-t', '0', 'c']);
    const { status, stderr } = await host.root.exec(line);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    await until('default.target is reached', async () => (await logs()).includes('Reached target default.target'));
  };
  const logs = (): Promise<string> => host.root.sh('podman logs c 2>&1');
  const inside = (...words: readonly string[]): Promise<string> => host.root.sh(`podman exec c /usr/bin/node /rouse/bin/rouse ${words.join(' ')} 2>&1 || true`);
  const exitCode = async (): Promise<number> => Number(await host.root.sh('podman wait c'));

  test('serves on the sockets of its units, and shows what they write', async () => {
    await start();
    expect(await ask(host.root, 'tcp4:127.0.0.1:7811')).toBe('hello');
    await until('the unit has written', async () => (await logs()).includes('at.service: a client'));
    await host.root.sh('podman kill --signal TERM c');
    expect(await exitCode()).toBe(0);
    expect((await logs()).split('\n').slice(-3)).toEqual([
      'Stopping every unit (SIGTERM)',
      expect.stringContaining('at.service: Stopped'),
      expect.stringContaining('at.socket: Stopped'),
    ]);
  });

  test('reaps orphans', async () => {
    await start();
    await inside('start', 'orphans.service');
    await until('none is left, alive or dead', async () =>
      (await host.root.sh('podman top c state args')).split('\n').every((line) => !line.startsWith('Z') && !line.includes('setTimeout')),
    );
    expect(await inside('is-active', 'at.socket')).toBe('active');
  });

  test('kills what has not ended in time', async () => {
    await start('--timeout', '1s');
    await inside('start', 'stubborn.service');
    await until('it minds signals', async () => (await logs()).includes('stubborn.service: here'));
    await host.root.sh('podman kill --signal TERM c');
    expect(await exitCode()).toBe(0);
    expect(await logs()).toContain('stubborn.service: no');
  });

  test('runs a command, gives it the signals, and ends with its exit code', async () => {
    await start('--', '/usr/bin/node', '-e', COMMAND);
    await until('the command runs', async () => (await logs()).includes('command runs'));
    await host.root.sh('podman kill --signal USR1 c');
    await until('it has the signal', async () => (await logs()).includes('command got SIGUSR1'));
    await host.root.sh('podman kill --signal TERM c');
    expect(await exitCode()).toBe(5);
    expect(await logs()).toContain('command got SIGTERM');
  });

  test('ends when its command ends, and says so when there is none of that name', async () => {
    await start('--', '/usr/bin/node', '-e', 'setTimeout(()=>process.exit(7),300)');
    expect(await exitCode()).toBe(7);
    expect(await logs()).toContain('at.socket: Stopped');
    await start('--', '/no/such/command');
    expect(await exitCode()).toBe(127);
    expect(await logs()).toContain('/no/such/command');
  });
});
