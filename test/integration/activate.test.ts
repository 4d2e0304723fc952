/** `rouse activate` with containers, and beside the real systemd-socket-activate: what one says and does, the other says and does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHost, whyNoHost, type CgroupLayout, type Host } from '../host/host.mjs';

const LAYOUTS: readonly { readonly user: 'root' | 'tester'; readonly cgroups: CgroupLayout }[] = [
  { user: 'root', cgroups: 'delegated' },
  { user: 'tester', cgroups: 'delegated' },
  { user: 'tester', cgroups: 'undelegated' },
];

const ROUSE = 'node /rouse/bin/rouse activate';

describe.skipIf(whyNoHost() !== undefined).each(LAYOUTS)('a container command of $user with $cgroups cgroups', ({ user, cgroups }) => {
  let host: Host;
  const sh = async (script: string): Promise<string> => (await host.exec(['sh', '-c', script], { user, timeoutMs: 60_000 })).stdout.trim();
  const until = async (script: string, wanted: RegExp): Promise<string> => {
    for (const end = Date.now() + 30_000; ;) {
      const answer = await sh(script);
      if (wanted.test(answer) || Date.now() > end) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  /** Starts it in the background, with its lines in ~/NAME.log and its exit code in ~/NAME.code. */
  const activate = async (name: string, args: string): Promise<void> => {
    await sh(`(${ROUSE} ${args} >~/${name}.out 2>~/${name}.log </dev/null; echo $? >~/${name}.code) >/dev/null 2>&1 &`);
    expect(await until(`cat ~/${name}.log`, /Listening on/)).toMatch(/Listening on/);
  };
  const containers = 'podman ps -a --format "{{.Image}}"';

  beforeAll(async () => {
    host = await startHost({ cgroups });
    await host.exec(['sh', '/rouse/test/host/busybox-image.sh'], { user, timeoutMs: 60_000 });
    await sh(
      'mkdir -p ~/image && gcc -O2 -static -o ~/image/once /rouse/bench/echo-once.c && printf "FROM scratch\\nCOPY once /once\\nCMD [\\"/once\\"]\\n" >~/image/Containerfile && podman build -q -t localhost/once ~/image',
    );
  });
  afterAll(() => host.stop());

  it('starts with the first client, without a network, and ends us with its exit code', async () => {
    await activate('plain', '-l 127.0.0.1:8080 podman run --rm --network=none localhost/once');
    expect(await sh(containers)).toBe('');
    expect(Number(await sh('~/image/once 8080'))).toBeGreaterThan(0);
    expect(await until('cat ~/plain.code', /\d/)).toBe('0');
    expect(await sh(containers)).toBe('');
  });

  it('serves several kinds of sockets at descriptors 3, 4 and 5', async () => {
    const look = 'echo "$LISTEN_FDS $LISTEN_FDNAMES"; for fd in 3 4 5; do readlink /proc/self/fd/$fd; done';
    await activate('many', `-l 8081 -l $HOME/many.sock -l @many --fdname=web:path:abstract podman run --rm --network=none localhost/busybox sh -c '${look}'`);
    await sh('socat -u /dev/null unix:$HOME/many.sock');
    expect(await until('cat ~/many.code', /\d/)).toBe('0');
    expect(await sh('cat ~/many.out')).toMatch(/^3 web:path:abstract\nsocket:\[\d+\]\nsocket:\[\d+\]\nsocket:\[\d+\]$/);
  });

  it('runs one container for each connection with --accept, as standard input and output or as descriptor 3', async () => {
    await activate('inetd', '-a --inetd -l 127.0.0.1:8082 podman run --rm -i --network=none localhost/busybox sh -c "read line; echo got \\$line"');
    expect(await sh('echo one | socat -t 30 - tcp:127.0.0.1:8082')).toBe('got one');
    expect(await sh('echo two | socat -t 30 - tcp:127.0.0.1:8082')).toBe('got two');
    await activate('third', "-a -l 127.0.0.1:8083 podman run --rm --network=none localhost/busybox sh -c 'read line <&3; echo fd got $line >&3'");
    expect(await sh('echo one | socat -t 30 - tcp:127.0.0.1:8083')).toBe('fd got one');
    expect(await until(containers, /^$/)).toBe('');
  });

  it('rests with --idle, and comes back for the next client', async () => {
    await activate('idle', '--idle=1s -l 127.0.0.1:8084 podman run --rm --network=none localhost/once /once stay');
    expect(Number(await sh('~/image/once 8084'))).toBeGreaterThan(0);
    expect(await sh(containers)).toBe('localhost/once:latest');
    // The server is process 1 of its container and knows no SIGTERM: what is left is killed after ten seconds.
    expect(await until('cat ~/idle.log', /died with code/)).toMatch(/Nobody was connected for 1s, ending PID \d+\.\nChild \d+ died with code/);
    expect(await until(containers, /^$/)).toBe('');
    expect(Number(await sh('~/image/once 8084'))).toBeGreaterThan(0);
  });
});

