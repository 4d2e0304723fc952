/** That a host ends with whoever started it, and does not disturb another one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { cgroupLayouts, runInHost, startHost, whyNoHost } from './host.mjs';
import { pidNamespace, processes, traces } from './traces.js';

const COMMAND = join(import.meta.dirname, 'host.mjs');
const layouts = cgroupLayouts();

/** A process that starts a host, with something running in it, and then waits for its end. */
async function startCaller(options: object): Promise<{ caller: ReturnType<typeof spawn>; name: string; pid: number }> {
  const script = `
    const { startHost } = await import(${JSON.stringify(COMMAND)});
    const host = await startHost(${JSON.stringify(options)});
    host.spawn(['sh', '-c', 'setsid sleep 1000 & exec sleep 1000'], { user: 'tester' });
    await host.exec(['sh', '-c', 'until pgrep -u tester sleep; do sleep 0.05; done']);
    console.log(JSON.stringify({ name: host.name, pid: host.pid }));`;
  const caller = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(caller.stdout, 'data')) as [Buffer];
  return { caller, ...(JSON.parse(line.toString()) as { name: string; pid: number }) };
}

describe.skipIf(whyNoHost() !== undefined)('the host', () => {
  test('says what is wrong with a bind, and leaves nothing', async () => {
    await expect(startHost({ binds: ['/no/such/folder:/srv'] })).rejects.toThrow('/no/such/folder');
  });

  test('says why systemd and hybrid cgroups do not go together', async () => {
    await expect(startHost({ systemd: true, cgroups: 'hybrid' })).rejects.toThrow(/hybrid/);
  });

  test.each([{ systemd: false }, { systemd: true }])('ends with a caller that is killed: %o', async (options) => {
    const { caller, name, pid } = await startCaller(options);
    const namespace = pidNamespace(pid);
    caller.kill('SIGKILL');
    await vi.waitFor(() => expect(traces(name, namespace)).toEqual([]), { timeout: 20_000 });
  });

  test('ends at once with a supervisor that is killed, and the next host removes its cgroups', async () => {
    const { caller, name, pid } = await startCaller({ cgroups: layouts.hybrid.possible ? 'hybrid' : 'delegated' });
    const namespace = pidNamespace(pid);
    const supervisors = processes(
      (id) => readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('supervise') && readFileSync(`/proc/${id}/environ`, 'utf8').includes(`NAME=${name}`),
    );
    for (const id of supervisors) process.kill(Number(id), 'SIGKILL');
    await vi.waitFor(() => expect(processes((id) => readlinkSync(`/proc/${id}/ns/pid`) === namespace)).toEqual([]), { timeout: 20_000 });
    caller.kill('SIGKILL');
    await runInHost(['true']);
    await vi.waitFor(() => expect(traces(name, namespace)).toEqual([]), { timeout: 20_000 });
  });

  test('does not see or disturb another one beside it', async () => {
    const [one, two] = await Promise.all([startHost(), startHost()]);
    await one.exec(['sh', '-c', 'setsid sleep 1000 >/dev/null 2>&1 & echo mine >/etc/mine']);
    expect((await two.exec(['sh', '-c', 'pgrep sleep; cat /etc/mine'])).stdout).toBe('');
    await one.stop();
    expect((await two.exec(['echo', 'still here'])).stdout).toBe('still here\n');
    await two.stop();
  });
});
