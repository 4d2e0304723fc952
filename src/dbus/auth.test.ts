import { describe, expect, it } from 'vitest';
import { ClientAuth, ServerAuth, type AuthStep } from './auth.js';

const hex = (text: string): string => Buffer.from(text).toString('hex');
const server = (): ServerAuth => new ServerAuth('0123', (uid) => uid === 1000);

function talk(auth: { push(bytes: Buffer): AuthStep }, ...lines: readonly string[]): AuthStep & { readonly all: string } {
  let all = '';
  let step: AuthStep | undefined;
  for (const line of lines) {
    step = auth.push(Buffer.from(line, 'latin1'));
    all += step.reply;
  }
  return { ...(step as AuthStep), all };
}

describe('the conversation before the first message', () => {
  it('is over in one step with a client that says everything at once', () => {
    const { all, done, rest } = talk(server(), `\0AUTH EXTERNAL ${hex('1000')}\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\nl\x01`);
    expect({ all, done, rest: rest.toString('latin1') }).toEqual({ all: 'OK 0123\r\nERROR Descriptors are not passed\r\n', done: true, rest: 'l\x01' });
  });

  it('lets a client in that leaves it to the kernel to say who it is', () => {
    expect(talk(server(), '\0AUTH EXTERNAL\r\nDATA\r\n', 'BEGIN\r\n')).toMatchObject({ all: 'DATA\r\nOK 0123\r\n', done: true });
  });

  it('goes on wherever the bytes are cut', () => {
    expect(talk(server(), ...`\0AUTH EXTERNAL ${hex('1000')}\r\nBEGIN\r\n`)).toMatchObject({ all: 'OK 0123\r\n', done: true });
  });

  it.each([
    ['another user', [`\0AUTH EXTERNAL ${hex('1001')}\r\n`, 'BEGIN\r\n'], 'REJECTED EXTERNAL\r\n'],
    ['a user that is no number', [`\0AUTH EXTERNAL ${hex('root')}\r\n`, 'BEGIN\r\n'], 'REJECTED EXTERNAL\r\n'],
    ['another mechanism', ['\0AUTH ANONYMOUS 00\r\n', 'BEGIN\r\n'], 'REJECTED EXTERNAL\r\n'],
    ['nobody', ['\0', 'BEGIN\r\n'], ''],
    ['someone who takes it back', [`\0AUTH EXTERNAL ${hex('1000')}\r\n`, 'CANCEL\r\n', 'BEGIN\r\n'], 'OK 0123\r\nREJECTED EXTERNAL\r\n'],
    ['someone who speaks something else', ['GET / HTTP/1.1\r\n'], ''],
    ['a line without an end', [`\0${'x'.repeat(20_000)}`], ''],
  ])('keeps %s out', (_, lines, replies) => {
    expect(talk(server(), ...lines)).toMatchObject({ all: replies, done: false, failed: true });
  });

  it('answers words that it does not know, and goes on', () => {
    expect(talk(server(), '\0HELLO\r\n', `AUTH\r\n`, `AUTH EXTERNAL ${hex('1000')}\r\n`, 'BEGIN\r\n')).toMatchObject({
      all: 'ERROR Unknown command\r\nREJECTED EXTERNAL\r\nOK 0123\r\n',
      done: true,
    });
  });

  it('from the client’s side ends with the server’s OK', () => {
    const [greeting, auth] = [ClientAuth.greeting(1000), server()];
    const answer = talk(auth, greeting).all;
    const { reply, done } = talk(new ClientAuth(), answer);
    expect({ greeting, reply, done }).toEqual({ greeting: `\0AUTH EXTERNAL ${hex('1000')}\r\n`, reply: 'BEGIN\r\n', done: true });
    expect(talk(auth, reply)).toMatchObject({ done: true });
    expect(talk(new ClientAuth(), 'REJECTED EXTERNAL\r\n')).toMatchObject({ failed: true });
  });
});
