/** Messages and their bytes; D-Bus specification, "Message Format". */
import { Writer } from './marshal.js';
import { Reader } from './unmarshal.js';
import { Variant, type Value } from './value.js';

const TYPES = ['invalid', 'call', 'return', 'error', 'signal'] as const;

export type MessageType = 'call' | 'return' | 'error' | 'signal';

export interface Message {
  readonly type: MessageType;
  /** Set when it is sent. */
  readonly serial?: number;
  readonly noReply?: boolean;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  /** The bus sets it. */
  readonly sender?: string;
  readonly signature?: string;
  readonly body?: readonly Value[];
}

const NO_REPLY_EXPECTED = 1;
const LITTLE_ENDIAN = 0x6c;
const BIG_ENDIAN = 0x42;
const VERSION = 1;
const FIXED_HEADER = 16;
const MAX_MESSAGE = 128 * 1024 * 1024;

/** The header's fields: number, signature, and whose value it is. */
const FIELDS = [
  [1, 'o', 'path'],
  [2, 's', 'interface'],
  [3, 's', 'member'],
  [4, 's', 'errorName'],
  [5, 'u', 'replySerial'],
  [6, 's', 'destination'],
  [7, 's', 'sender'],
  [8, 'g', 'signature'],
] as const;

const FIELD_NAMES: ReadonlyMap<number, (typeof FIELDS)[number]> = new Map(FIELDS.map((field) => [field[0], field]));

export function encodeMessage(message: Message, serial: number): Buffer {
  const writer = new Writer();
  const fields = FIELDS.flatMap(([number, signature, name]): Value[] => {
    const value = message[name];
    return value === undefined || value === '' ? [] : [[number, new Variant(signature, value)]];
  });
  writer.values('yyyyuua(yv)', [LITTLE_ENDIAN, TYPES.indexOf(message.type), message.noReply === true ? NO_REPLY_EXPECTED : 0, VERSION, 0, serial, fields]);
  writer.align(8);
  const bodyAt = writer.length;
  writer.values(message.signature ?? '', message.body ?? []);
  writer.uint32At(4, writer.length - bodyAt);
  return writer.bytes();
}

/** Cuts a stream of bytes into messages. */
export class MessageStream {
  #chunks: Buffer[] = [];
  #size = 0;
  /** So many bytes must be there before it is worth looking. */
  #wanted = FIXED_HEADER;

  /** Throws RangeError and SyntaxError for what is no D-Bus message: the stream cannot be read any further then. */
  push(bytes: Buffer): Message[] {
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    if (this.#size < this.#wanted) return [];
    let rest = Buffer.concat(this.#chunks);
    const messages: Message[] = [];
    let length = lengthOf(rest);
    for (; length !== undefined && length <= rest.length; length = lengthOf(rest)) {
      const message = decodeMessage(rest.subarray(0, length));
      // Types to come are to be ignored, says the specification.
      if (message !== undefined) messages.push(message);
      rest = rest.subarray(length);
    }
    this.#chunks = [rest];
    this.#size = rest.length;
    this.#wanted = length ?? FIXED_HEADER;
    return messages;
  }
}

function isLittleEndian(bytes: Buffer): boolean {
  if (bytes[0] !== LITTLE_ENDIAN && bytes[0] !== BIG_ENDIAN) throw new RangeError('Not a D-Bus message');
  return bytes[0] === LITTLE_ENDIAN;
}

/** Of the message that begins here; undefined: too little has come to say. */
function lengthOf(bytes: Buffer): number | undefined {
  if (bytes.length < FIXED_HEADER) return undefined;
  const littleEndian = isLittleEndian(bytes);
  const bodyLength = littleEndian ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4);
  const fieldsLength = littleEndian ? bytes.readUInt32LE(12) : bytes.readUInt32BE(12);
  const total = Math.ceil((FIXED_HEADER + fieldsLength) / 8) * 8 + bodyLength;
  if (total > MAX_MESSAGE) throw new RangeError('The message is larger than allowed');
  return total;
}

function decodeMessage(bytes: Buffer): Message | undefined {
  const reader = new Reader(bytes, isLittleEndian(bytes));
  const [, typeNumber, flags, version, , serial, fields] = reader.values('yyyyuua(yv)') as [number, number, number, number, number, number, [number, Variant][]];
  if (version !== VERSION) throw new RangeError(`Protocol version ${version} is not known`);
  reader.align(8);
  const type = TYPES[typeNumber];
  if (type === 'invalid') throw new RangeError('The message has no type');
  if (type === undefined) return undefined;
  const header: Record<string, Value> = {};
  for (const [number, { signature, value }] of fields) {
    const field = FIELD_NAMES.get(number);
    if (field === undefined) continue;
    if (field[1] !== signature) throw new RangeError(`The header field ${field[2]} is of type '${signature}'`);
    header[field[2]] = value;
  }
  const message = { type, serial, noReply: (flags & NO_REPLY_EXPECTED) !== 0, ...header } as Message;
  return { ...message, body: reader.values(message.signature ?? '') };
}
