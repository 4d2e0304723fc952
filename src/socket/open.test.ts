import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Fd } from '../sys/fd.js';
import * as so from '../sys/socket.js';
import { asNobody, canBecomeNobody } from '../sys/testing/as-nobody.js';
import type { SocketConfig } from '../unit/config.js';
import { socketUnit } from '../unit/testing/load-text.js';
import { ListenError, openListen, type OpenContext } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-open-'));
afterAll(() => rmSync(folder, { recursive: true }));
const isRoot = process.getuid?.() === 0;
const context: OpenContext = { resolveUser: (name) => ({ uid: Number(name), gid: 4321 }), resolveGroup: (name) => ({ gid: Number(name) }) };
const path = (name: string): string => join(folder, name);

interface Opened {
  readonly fd: Fd;
  readonly warnings: readonly string[];
  readonly config: SocketConfig;
}

/** Opens the first Listen…= of a unit, lends it, and closes it again. */
function withOpened<T>(lines: string, use: (opened: Opened) => T): T {
  const config = socketUnit(lines);
  const listen = config.listen[0] ?? expect.unreachable();
  const opened = openListen(listen, config, context);
  try {
    return use({ ...opened, config });
  } finally {
    opened.fd.close();
  }
}

function failure(lines: string): ListenError {
  try {
    withOpened(lines, () => undefined);
  } catch (error) {
    if (error instanceof ListenError) return error;
    throw error;
  }
  return expect.unreachable();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const port = await freePort();
/** Whether the kernel has such sockets; where it has not, what needs them has nothing to try. */
const has = (family: so.SocketFamily): boolean => {
  try {
    so.socket(family, 'stream').close();
    return family !== 'inet6' || existsSync('/proc/net/if_inet6');
  } catch {
    return false;
  }
};

describe('a socket is opened', () => {
  const TABLE: readonly (readonly [line: string, family: so.SocketFamily, type: number, name: unknown])[] = [
    [`ListenStream=127.0.0.1:${port}`, 'inet', 1, { family: 'inet', host: '127.0.0.1', port }],
    [`ListenDatagram=127.0.0.1:${port}`, 'inet', 2, { family: 'inet', host: '127.0.0.1', port }],
    [`ListenStream=[::1]:${port}`, 'inet6', 1, { family: 'inet6', host: '::1', port, scopeId: 0 }],
    [`ListenDatagram=[::1]:${port}`, 'inet6', 2, { family: 'inet6', host: '::1', port, scopeId: 0 }],
    [`ListenStream=${port}`, 'inet6', 1, { family: 'inet6', host: '::', port, scopeId: 0 }],
    [`ListenStream=${path('stream')}`, 'unix', 1, { family: 'unix', path: path('stream') }],
    [`ListenDatagram=${path('datagram')}`, 'unix', 2, { family: 'unix', path: path('datagram') }],
    [`ListenSequentialPacket=${path('seqpacket')}`, 'unix', 5, { family: 'unix', path: path('seqpacket') }],
    [`ListenStream=@rouse-open-${process.pid}`, 'unix', 1, { family: 'abstract', name: `rouse-open-${process.pid}` }],
    [`ListenSequentialPacket=@rouse-open-${process.pid}-s`, 'unix', 5, { family: 'abstract', name: `rouse-open-${process.pid}-s` }],
    [`ListenStream=vsock::${port}`, 'vsock', 1, { family: 'vsock', cid: 4294967295, port }],
  ];

  it.each(TABLE.filter(([, family]) => has(family)))('with %s', (line, _, type, name) => {
    withOpened(line, ({ fd, warnings }) => {
      expect(so.getsockname(fd)).toEqual(name);
      expect(so.getsockopt(fd, so.SOL_SOCKET, so.SO_TYPE)).toBe(type);
      expect(so.getsockopt(fd, so.SOL_SOCKET, so.SO_ACCEPTCONN)).toBe(type === 2 ? 0 : 1);
      expect(warnings).toEqual([]);
      expect(readFileSync(`/proc/self/fdinfo/${fd.number}`, 'utf8')).toMatch(/^flags:\s*0?200400[02]$/m);
    });
  });

  it.runIf(has('inet6'))('for IPv4 too, unless BindIPv6Only= says otherwise', async () => {
    const answers = (lines: string): Promise<boolean> =>
      withOpened(lines, ({ fd }) => {
        const client = createConnection(port, '127.0.0.1');
        const kept = fd.dup();
        return new Promise<boolean>((resolve) => client.once('connect', () => resolve(true)).once('error', () => resolve(false))).finally(() => (client.destroy(), kept.close()));
      });
    const usual = readFileSync('/proc/sys/net/ipv6/bindv6only', 'utf8').trim() === '0';
    expect(await answers(`ListenStream=${port}`)).toBe(usual);
    expect(await answers(`ListenStream=[::]:${port}`)).toBe(usual);
    expect(await answers(`ListenStream=[::]:${port}\nBindIPv6Only=both`)).toBe(true);
    expect(await answers(`ListenStream=${port}\nBindIPv6Only=ipv6-only`)).toBe(false);
  });

  it('with the queue that Backlog= asks for', () => {
    // struct tcp_info: of a socket that listens, tcpi_sacked is the bound of its queue.
    const TCP_INFO = 11;
    withOpened(`ListenStream=127.0.0.1:${port}\nBacklog=3`, ({ fd }) => expect(so.getOptionBytes(fd, so.IPPROTO_TCP, TCP_INFO, 32)?.readUInt32LE(28)).toBe(3));
  });
});

describe('options', () => {
  const NAMES = new Map(Object.entries(so).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value] as const] : [])));
  const TABLE: readonly (readonly [line: string, level: number, name: string, value: number])[] = [
    ['', so.SOL_SOCKET, 'SO_REUSEADDR', 1],
    ['KeepAlive=yes', so.SOL_SOCKET, 'SO_KEEPALIVE', 1],
    ['KeepAliveTimeSec=10', so.IPPROTO_TCP, 'TCP_KEEPIDLE', 10],
    ['KeepAliveIntervalSec=3', so.IPPROTO_TCP, 'TCP_KEEPINTVL', 3],
    ['KeepAliveProbes=4', so.IPPROTO_TCP, 'TCP_KEEPCNT', 4],
    ['NoDelay=yes', so.IPPROTO_TCP, 'TCP_NODELAY', 1],
    ['ReusePort=yes', so.SOL_SOCKET, 'SO_REUSEPORT', 1],
    ['FreeBind=yes', so.IPPROTO_IP, 'IP_FREEBIND', 1],
    ['Broadcast=yes', so.SOL_SOCKET, 'SO_BROADCAST', 1],
    ['Priority=3', so.SOL_SOCKET, 'SO_PRIORITY', 3],
    ['ReceiveBuffer=64K', so.SOL_SOCKET, 'SO_RCVBUF', 131072],
    ['SendBuffer=64K', so.SOL_SOCKET, 'SO_SNDBUF', 131072],
    ['IPTOS=low-delay', so.IPPROTO_IP, 'IP_TOS', 16],
    ['IPTTL=9', so.IPPROTO_IP, 'IP_TTL', 9],
    ['PassPacketInfo=yes', so.IPPROTO_IP, 'IP_PKTINFO', 1],
    ['Timestamping=us', so.SOL_SOCKET, 'SO_TIMESTAMP', 1],
    ['Timestamping=ns', so.SOL_SOCKET, 'SO_TIMESTAMPNS', 1],
    // In so many tries does the kernel wait that long.
    ['DeferAcceptSec=3', so.IPPROTO_TCP, 'TCP_DEFER_ACCEPT', 3],
    ...(isRoot
      ? ([
          ['Mark=17', so.SOL_SOCKET, 'SO_MARK', 17],
          ['Transparent=yes', so.IPPROTO_IP, 'IP_TRANSPARENT', 1],
        ] as const)
      : []),
  ];

  it.each(TABLE)('%s is set', (line, level, name, value) => {
    withOpened(`ListenStream=127.0.0.1:${port}\n${line}`, ({ fd, warnings }) => {
      expect(warnings).toEqual([]);
      expect(so.getsockopt(fd, level, NAMES.get(name) ?? expect.unreachable())).toBe(value);
    });
  });

  it.each([
    ['TCPCongestion=reno', so.IPPROTO_TCP, so.TCP_CONGESTION, 'reno'],
    ['BindToDevice=lo', so.SOL_SOCKET, so.SO_BINDTODEVICE, 'lo'],
  ])('%s is set', (line, level, name, value) => {
    withOpened(`ListenStream=127.0.0.1:${port}\n${line}`, ({ fd, warnings }) => {
      expect([warnings, so.getOptionBytes(fd, level, name, 64)?.toString().replace(/\0.*$/, '')]).toEqual([[], value]);
    });
  });

  it('BindToDevice= that cannot be had is an error: all interfaces are not what was asked for', () => {
    expect(failure(`ListenStream=127.0.0.1:${port}\nBindToDevice=nosuch0`).message).toMatch(
      /^Failed to listen on '127\.0\.0\.1:\d+': BindToDevice=nosuch0: setsockopt: .* \(ENODEV\)$/,
    );
  });

  it('SocketProtocol= chooses the protocol, where the kernel has it', () => {
    const protocol = (lines: string): number | string => {
      try {
        return withOpened(lines, ({ fd }) => so.getsockopt(fd, so.SOL_SOCKET, so.SO_PROTOCOL));
      } catch (error) {
        return (error as ListenError).hint ?? '';
      }
    };
    const without = /SocketProtocol=/;
    expect(String(protocol(`ListenStream=127.0.0.1:${port}\nSocketProtocol=mptcp`))).toMatch(new RegExp(`^262$|${without.source}`));
    expect(String(protocol(`ListenStream=127.0.0.1:${port}\nSocketProtocol=sctp`))).toMatch(new RegExp(`^132$|${without.source}`));
    expect(String(protocol(`ListenDatagram=127.0.0.1:${port}\nSocketProtocol=udplite`))).toMatch(new RegExp(`^136$|${without.source}`));
  });

  it('a buffer that the kernel bounds is said', async () => {
    if (!canBecomeNobody) return;
    const wanted = Number(readFileSync('/proc/sys/net/core/wmem_max', 'utf8')) * 2;
    const warnings = await asNobody(() => withOpened(`ListenStream=127.0.0.1:${port}\nSendBuffer=${wanted}`, (opened) => opened.warnings));
    expect(warnings).toEqual([`Failed to set SendBuffer= to ${wanted}, using ${wanted / 2}: net.core.wmem_max allows no more`]);
  });

  it('AcceptFileDescriptors=no is set, or said to be unknown to the kernel', () => {
    withOpened(`ListenDatagram=${path('rights')}\nAcceptFileDescriptors=no`, ({ fd, warnings }) => {
      const known = so.getOptionBytes(fd, so.SOL_SOCKET, so.SO_PASSRIGHTS, 4)?.readInt32LE();
      expect(known === undefined ? warnings : [known]).toEqual(known === undefined ? [expect.stringContaining('AcceptFileDescriptors=')] : [0]);
    });
  });

  it.each([
    ['PassCredentials=yes', so.SO_PASSCRED],
    ['PassSecurity=yes', so.SO_PASSSEC],
  ])('%s is set on a Unix socket', (line, name) => {
    withOpened(`ListenDatagram=${path('pass')}\n${line}`, ({ fd, warnings }) => {
      expect(warnings).toEqual([]);
      expect(so.getsockopt(fd, so.SOL_SOCKET, name)).toBe(1);
    });
  });

  it.runIf(has('inet6'))('of IPv6 are set there', () => {
    withOpened(`ListenStream=[::1]:${port}\nIPTTL=9\nPassPacketInfo=yes\nFreeBind=yes`, ({ fd, warnings }) => {
      expect(warnings).toEqual([]);
      expect(so.getsockopt(fd, so.IPPROTO_IPV6, so.IPV6_UNICAST_HOPS)).toBe(9);
      expect(so.getsockopt(fd, so.IPPROTO_IPV6, so.IPV6_RECVPKTINFO)).toBe(1);
    });
  });

  it('of TCP/IP are no concern of a Unix socket', () => {
    withOpened(`ListenStream=${path('plain')}\nNoDelay=yes\nKeepAlive=yes\nIPTOS=5\nFreeBind=yes`, ({ warnings }) => expect(warnings).toEqual([]));
  });

  it('that the kernel refuses are warnings', () => {
    withOpened(`ListenDatagram=127.0.0.1:${port}\nNoDelay=yes`, ({ warnings }) => {
      expect(warnings).toEqual(['Failed to set NoDelay=, ignoring: setsockopt: Protocol not available (ENOPROTOOPT)']);
    });
    withOpened(`ListenStream=127.0.0.1:${port}\nTCPCongestion=no-such`, ({ warnings }) => {
      expect(warnings).toEqual([expect.stringMatching(/^Failed to set TCPCongestion=, ignoring: setsockopt: .* \(ENOENT\)$/)]);
    });
  });

  it.runIf(isRoot)('may make a buffer greater than the usual bound', () => {
    const most = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'));
    const wanted = most * 2;
    withOpened(`ListenStream=127.0.0.1:${port}\nReceiveBuffer=${wanted}`, ({ fd, warnings }) => {
      expect(warnings).toEqual([]);
      expect([wanted * 2, most * 2]).toContain(so.getsockopt(fd, so.SOL_SOCKET, so.SO_RCVBUF));
    });
  });
});

