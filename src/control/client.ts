/** The client of the control API: one connection a request. Needs nothing but Node, so that a verb starts quickly. */
import { createConnection } from 'node:net';
import { encodeMessage, MessageReader } from './framing.js';
import type { ErrorCode, Reply, Request } from './protocol.js';

/** No manager answers on the control socket. */
export class NotRunning extends Error {}

/** The manager refused, or the connection broke. */
export class ControlError extends Error {
  constructor(
    readonly code: ErrorCode | 'disconnected',
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

type ReplyOf<T extends Reply['type']> = Extract<Reply, { readonly type: T }>;

/** Sends a request and waits for the reply of type `expected`. Throws NotRunning and ControlError. */
export function request<T extends Reply['type']>(socketPath: string, message: Request, expected: T, onProgress?: (message: string) => void): Promise<ReplyOf<T>> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath);
    const reader = new MessageReader();
    let connected = false;
    const finish = (action: () => void): void => {
      socket.destroy();
      action();
    };
    socket.on('connect', () => {
      connected = true;
      socket.write(encodeMessage(message));
    });
    const onReply = (reply: Reply): void => {
      if (reply.type === 'progress') onProgress?.(reply.message);
      else if (reply.type === expected) finish(() => resolve(reply as ReplyOf<T>));
      else if (reply.type === 'error') finish(() => reject(new ControlError(reply.code, reply.message, reply.hint)));
    };
    socket.on('data', (bytes) => {
      try {
        for (const reply of reader.push(bytes) as Reply[]) onReply(reply);
      } catch (error) {
        finish(() => reject(lost(error as Error)));
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => finish(() => reject(connected ? lost(error) : notRunning(error, socketPath))));
    socket.on('end', () => finish(() => reject(lost())));
  });
}

function notRunning(error: NodeJS.ErrnoException, path: string): Error {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') return new NotRunning('rouse is not running');
  return new ControlError(
    'refused',
    `Failed to connect to ${path}: ${error.code ?? error.message}`,
    error.code === 'EACCES' ? 'only the user whose manager it is may use it' : undefined,
  );
}

function lost(error?: Error): ControlError {
  return new ControlError(
    'disconnected',
    `The manager closed the connection before it answered${error === undefined ? '' : `: ${error.message}`}`,
    'rouse logs shows its last words',
  );
}
