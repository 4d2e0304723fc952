import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage, MessageStream, type Message } from './message.js';
import { arbitraryBody } from './testing/arbitrary.js';

const PING: Message = { type: 'call', path: '/a', interface: 'org.freedesktop.DBus.Peer', member: 'Ping' };
const PING_HEX =
  '6c01000100000000' +
  '0700000045000000' +
  '01016f00020000002f61000000000000' +
  '0201730019000000' +
  Buffer.from('org.freedesktop.DBus.Peer\0').toString('hex') +
  '000000000000' +
  '0301730004000000' +
  Buffer.from('Ping\0').toString('hex') +
  '000000';

/** What `systemctl --user is-active a.service` (252) sends to systemd/private. */
const SYSTEMCTL_HEX =
  '6c0100013400000001000000a000000001016f002a0000002f6f72672f667265656465736b746f702f73797374656d64312f756e69742f615f3265736572766963650000000000000301730003000000476574000000000002' +
  '0173001f0000006f72672e667265656465736b746f702e444275732e50726f706572746965730006017300180000006f72672e667265656465736b746f702e73797374656d6431000000000000000008016700027373001d00' +
  '00006f72672e667265656465736b746f702e73797374656d64312e556e69740000000b000000416374697665537461746500';

function decode(...chunks: readonly Buffer[]): Message[] {
  const stream = new MessageStream();
  return chunks.flatMap((chunk) => stream.push(chunk));
}

describe('a message', () => {
  it('is to the byte what the specification says', () => {
    expect(encodeMessage(PING, 7).toString('hex')).toBe(PING_HEX);
  });

  it('of systemctl is read', () => {
    expect(decode(Buffer.from(SYSTEMCTL_HEX, 'hex'))).toEqual([
      {
        type: 'call',
        serial: 1,
        noReply: false,
        path: '/org/freedesktop/systemd1/unit/a_2eservice',
        interface: 'org.freedesktop.DBus.Properties',
        member: 'Get',
        destination: 'org.freedesktop.systemd1',
        signature: 'ss',
        body: ['org.freedesktop.systemd1.Unit', 'ActiveState'],
      },
    ]);
  });

  it('comes back as it went, however the bytes are cut', () => {
    const text = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 });
    const message = fc.record({
      type: fc.constantFrom('call' as const, 'return' as const, 'error' as const, 'signal' as const),
      noReply: fc.boolean(),
      path: fc.constantFrom('/', '/a/b'),
      interface: text,
      member: text,
      errorName: text,
      replySerial: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      destination: text,
      sender: text,
      body: arbitraryBody(),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.nat(400)), (all, cuts) => {
        const sent = all.map(({ body, ...header }, i): Message => ({ ...header, serial: i + 1, signature: body.signature, body: body.values }));
        const bytes = Buffer.concat(sent.map((each) => encodeMessage(each, each.serial ?? 0)));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) chunks.push(bytes.subarray(at, (at += cut)));
        const received = decode(...chunks, bytes.subarray(at));
        expect(received).toEqual(sent.map((each) => ({ ...each, ...(each.signature === '' ? { signature: undefined } : {}) })));
      }),
    );
  });

  it.each([
    ['of another protocol', 'GET / HTTP/1.1\r\n\r\n', 'Not a D-Bus message'],
    ['of another version', Buffer.from('6c0100020000000001000000000000000000', 'hex').toString('latin1'), 'version 2'],
    ['without a type', Buffer.from('6c000001000000000100000000000000', 'hex').toString('latin1'), 'no type'],
    ['larger than anything', Buffer.from('6c010001ffffff7f0100000000000000', 'hex').toString('latin1'), 'larger than allowed'],
  ])('%s ends the stream', (_, text, words) => {
    expect(() => decode(Buffer.from(text, 'latin1'))).toThrow(words);
  });

  it('of a type to come is left out', () => {
    expect(decode(Buffer.from('6c090001000000000100000000000000', 'hex'), encodeMessage(PING, 1))).toHaveLength(1);
  });

  it('with a header field of the wrong type ends the stream', () => {
    const bytes = Buffer.from(PING_HEX, 'hex');
    bytes.writeUInt8(3, 16);
    expect(() => decode(bytes)).toThrow("member is of type 'o'");
  });
});