describe('a socket in the file system', () => {
  it('has the mode that is asked for, and its folders theirs', () => {
    withOpened(`ListenStream=${path('a/b/s')}\nSocketMode=0600\nDirectoryMode=0700`, () => {
      expect(statSync(path('a/b/s')).mode & 0o7777).toBe(0o600);
      expect(statSync(path('a/b')).mode & 0o7777).toBe(0o700);
    });
    withOpened(`ListenStream=${path('c')}`, () => expect(statSync(path('c')).mode & 0o7777).toBe(0o666));
  });

  it.runIf(isRoot)('belongs to the user that is asked for, and to the group of that one', () => {
    const owner = (lines: string): unknown => withOpened(`ListenStream=${path('o')}\n${lines}`, () => [statSync(path('o')).uid, statSync(path('o')).gid]);
    expect(owner('')).toEqual([0, 0]);
    expect(owner('SocketUser=1234')).toEqual([1234, 4321]);
    expect(owner('SocketUser=1234\nSocketGroup=2345')).toEqual([1234, 2345]);
    expect(owner('SocketGroup=2345')).toEqual([0, 2345]);
  });

  it('takes the place of one that was left behind, and of nothing else', () => {
    withOpened(`ListenStream=${path('left')}`, () => undefined);
    expect(existsSync(path('left'))).toBe(true);
    withOpened(`ListenStream=${path('left')}`, ({ warnings }) => expect(warnings).toEqual([]));
    writeFileSync(path('file'), 'mine');
    expect(failure(`ListenStream=${path('file')}`).message).toBe(`Failed to listen on '${path('file')}': bind: Address already in use (EADDRINUSE)`);
    expect(readFileSync(path('file'), 'utf8')).toBe('mine');
  });
});

