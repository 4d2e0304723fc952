/** How commands run in a host: from a test, and from the command line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Host, hostPath, runInHost, startHost, whyNoHost } from './host.mjs';

const COMMAND = join(import.meta.dirname, 'host.mjs');
const cannot = whyNoHost();

describe.skipIf(cannot !== undefined)('a command in a host', () => {
  let host: Host;
  beforeAll(async () => {
    host = await startHost({ env: { COLOUR: 'red' } });
  });
  afterAll(() => host.stop());

  test('gets its input, variables and folder, and gives its output and exit code', async () => {
    const script = 'cat; echo $COLOUR $SHAPE; pwd; echo problem >&2; exit 7';
    const result = await host.exec(['sh', '-c', script], { input: 'some input\n', env: { SHAPE: 'round' }, cwd: '/tmp' });
    expect(result).toEqual({ status: 7, stdout: 'some input\nred round\n/tmp\n', stderr: 'problem\n' });
  });

  test('has no variable of the caller', async () => {
    process.env['SECRET_OF_THE_CALLER'] = 'x';
    expect((await host.exec(['env'])).stdout).not.toContain('SECRET_OF_THE_CALLER');
  });

  test('gives 128 and the number of the signal that killed it', async () => {
    expect((await host.exec(['sh', '-c', 'kill -TERM $$'])).status).toBe(143);
  });

  test('gives 127 when there is no such command', async () => {
    expect(await host.exec(['no-such-command'])).toMatchObject({ status: 127, stderr: expect.stringContaining('no-such-command') });
  });

  test('is killed when its time is over, and so is what it has started', async () => {
    const { status, stdout } = await host.exec(['sh', '-c', 'echo begins; sleep 4321 & setsid sleep 1234 & wait'], { timeoutMs: 500 });
    expect({ status, stdout }).toEqual({ status: 124, stdout: 'begins\n' });
    expect((await host.exec(['pgrep', '-f', 'sleep 4321'])).stdout).toBe('');
  });

  test('finds what the one before it has written', async () => {
    await host.exec(['sh', '-c', 'echo kept >/tmp/kept']);
    expect((await host.exec(['cat', '/tmp/kept'], { user: 'tester' })).stdout).toBe('kept\n');
  });

  test('can be started, talked to and signalled', async () => {
    const child = host.spawn(['sh', '-c', 'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.05; done']);
    let text = '';
    child.stdout?.on('data', (data: Buffer) => (text += data.toString()));
    await vi.waitFor(() => expect(text).toBe('ready\n'), { timeout: 20_000 });
    process.kill(-child.pid!, 'SIGTERM');
    await once(child, 'close');
    expect(text).toBe('ready\nbye\n');
  });
});

test.skipIf(cannot !== undefined)('a host shows a folder of the machine where it is told to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'host-test-'));
  writeFileSync(join(folder, 'in'), 'from outside');
  const { stdout } = await runInHost(['sh', '-c', 'cat /srv/shared/in; echo from inside >/srv/shared/out'], { binds: [`${folder}:/srv/shared`] });
  expect(stdout).toBe('from outside');
  expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('from inside\n');
  rmSync(folder, { recursive: true });
});

describe.skipIf(cannot !== undefined)('host.mjs as a command', () => {
  async function command(...args: string[]): Promise<{ status: number | null; output: string }> {
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, output };
  }

  test('gives the exit code of the command that it ran', async () => {
    expect(await command('run', '--user', '--cgroups=undelegated', '--', 'sh', '-c', 'id -un; exit 9')).toEqual({ status: 9, output: 'tester\n' });
  });

  test('passes no descriptor on but its input and output', async () => {
    const list = 'for fd in 3 4 5 6 7 8 9; do [ ! -e /proc/self/fd/$fd ] || echo $fd; done; echo end';
    const child = spawn('sh', ['-c', 'exec 9</dev/null; exec "$@"', 'sh', process.execPath, COMMAND, 'run', '--', 'sh', '-c', list], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    await once(child, 'close');
    expect(output).toBe('end\n');
  });

  test('gives 124 when the time is over', async () => {
    expect((await command('run', '--timeout', '1', '--', 'sleep', '1000')).status).toBe(124);
  });

  test('says where the root file system is', async () => {
    expect(await command('path')).toEqual({ status: 0, output: `${hostPath()}\n` });
    expect(statSync(hostPath()).isDirectory()).toBe(true);
  });

  test('says how it is used', async () => {
    expect(await command('run', '--no-such-option', '--', 'true')).toEqual({ status: 2, output: expect.stringContaining("No option '--no-such-option'") });
    expect(await command('run')).toEqual({ status: 2, output: expect.stringContaining('usage:') });
  });
});
