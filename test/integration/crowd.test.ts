/** Two thousand clients within a second of a cold start: each is served, or told why not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { RouseHost } from './lib/host.js';

const COUNT = 2000;

/** Prints how many got their byte back, how many were closed without it, and how many were refused. */
const CLIENTS = `
const { connect } = require('node:net');
const counts = { served: 0, closed: 0, refused: 0 };
for (let i = 0; i < ${COUNT}; i++) {
  let end = 'closed';
  connect(Number(process.argv[1]), '127.0.0.1', function () { this.write('x'); })
    .on('data', function () { end = 'served'; this.destroy(); })
    .on('error', (error) => { if (error.code === 'ECONNREFUSED') end = 'refused'; })
    .on('close', () => counts[end]++);
}
process.on('exit', () => console.log(JSON.stringify(counts)));`;

interface Counts {
  readonly served: number;
  readonly closed: number;
  readonly refused: number;
}

describe.skipIf(whyNoHost() !== undefined)('two thousand clients within a second of a cold start', () => {
  let host: RouseHost;
  let me: Account;
  beforeAll(async () => {
    host = await RouseHost.start();
    me = host.tester;
    await me.sh('gcc -O2 -static -o ~/echo-once /rouse/bench/echo-once.c');
  });
  afterAll(() => host?.stop());

  const crowd = async (port: number): Promise<Counts> => JSON.parse(await me.sh(`ulimit -n 4096; node -e '${CLIENTS.replaceAll("'", `'\\''`)}' ${port}`)) as Counts;
  const socket = (port: number, lines = ''): string => `[Socket]\nListenStream=127.0.0.1:${port}\n${lines}`;

  test('are all served by a process, which serves one after the other', async () => {
    me.unit('one.socket', socket(7700));
    me.unit('one.service', '[Service]\nExecStartPre=/bin/sleep 1\nExecStart=%h/echo-once stay\n');
    await me.ok('start', 'one.socket');
    expect(await crowd(7700)).toEqual({ served: COUNT, closed: 0, refused: 0 });
  });

  test('are all served by a container that was not armed', async () => {
    await me.sh(
      'mkdir -p ~/image && cp ~/echo-once ~/image && printf "FROM scratch\\nCOPY echo-once /echo-once\\n" >~/image/Containerfile && podman build -q -t localhost/once ~/image',
    );
    me.unit('box.socket', socket(7701));
    me.unit('box.container', '[Container]\nImage=localhost/once\nNetwork=none\nExec=/echo-once stay\n[X-Rouse]\nArm=no\n');
    await me.ok('start', 'box.socket');
    expect(await crowd(7701)).toEqual({ served: COUNT, closed: 0, refused: 0 });
    await me.ok('stop', 'box.socket', 'box.service');
  });

  test('are served or sent away by a socket with a process for each, which says how many and why', async () => {
    me.unit('each.socket', socket(7702, 'Accept=yes\nMaxConnections=64\nTriggerLimitBurst=0\nPollLimitBurst=0\n'));
    me.unit('each@.service', '[Service]\nStandardInput=socket\nExecStart=/bin/head -c 1\n');
    await me.ok('start', 'each.socket');
    const { served, closed, refused } = await crowd(7702);
    expect(served + closed + refused).toBe(COUNT);
    expect(served).toBeGreaterThanOrEqual(64);
    const { stdout } = await me.rouse(['status', 'each.socket']);
    const { stdout: logs } = await me.rouse(['logs', 'each.socket']);
    if (closed + refused > 0) expect(stdout + logs).toMatch(/Refused: \d+/);
    if (closed + refused > 0) expect(stdout + logs).toContain('Too many incoming connections (64), dropping connection');
    expect(await me.sh('printf y | socat -t 10 - tcp:127.0.0.1:7702')).toBe('y');
  });
});