describe('what cannot be opened', () => {
  it('because the port is taken names who has it', async () => {
    const server = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const error = failure(`ListenStream=127.0.0.1:${port}`);
    expect(error.message).toBe(`Failed to listen on '127.0.0.1:${port}': bind: Address already in use (EADDRINUSE)`);
    expect(error.hint).toMatch(new RegExp(`^process ${process.pid} \\(.*\\) has this port already$`));
    await new Promise((resolve) => server.close(resolve));
  });

  it('because no interface has the address says so', () => {
    const error = failure('ListenStream=192.0.2.1:8080');
    expect(error.message).toMatch(/^Failed to listen on '192\.0\.2\.1:8080': bind: .* \(EADDRNOTAVAIL\)$/);
    expect(error.hint).toBe('no interface has this address; FreeBind=yes binds it all the same');
    withOpened(`ListenStream=192.0.2.1:${port}\nFreeBind=yes`, ({ warnings }) => expect(warnings).toEqual([]));
  });

  it('because its folder is a file says what was tried', () => {
    writeFileSync(path('no-folder'), '');
    expect(failure(`ListenStream=${path('no-folder/s')}`).message).toMatch(/^Failed to listen on '.*\/no-folder\/s': (EEXIST|ENOTDIR): /);
  });

  it('because there is no such user says so', () => {
    const config = socketUnit(`ListenStream=${path('u')}\nSocketUser=nobody-at-all`);
    const strict: OpenContext = {
      ...context,
      resolveUser: (name) => {
        throw new Error(`No such user '${name}'`);
      },
    };
    expect(() => openListen(config.listen[0] ?? expect.unreachable(), config, strict)).toThrow(`Failed to listen on '${path('u')}': No such user 'nobody-at-all'`);
  });

  it('leaves no descriptor behind', () => {
    const count = (): number => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let i = 0; i < 5; i++) failure(`ListenStream=${path('file')}`);
    expect(count()).toBe(before);
  });
});

describe.runIf(canBecomeNobody)('somebody without rights', () => {
  it('is told what a low port needs', async () => {
    if (Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) < 1000) return;
    const error = await asNobody(() => failure('ListenStream=127.0.0.1:81'));
    expect(error.message).toBe("Failed to listen on '127.0.0.1:81': bind: Permission denied (EACCES)");
    expect(error.hint).toBe('ports below 1024 need CAP_NET_BIND_SERVICE or net.ipv4.ip_unprivileged_port_start');
  });

  it('is told which folder cannot be written to', async () => {
    chmodSync(folder, 0o755);
    const error = await asNobody(() => failure(`ListenStream=${path('denied')}`));
    expect(error.hint).toBe(`the folder ${folder} cannot be written to`);
  });
});
