import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeSocket } from './describe.js';
import { activate, hold, installPackage, type Held, type Package } from './testing/activate.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-describe-'));
afterAll(() => rmSync(folder, { recursive: true }));

const port = ({ address }: Held): number => ('port' in address ? address.port : 0);

/** One of each kind, and what is to be told of it. */
function each(): readonly (readonly [Held, object])[] {
  const tcp = hold('stream', { family: 'inet', host: '127.0.0.1', port: 0 });
  const tcp6 = hold('stream', { family: 'inet6', host: '::1', port: 0 });
  const udp = hold('datagram', { family: 'inet', host: '127.0.0.1', port: 0 });
  const udp6 = hold('datagram', { family: 'inet6', host: '::1', port: 0 });
  const path = join(folder, `${process.hrtime.bigint()}`);
  return [
    [tcp, { family: 'inet', type: 'stream', address: `127.0.0.1:${port(tcp)}` }],
    [tcp6, { family: 'inet6', type: 'stream', address: `[::1]:${port(tcp6)}` }],
    [udp, { family: 'inet', type: 'datagram', address: `127.0.0.1:${port(udp)}` }],
    [udp6, { family: 'inet6', type: 'datagram', address: `[::1]:${port(udp6)}` }],
    [hold('stream', { family: 'unix', path }), { family: 'unix', type: 'stream', address: path }],
    [hold('seqpacket', { family: 'abstract', name: path }), { family: 'unix', type: 'seqpacket', address: `@${path}` }],
    [hold('datagram', { family: 'unix', path: `${path}.d` }), { family: 'unix', type: 'datagram', address: `${path}.d` }],
  ];
}

describe('a socket', () => {
  it('is told by its descriptor, whatever its kind', async () => {
    for (const [{ fd }, told] of each()) {
      expect(await describeSocket(fd.number)).toEqual(told);
      expect(await describeSocket({ fd: fd.number, name: 'x' })).toEqual(told);
      fd.close();
    }
  });

  it('is told from any other descriptor', async () => {
    const fd = openSync('/dev/null', 'r');
    await expect(describeSocket(fd)).rejects.toThrow(`Descriptor ${fd} is not a socket, but /dev/null`);
    closeSync(fd);
  });
});

describe('without koffi', () => {
  let library: Package;
  let program: string;
  beforeAll(async () => {
    library = await installPackage({ koffi: false });
    program = library.program(
      'describe.mjs',
      `import { describeSocket, listenFds } from 'rouse/sd-daemon';
       for (const socket of listenFds()) console.log(JSON.stringify(await describeSocket(socket).catch((error) => error.message)));`,
    );
  });
  afterAll(() => library.remove());

  const lines = async (argv: readonly string[], sockets: readonly Held[]): Promise<readonly unknown[]> =>
    (await activate({ argv, sockets }).output)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);

  it('a socket that Node knows is told all the same, also from a network namespace in which it is not', async ({ skip }) => {
    const all = each();
    const sockets = all.map(([held]) => held);
    const known = all.slice(0, 5).map(([, told]) => told);
    expect((await lines([process.execPath, program], sockets)).slice(0, 5)).toEqual([...known.slice(0, 4), { family: 'unix', type: 'stream', address: '' }]);
    if (process.getuid?.() !== 0) skip('needs root for a network namespace');
    expect((await lines(['/usr/bin/unshare', '--net', process.execPath, program], sockets)).slice(0, 4)).toEqual(known.slice(0, 4));
    for (const { fd } of sockets) fd.close();
  });

  it('the others are refused, with the reason', async () => {
    const sockets = each()
      .map(([held]) => held)
      .slice(5);
    expect(await lines([process.execPath, program], sockets)).toEqual(
      [3, 4].map((fd) => `Failed to look at descriptor ${fd}: Node knows no such socket, and the package 'koffi' cannot be loaded`),
    );
    for (const { fd } of sockets) fd.close();
  });

  it('a look changes nothing: who was waiting still waits', async () => {
    const [udp] = each().filter(([, told]) => 'type' in told && told.type === 'datagram');
    if (udp === undefined) return expect.unreachable();
    const { createSocket } = await import('node:dgram');
    const client = createSocket('udp4');
    await new Promise((resolve) => client.send('waiting', port(udp[0]), '127.0.0.1', resolve));
    await lines([process.execPath, program], [udp[0]]);
    const message = await new Promise((resolve) =>
      createSocket('udp4', function (this: { close(): void }, data) {
        this.close();
        resolve(data.toString());
      }).bind({ fd: udp[0].fd.take() }),
    );
    expect(message).toBe('waiting');
    client.close();
  });
});