/** [what is run, a client's address]. Each runs for a moment with both programs. */
const CASES: readonly (readonly [string, string?])[] = [
  ['-l foo true'],
  ['-l 0 true'],
  ['-l 70000 true'],
  ['-l -1 true'],
  ["-l '' true"],
  ['-l 127.0.0.1:99999 true'],
  ["-l '[::1' true"],
  ['-l ::1 true'],
  ['-l localhost:80 true'],
  ['-l vsock:3:x true'],
  ['-l vsock:4294967296:1 true'],
  ['-l @ true'],
  ['-l / true'],
  [`-l /${'a'.repeat(120)} true`],
  ['-l 10.9.9.9:55 true'],
  ['-d -l vsock::44 true'],
  ['--seqpacket -l 8091 true'],
  ['-l 8091 -l 8091 true'],
  ['-l 127.0.0.1:8091 true'],
  ["-l '[::1]:8091' true"],
  ['-l 0x1F9B true'],
  ['-l vsock::8091 true'],
  ['-l vsock:4294967295:8092 true'],
  ["-l '@a b' true"],
  ['-l /tmp/new/folder/socket true'],
  ['-d -l 8091 true'],
  ['--seqpacket -l /tmp/packets true'],
  ['-l 8091 --fdname=a:b:c -l /tmp/x sh -c "echo \\$LISTEN_FDNAMES; exit 7"', 'tcp:127.0.0.1:8091'],
  ['-l 8091 --fdname=a -l /tmp/x sh -c "echo \\$LISTEN_FDNAMES"', 'unix:/tmp/x'],
  ["-l 8091 --fdname=$'a\\tb' true"],
  ['-l 8091 -E A=1 -E HOME -E NOT_SET -E A=2 -E TERM=dumb env', 'tcp:127.0.0.1:8091'],
  ['-l 8091 --inetd sh -c "echo hi; echo there >&2"', 'tcp:127.0.0.1:8091'],
  ['-l 8091 -l 8092 --inetd true', 'tcp:127.0.0.1:8092'],
  ['-l 8091 no-such-program a "b  c"', 'tcp:127.0.0.1:8091'],
  ['-l 8091 /etc/passwd', 'tcp:127.0.0.1:8091'],
  ['-a -l 8091 no-such-program', 'tcp:127.0.0.1:8091'],
  ['-a -l /tmp/x --inetd sh -c "echo hi; exit 3"', 'unix:/tmp/x'],
  ["-a -l '[::1]:8091' sh -c 'echo $LISTEN_FDS >&3; kill -9 $$'", 'tcp:[::1]:8091'],
  ['-a -l 8091 true', 'tcp:127.0.0.1:8091'],
  ['-d -l 127.0.0.1:8091 sh -c "exit 4"', 'udp:127.0.0.1:8091'],
  ['-a -d -l 8091 true'],
  ['-d --seqpacket -l 8091 true'],
  ['--seqpacket -d -l 8091 true'],
  [''],
  ['true'],
  ['-l 8091'],
  ['-l'],
  ['--listen'],
  ['--bogus true'],
  ['-x true'],
  ['--inetd=yes true'],
  ["-E 'a b' -l 8091 true"],
  ['--lis=8091 true'],
  ['--version --bogus'],
];

/** What differs from run to run, and the program's name. */
function comparable(text: string): string {
  return (
    text
      .replaceAll('rouse activate:', 'systemd-socket-activate:')
      .replaceAll(/(PID |Child |LISTEN_PID=|127\.0\.0\.1:|\[::1\]:)\d+(?!\d* as)/g, '$1N')
      .split('\n')
      .filter((line) => !/^(systemd|rouse|[+]PAM)/.test(line))
      // Parent and child write at the same time there.
      .toSorted()
      .join('\n')
  );
}

describe.skipIf(whyNoHost() !== undefined)('beside systemd-socket-activate', () => {
  let host: Host;
  beforeAll(async () => {
    host = await startHost();
  });
  afterAll(() => host.stop());

  const run = async (program: string, args: string, client: string | undefined): Promise<string> => {
    const ask =
      client === undefined ? '' : `for i in $(seq 100); do grep -q Listening /tmp/log && break; sleep 0.05; done; echo x | socat -t 2 - ${client} >>/tmp/client 2>/dev/null;`;
    const end = client === undefined ? 'for i in $(seq 60); do [ -s /tmp/log ] && break; sleep 0.05; done; sleep 0.1;' : 'sleep 0.4;';
    const script = `rm -rf /tmp/*; cd /tmp; ${program} ${args} </dev/null >/tmp/out 2>/tmp/log & pid=$!; ${ask} ${end} kill $pid 2>/dev/null; wait $pid; echo "code $?"; cat /tmp/out /tmp/client 2>/dev/null; cat /tmp/log`;
    const { stdout } = await host.exec(['bash', '-c', script], { timeoutMs: 30_000, env: { SHELL: '', OLDPWD: '' } });
    return comparable(stdout);
  };

  it.each(CASES.map(([args, client]) => ({ args, client })))('$args', async ({ args, client }) => {
    expect(await run(ROUSE, args, client)).toBe(await run('systemd-socket-activate', args, client));
  });
});
