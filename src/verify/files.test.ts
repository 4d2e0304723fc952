import { describe, expect, test } from 'vitest';
import { lineOf, verifyTexts, type Setting, type Texts } from './testing/verify-texts.js';

const C = '[Container]\nImage=quay.io/x/y:1\n';
const S = '[Service]\nExecStart=/bin/sh\n';

function found(files: Texts, setting?: Setting): readonly string[] {
  return verifyTexts(files, setting)
    .filter(({ severity }) => severity !== 'info')
    .map(lineOf);
}

describe('files that are verified', () => {
  test('find each other, then their neighbours, then the search path', () => {
    const files = {
      'a/web.socket': '[Socket]\nListenStream=80\n',
      'b/web.container': `${C}Volume=data.volume:/data\nNetwork=net.network\n`,
      'b/data.volume': '[Volume]\n',
      'path/sub/net.network': '[Network]\n',
    };
    expect(found(files, { named: ['a/web.socket', 'b/web.container'] })).toEqual([]);
    expect(found(files, { named: ['a/web.socket'] })).toEqual(['a/web.socket:1:1 error socket-without-service: There is no web.service: whoever connects waits for nothing']);
  });

  test('count before those of the search path with the same name', () => {
    const files = { 'web.socket': '[Socket]\nListenStream=80\n', 'web.container': C, 'path/web.service': `${S}Type=oneshot\n` };
    expect(found(files, { named: ['web.socket', 'path/web.service'] })).toEqual([expect.stringContaining('oneshot-behind-socket')]);
    expect(found({ ...files, 'path/web.container': '[Container]\n', 'path/web.service': '' }, { named: ['web.socket', 'web.container'] })).toEqual([
      expect.stringContaining('There is a unit file web.service as well'),
    ]);
  });

  test('may have one name in several folders', () => {
    const files = { 'a/web.container': `${C}Imag=x\n`, 'b/web.container': `${C}Imag=y\n`, 'b/data.volume': '[Volume]\nDriver=image\n' };
    expect(found(files, { named: ['a', 'b'] })).toEqual([
      "a/web.container:3:1 error unknown-key: Unknown key 'Imag' in section [Container], refusing to load",
      'b/data.volume:2:8 error refused: The key Image is mandatory when using the image driver, refusing to load',
      "b/web.container:3:1 error unknown-key: Unknown key 'Imag' in section [Container], refusing to load",
    ]);
  });

  test('have their drop-ins, from beside them and from the search path', () => {
    const files = {
      'web.container': C,
      'web.container.d/10.conf': '[Container]\nHostNam=a\n',
      'path/container.d/20.conf': '[Container]\nMemry=1g\n',
      'web.socket': '[Socket]\nListenStream=80\n',
      'path/web.socket.d/10.conf': '[Socket]\nBaklog=1\n',
    };
    expect(found(files).filter((line) => line.includes('unknown-key'))).toEqual([
      "path/web.socket.d/10.conf:2:1 warning unknown-key: Unknown key 'Baklog' in section [Socket], ignoring",
      "web.container.d/10.conf:2:1 error unknown-key: Unknown key 'HostNam' in section [Container], refusing to load",
      "path/container.d/20.conf:2:1 error unknown-key: Unknown key 'Memry' in section [Container], refusing to load",
    ]);
  });

  test('may be drop-ins: then nothing else is reported', () => {
    const files = {
      'web.container': `${C}Bad=1\n`,
      'web.container.d/10.conf': '[Container]\nHostNam=a\n',
      'service.d/10.conf': '[Service]\nRestrat=no\n',
      'gone.container.d/10.conf': '[Container]\nImge=x\nPublishPort=x\n',
    };
    expect(found(files, { named: ['web.container.d/10.conf'] })).toEqual([
      "web.container.d/10.conf:2:1 error unknown-key: Unknown key 'HostNam' in section [Container], refusing to load",
    ]);
    expect(found(files, { named: ['service.d/10.conf'] })).toEqual(["service.d/10.conf:2:1 warning unknown-key: Unknown key 'Restrat' in section [Service], ignoring"]);
    expect(found(files, { named: ['gone.container.d/10.conf'] })).toEqual([
      "gone.container.d/10.conf:2:1 error unknown-key: Unknown key 'Imge' in section [Container], refusing to load",
      expect.stringContaining('gone.container.d/10.conf:3:13 error publish-port'),
    ]);
  });

  test('may be named by their names on the search path', () => {
    const files = { 'path/web.container': `${C}Bad=1\n`, 'path/web.socket': '[Socket]\nBad=1\n' };
    expect(found(files, { named: ['web.container', 'web.socket'] }).map((line) => line.split(' ')[0])).toEqual([
      'path/web.socket:1:1',
      'path/web.socket:2:1',
      'path/web.container:3:1',
    ]);
  });

  test('that are not there are said to be missing, and the others are verified', () => {
    expect(found({ 'web.container': `${C}Bad=1\n` }, { named: ['gone.container', './x/gone.socket', 'web.container'] })).toEqual([
      'gone.container:0:- error unreadable: There is no such file, leaving it out',
      'x/gone.socket:0:- error unreadable: There is no such file, leaving it out',
      "web.container:3:1 error unknown-key: Unknown key 'Bad' in section [Container], refusing to load",
    ]);
  });

  test('are all those of the search path with --all, links once', () => {
    const files = { 'path/web.container': `${C}Bad=1\n`, 'path/sub/b.container': '[Container]\n', 'path/web.socket': '[Socket]\nListenStream=80\nBad=1\n' };
    expect(found(files, { named: [] }).map((line) => line.split(' ')[0])).toEqual(['path/web.socket:3:1', 'path/web.container:3:1', 'path/sub/b.container:1:1']);
  });

  test('for another host are judged by nothing of this one', () => {
    const files = {
      'a.service': '[Unit]\nRequires=gone.service\n[Service]\nExecStart=/no/such/program\nUser=nobody-here\n',
      'web.container': `${C}Volume=/no/such/folder:/x\n[Install]\nWantedBy=some.service\n`,
    };
    expect(found(files, { host: false })).toEqual([]);
    expect(found(files)).toHaveLength(5);
  });

  test('that rouse cannot run say so', () => {
    expect(found({ 'a.timer': '[Timer]\n' }, { named: ['a.timer'] })).toEqual(["a.timer:0:- error unknown-type: 'a.timer' is not a unit that rouse can run, refusing to load"]);
  });
});

