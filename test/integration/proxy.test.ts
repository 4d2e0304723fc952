/** `rouse proxy` as a service between a socket unit and a server that takes none: the units of systemd-socket-proxyd(8), with both managers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHost, whyNoHost, type Host } from '../host/host.mjs';

const PROXY = '/rouse/bin/rouse proxy';

/** A web server that listens at 127.0.0.1:8080 alone, a while after it was started, and leaves when it is not needed. */
const UNITS: Readonly<Record<string, string>> = {
  'front.socket': '[Socket]\nListenStream=127.0.0.1:8000\n[Install]\nWantedBy=sockets.target\n',
  'front.service': `[Unit]\nRequires=web.service front.socket\nAfter=web.service front.socket\n[Service]\nType=notify\nExecStart=${PROXY} --exit-idle-time=1s 127.0.0.1:8080\n`,
  'web.service': '[Unit]\nStopWhenUnneeded=yes\n[Service]\nExecStart=/bin/sh -c "sleep 1; exec busybox httpd -f -p 127.0.0.1:8080 -h /tmp/www"\n',
  'dns.socket': '[Socket]\nListenDatagram=127.0.0.1:8001\n',
  'dns.service': `[Unit]\nRequires=dns.socket\n[Service]\nType=notify\nExecStart=${PROXY} --exit-idle-time=1s --session-timeout=1s 127.0.0.1:8081\n`,
  'each.socket': '[Socket]\nListenStream=127.0.0.1:8002\nAccept=yes\n',
  'each@.service': `[Unit]\nRequires=web.service\nAfter=web.service\n[Service]\nExecStart=${PROXY} 127.0.0.1:8080\n`,
};

const MANAGERS = [
  { name: 'systemd', systemd: true, folder: '/etc/systemd/system', command: 'systemctl', load: 'systemctl daemon-reload' },
  { name: 'rouse', systemd: false, folder: '/etc/rouse', command: 'node /rouse/bin/rouse', load: 'true' },
];

describe.skipIf(whyNoHost() !== undefined).each(MANAGERS)('as a service of $name', ({ systemd, folder, command, load }) => {
  let host: Host;
  const sh = async (script: string): Promise<string> => (await host.exec(['bash', '-c', script], { timeoutMs: 60_000 })).stdout.trim();
  const until = async (script: string, wanted: string): Promise<string> => {
    for (const end = Date.now() + 30_000; ;) {
      const answer = await sh(script);
      if (answer === wanted || Date.now() > end) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  beforeAll(async () => {
    host = await startHost({ systemd, env: { ROUSE_UNIT_PATH: '/etc/rouse', SYSTEMD_UNIT_PATH: '/none', QUADLET_UNIT_DIRS: '/none' } });
    await sh(`mkdir -p ${folder} /tmp/www; echo hello >/tmp/www/index.html`);
    for (const [name, text] of Object.entries(UNITS)) await host.exec(['tee', `${folder}/${name}`], { input: text });
    await sh(load);
    await sh(`${command} start front.socket dns.socket each.socket`);
  });
  afterAll(() => host.stop());

  const get = 'printf "GET /index.html HTTP/1.0\\r\\n\\r\\n" | socat -t 30 - tcp:127.0.0.1:8000 | tail -1';

  it('serves the first client, for whom the server was started and does not listen yet', async () => {
    expect(await sh(get)).toBe('hello');
    expect(await sh(`${command} is-active web.service`)).toBe('active');
  });

  it('leaves when nobody is connected, and the server with it; the next client brings both back', async () => {
    expect(await until(`${command} is-active front.service`, 'inactive')).toBe('inactive');
    expect(await until(`${command} is-active web.service`, 'inactive')).toBe('inactive');
    expect(await sh(get)).toBe('hello');
  });

  it('takes a connection that the manager accepted', async () => {
    expect(await sh(get.replace('8000', '8002'))).toBe('hello');
  });

  it('passes datagrams on, the first of which comes before the server', async () => {
    await sh('(sleep 0.5; exec timeout 20 socat udp-recvfrom:8081,bind=127.0.0.1,fork exec:cat) >/dev/null 2>&1 &');
    expect(await sh('echo question | timeout 10 socat -T 3 -t 3 - udp:127.0.0.1:8001')).toBe('question');
    expect(await until(`${command} is-active dns.service`, 'inactive')).toBe('inactive');
  });
});

describe.skipIf(whyNoHost() !== undefined)('on a bad day', () => {
  let host: Host;
  const sh = async (script: string): Promise<string> => (await host.exec(['bash', '-c', script], { timeoutMs: 60_000 })).stdout.trim();
  beforeAll(async () => {
    host = await startHost();
    await sh('gcc -O2 -pthread -o /tmp/load /rouse/bench/proxy-load.c');
  });
  afterAll(() => host.stop());
  const ready = 'for i in $(seq 200); do pgrep rouse-proxy >/dev/null && break; sleep 0.05; done';

  it('two thousand clients come before the server does, and all are served', async () => {
    const script = `ulimit -n 20000; ${PROXY} -l 127.0.0.1:9000 127.0.0.1:9001 2>/tmp/log & proxy=$!; ${ready}
      node -e "
        const { connect } = require('net'); let served = 0;
        for (let i = 0; i < 2000; i++) connect(9000, '127.0.0.1', function () { this.end(String(i)); }).on('data', () => served++).on('error', () => 0).on('close', () => 0);
        process.on('exit', () => console.log(served));" & client=$!
      sleep 1; timeout 50 /tmp/load echo 9001 & wait $client; grep VmHWM /proc/$proxy/status; kill $proxy %%; wait; cat /tmp/log`;
    const [served, memory, ...log] = (await sh(script)).split('\n');
    expect(served).toBe('2000');
    expect(log).toEqual([]);
    expect(Number(/(\d+) kB/.exec(memory ?? '')?.[1])).toBeLessThan(4000);
  });

  it('a host that moved to another address is found there', async () => {
    const server = (host: string): string => `socat tcp-listen:9002,bind=${host},reuseaddr,fork exec:"echo ${host}" & server=$!`;
    const script = `echo 127.0.0.2 moving.test >>/etc/hosts; ${server('127.0.0.2')}; ${PROXY} -l 127.0.0.1:9003 moving.test:9002 & proxy=$!; ${ready}
      socat -u tcp:127.0.0.1:9003 -; kill $server; sed 's/127.0.0.2 moving/127.0.0.3 moving/' /etc/hosts >/tmp/hosts; cat /tmp/hosts >/etc/hosts
      ${server('127.0.0.3')}; socat -u tcp:127.0.0.1:9003 -; kill $server $proxy; wait`;
    expect(await sh(script)).toBe('127.0.0.2\n127.0.0.3');
  });
});
