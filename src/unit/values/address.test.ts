import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressText } from '../listen-text.js';
import type { ListenAddress } from '../config.js';
import { listenAddress } from './address.js';

const GOOD: readonly (readonly [text: string, address: ListenAddress, printed?: string])[] = [
  ['80', { family: 'any', port: 80 }, '[::]:80'],
  ['1', { family: 'any', port: 1 }, '[::]:1'],
  ['65535', { family: 'any', port: 65535 }, '[::]:65535'],
  ['127.0.0.1:80', { family: 'inet', host: '127.0.0.1', port: 80 }],
  ['0.0.0.0:3000', { family: 'inet', host: '0.0.0.0', port: 3000 }],
  ['[::1]:80', { family: 'inet6', host: '::1', port: 80 }],
  ['[::]:80', { family: 'inet6', host: '::', port: 80 }],
  ['[fe80::1]:80%eth0', { family: 'inet6', host: 'fe80::1', port: 80, scope: 'eth0' }],
  ['[fe80::1%3]:80', { family: 'inet6', host: 'fe80::1', port: 80, scope: '3' }, '[fe80::1]:80%3'],
  ['[1:2:3:4:5:6:7:8]:80', { family: 'inet6', host: '1:2:3:4:5:6:7:8', port: 80 }],
  ['[::ffff:1.2.3.4]:80', { family: 'inet6', host: '::ffff:1.2.3.4', port: 80 }],
  ['/run/web.sock', { family: 'unix', path: '/run/web.sock' }],
  ['/run//web.sock', { family: 'unix', path: '/run/web.sock' }, '/run/web.sock'],
  [`/${'x'.repeat(106)}`, { family: 'unix', path: `/${'x'.repeat(106)}` }],
  ['@web', { family: 'abstract', name: 'web' }],
  ['vsock:2:3000', { family: 'vsock', cid: 2, port: 3000 }],
  ['vsock:host:3000', { family: 'vsock', cid: 2, port: 3000 }, 'vsock:2:3000'],
  ['vsock:local:3000', { family: 'vsock', cid: 1, port: 3000 }, 'vsock:1:3000'],
  ['vsock:hypervisor:3000', { family: 'vsock', cid: 0, port: 3000 }, 'vsock:0:3000'],
  ['vsock::3000', { family: 'vsock', cid: 4294967295, port: 3000 }, 'vsock:4294967295:3000'],
  ['vsock:4294967295:0', { family: 'vsock', cid: 4294967295, port: 0 }],
  ['vsock:2:4294967294', { family: 'vsock', cid: 2, port: 4294967294 }],
];

const BAD: readonly (readonly [text: string, expected: RegExp])[] = [
  ...['0', '65536', '127.0.0.1:0', '127.0.0.1:99999', '[::1]:0'].map((text) => [text, /^a port from 1 to 65535$/] as const),
  ...['-1', 'many', '127.0.0.1', '300.0.0.1:80', '1.2.3:80', '127.0.0.1:', '127.0.0.1 : 80', '127.0.0.1:80%lo'].map((text) => [text, /^a port .* or vsock:CID:PORT$/] as const),
  ...['::1:80', '[::1]', '[::1]:', '[1:2:3:4:5:6:7]:80', '[1:2:3:4:5:6:7:1.2.3.4]:80', '[:2:3:4:5:6:7:8]:80', '[::1::]:80', '[12345::]:80'].map(
    (text) => [text, /^a port .* or vsock:CID:PORT$/] as const,
  ),
  ...['localhost:80', '*:80', 'run/web.sock', 'tcp:80'].map((text) => [text, /^a port .* or vsock:CID:PORT$/] as const),
  ['/', /not of a folder/],
  ['/run/web/', /not of a folder/],
  [`/${'x'.repeat(107)}`, /at most 107 bytes.*this one has 108/],
  ['@', /1 to 107 bytes after the @/],
  [`@${'é'.repeat(54)}`, /1 to 107 bytes after the @/],
  ...['vsock:', 'vsock:2', 'vsock:any:80', 'vsock:constructor:80', 'vsock:2:4294967295', 'vsock:4294967296:80', 'vsock:-1:80', 'vsock:2:x'].map(
    (text) => [text, /^vsock:CID:PORT/] as const,
  ),
];

describe('a listen address', () => {
  it.each(GOOD.map(([text, address, printed = text]) => ({ text, address, printed })))('$text is understood, and printed as $printed', ({ text, address, printed }) => {
    expect(listenAddress(text)).toEqual({ ok: true, value: address });
    expect(addressText({ kind: 'stream', text, address, place: { file: '', line: 1 } })).toBe(printed);
  });

  it.each(BAD)('%s is refused with what is expected', (text, expected) => {
    expect(listenAddress(text)).toEqual({ ok: false, expected: expect.stringMatching(expected) as string });
  });

  it('is understood again in the form that is printed', () => {
    const addresses = fc.oneof(
      fc.record({ family: fc.constant('inet' as const), host: fc.ipV4(), port: fc.integer({ min: 1, max: 65535 }) }),
      fc.record({ family: fc.constant('inet6' as const), host: fc.ipV6(), port: fc.integer({ min: 1, max: 65535 }) }),
      fc.record({ family: fc.constant('vsock' as const), cid: fc.nat(), port: fc.nat() }),
    );
    fc.assert(
      fc.property(addresses, (address) => {
        expect(listenAddress(addressText({ kind: 'stream', text: '', address, place: { file: '', line: 1 } }))).toEqual({ ok: true, value: address });
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof listenAddress(text).ok === 'boolean'));
  });
});
