/**
 * What an idle manager costs: memory, and nothing else. Both are measured where a unit of each kind waits or runs. Node itself takes 40 to 55 MB,
 * depending on how it was built, so what is measured is how much the manager takes beyond that.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { ask, askMany } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

const MOST_KB = 24_000;
/** What many questions may leave on the heap until V8 has a reason to collect it. */
const GARBAGE_KB = 8000;
/** How long nothing may happen. */
const QUIET_MS = 3000;

describe.skipIf(whyNoHost() !== undefined)('an idle manager', () => {
  let host: RouseHost;
  let me: Account;
  let pid: number;
  let nodeKb: number;
  beforeAll(async () => {
    host = await RouseHost.start();
    me = host.tester;
    await me.sh(`node /rouse/examples/echo/build-image.mjs`);
    me.unit('echo.container', host.read('/rouse/examples/echo/echo.container'));
    me.unit('echo.socket', '[Socket]\nListenStream=127.0.0.1:7400\nListenDatagram=127.0.0.1:7400\n');
    me.unit('plain@.socket', '[Socket]\nListenStream=%t/plain-%i\n');
    me.unit('plain@.service', '[Service]\nExecStart=/bin/cat\n');
    me.unit('daemon.service', '[Service]\nRestart=always\nExecStart=/bin/sleep 1000\n');
    const plain = Array.from({ length: 50 }, (_, i) => `plain@${i}.socket`);
    await me.ok('start', 'echo.socket', 'daemon.service', ...plain);
    pid = await me.managerPid();
    nodeKb = Number(await me.sh(`node -e "setTimeout(() => console.log(/VmRSS:\\\\s+(\\\\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]), 300)"`));
  });
  afterAll(() => host.stop());

  /** How often each of its threads has given up the processor, of its own will or not. */
  const switches = (): string =>
    host
      .list(`/proc/${pid}/task`)
      .map((thread) =>
        host
          .read(`/proc/${pid}/task/${thread}/status`)
          .split('\n')
          .filter((line) => line.includes('ctxt_switches'))
          .join(' '),
      )
      .join('\n');

  async function expectQuiet(): Promise<void> {
    let last = '';
    // What the last command has left to do may take a moment.
    await until(
      'it has settled',
      async () => {
        last = switches();
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return switches() === last;
      },
      30_000,
    );
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    expect(switches()).toBe(last);
  }

  const residentKb = (): number => Number(/^VmRSS:\s+(\d+) kB$/m.exec(host.read(`/proc/${pid}/status`))?.[1]);

  test('does nothing at all while sockets listen, a container is armed and a service runs', async () => {
    await until('the container is armed', async () => (await me.ok('status', 'echo.socket')) !== '' && (await me.rouse(['status', 'echo.service'])).stdout.includes('armed'));
    await expectQuiet();
  });

  test('needs little more memory than Node alone', () => expect(residentKb() - nodeKb).toBeLessThan(MOST_KB));

  test('does nothing while a container serves', async () => {
    expect(await ask(me, 'tcp4:127.0.0.1:7400')).toBe('hello');
    await until('podman knows', async () => (await me.sh('podman ps --quiet')) !== '');
    await expectQuiet();
  });

  test('needs little more after a hundred clients and many questions', async () => {
    expect(await askMany(me, 'tcp4:127.0.0.1:7400', 100)).toBe(100);
    await me.sh('for i in $(seq 15); do /rouse/bin/rouse list-units > /dev/null; done');
    expect(residentKb() - nodeKb).toBeLessThan(MOST_KB + GARBAGE_KB);
  });
});
