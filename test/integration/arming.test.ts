/** Armed containers: prepared before anybody connects, let go by the first client, and never in the way. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHost, whyNoHost, type CgroupLayout, type Host } from '../host/host.mjs';

const LAYOUTS: readonly { readonly user: 'root' | 'tester'; readonly cgroups: CgroupLayout }[] = [
  { user: 'root', cgroups: 'delegated' },
  { user: 'tester', cgroups: 'delegated' },
  { user: 'tester', cgroups: 'undelegated' },
];

const SOCKET = '[Socket]\nListenStream=127.0.0.1:4321\nTriggerLimitBurst=0\n';
const CONTAINER = '[Unit]\nStartLimitIntervalSec=0\nRequires=box.socket\nAfter=box.socket\n[Container]\nImage=localhost/once\nNetwork=none\nStopTimeout=1\n';

describe.skipIf(whyNoHost() !== undefined).each(LAYOUTS)('an armed container of $user with $cgroups cgroups', ({ user, cgroups }) => {
  let host: Host;
  const sh = async (script: string): Promise<string> => (await host.exec(['sh', '-c', `. ~/env; ${script}`], { user, timeoutMs: 30_000 })).stdout.trim();
  const rouse = (args: string): Promise<string> => sh(`node /rouse/bin/rouse ${args}`);
  const container = async (): Promise<string> => / Arm: (.*)/.exec(await rouse('status box.service'))?.[1] ?? '';
  const until = async (wanted: RegExp, ask: () => Promise<string>): Promise<string> => {
    for (const end = Date.now() + 20_000; ;) {
      const answer = await ask();
      if (wanted.test(answer) || Date.now() > end) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  beforeAll(async () => {
    host = await startHost({ cgroups });
    const units = `printf '${SOCKET.replaceAll('\n', '\\n')}' > ~/units/box.socket; printf '${CONTAINER.replaceAll('\n', '\\n')}' > ~/units/box.container`;
    const image =
      'gcc -O2 -static -o ~/image/once /rouse/bench/echo-once.c; printf "FROM scratch\\nCOPY once /once\\nCMD [\\"/once\\"]\\n" > ~/image/Containerfile; podman build -q -t localhost/once ~/image';
    await host.exec(
      ['sh', '-c', `mkdir -p ~/units ~/image; echo 'export ROUSE_UNIT_PATH=$HOME/units SYSTEMD_UNIT_PATH=/none QUADLET_UNIT_DIRS=/none' > ~/env; ${units}; ${image}`],
      { user, timeoutMs: 60_000 },
    );
    await rouse('start box.socket');
  });
  afterAll(() => host.stop());

  it('waits before exec while nobody is connected', async () => {
    expect(await until(/^armed/, container)).toMatch(/^armed \(process \d+ waits before exec\)$/);
    expect(await sh('podman ps -a --format "{{.Names}} {{.Status}}"')).toBe('systemd-box Initialized');
    expect(await rouse('is-active box.service')).toBe('inactive');
  });

  it('serves the first client, and is armed again when it has ended', async () => {
    expect(Number(await sh('~/image/once 4321'))).toBeGreaterThan(0);
    expect(await until(/^armed/, container)).toMatch(/^armed/);
    expect(Number(await sh('~/image/once 4321'))).toBeGreaterThan(0);
    expect(await rouse('show box.service -p Result --value')).toBe('success');
  });

  it('makes way for an ordinary start when somebody removed it', async () => {
    await until(/^armed/, container);
    await sh('podman rm -f systemd-box');
    expect(await until(/^not armed/, container)).toBe('not armed: Somebody removed it');
    expect(Number(await sh('~/image/once 4321'))).toBeGreaterThan(0);
    expect(await until(/^armed/, container)).toMatch(/^armed/);
  });

  it('that cannot be made at once makes way for an ordinary start, too', async () => {
    const armed = `${user === 'root' ? '/run' : '$XDG_RUNTIME_DIR'}/rouse/armed`;
    await until(/^armed/, container);
    await rouse('stop box.socket');
    await sh(`rm -rf ${armed}; touch ${armed}`);
    await rouse('start box.socket');
    expect(await until(/^not armed/, container)).toMatch(/^not armed: .*EEXIST/);
    expect(Number(await sh('~/image/once 4321'))).toBeGreaterThan(0);
    await sh(`rm ${armed}`);
    expect(await until(/^armed/, container)).toMatch(/^armed/);
  });

  it('is known to podman as running when it serves', async () => {
    await until(/^armed/, container);
    await rouse('start box.service');
    expect(await until(/^systemd-box Up/, () => sh('podman ps --format "{{.Names}} {{.Status}}"'))).toMatch(/^systemd-box Up/);
    await rouse('stop box.service');
    expect(await until(/^armed/, container)).toMatch(/^armed/);
  });

  it('is ended by the next manager when its own was killed', async () => {
    await until(/^armed/, container);
    await sh('kill -9 $(node /rouse/bin/rouse status --json | sed -n \'s/.*"pid": \\([0-9]*\\).*/\\1/p\')');
    await rouse('start box.socket');
    expect(await rouse('is-active box.socket')).toBe('active');
    expect(Number(await sh('~/image/once 4321'))).toBeGreaterThan(0);
  });

  it('goes with its socket, and leaves nothing behind', async () => {
    await until(/^armed/, container);
    await rouse('stop box.socket');
    expect(await until(/^$/, () => sh('podman ps -a --format "{{.Names}}"'))).toBe('');
    await rouse('exit');
    expect(await sh('pgrep -x conmon || true')).toBe('');
  });
});