describe('what the readers say', () => {
  const read = (files: Texts): readonly string[] =>
    verifyTexts(files).flatMap(({ hint, ...each }) => (each.severity === 'info' ? [] : [`${lineOf({ ...each })}${hint === undefined ? '' : ` | ${hint}`}`]));

  test('has columns, a sentence, what happens next, and a hint', () => {
    const files = {
      'web.container': '[Container]\nImage=quay.io/x/y:1\nGroup=5\nwhat\n[Service]\nRestart= alwys\n',
      'web.socket': '[Socket]\nListenStream=80\n  ListenStream = nowhere\n',
    };
    expect(read(files)).toEqual([
      'web.socket:1:1 error socket-without-service: web.service, which web.container should make, does not load: whoever connects waits for nothing | rouse verify web.container says why',
      "web.socket:3:18 warning bad-value: Failed to parse ListenStream=, ignoring: 'nowhere' is not a port from 1 to 65535, an address and port such as 127.0.0.1:80 or [::1]:80, an absolute path, @name, or vsock:CID:PORT",
      'web.container:3:7 error refused: Invalid Group set without User, refusing to load | set User= as well, or write User=UID:GID',
      "web.container:4:1 error invalid-line: Missing '=' in 'what', refusing to load | a line is `Key=value`, `[Section]`, or a comment that begins with `#`",
      "web.container:6:10 warning bad-value: Failed to parse Restart=, ignoring: 'alwys' is not no, on-success, on-failure, on-abnormal, on-watchdog, on-abort or always",
    ]);
  });

  test('of a path that is too long for a socket, and of a command that Quadlet generated, is at the line that made it', () => {
    const files = { 'web.socket': `[Socket]\nListenStream=/run/${'x'.repeat(110)}\nListenStream=80\n`, 'web.container': `${C}[Service]\nTimeoutStartSec=soon\n` };
    expect(read(files)).toEqual([
      expect.stringMatching(/^web\.socket:2:14 warning bad-value: Failed to parse ListenStream=, ignoring: '.*' is not a path of at most 107 bytes/),
      "web.container:4:17 warning bad-value: Failed to parse TimeoutStartSec=, ignoring: 'soon' is not a time such as 90, 500ms, 5min 20s or infinity",
    ]);
  });
});
