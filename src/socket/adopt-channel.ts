/** The way on which a plain process sends the notify descriptor of its filter, and what it could not do: native/rouse-adopt. */
import type { Fd } from '../sys/fd.js';
import type { Poller } from '../sys/poller.js';
import { receiveMessage, socketPair } from '../sys/socket.js';

export interface ChannelHooks {
  /** Takes the descriptor. */
  readonly onNotify: (notify: Fd) => void;
  /** It and all that it starts have no new privileges: setuid programs have no effect there. */
  readonly onNoNewPrivileges: () => void;
  readonly onFailure: (what: 'filter' | 'program', errno: number) => void;
}

/** One letter, and an errno of four bytes. */
const MESSAGE_BYTES = 5;

/** The process's end; the caller closes it when the process has it. Ours closes itself when the process has become its program. */
export function openChannel(poller: Poller, hooks: ChannelHooks): Fd {
  const [ours, theirs] = socketPair('seqpacket');
  const watch = poller.watch(ours, { read: true }, () => {
    for (let message = receiveMessage(ours, { maxBytes: MESSAGE_BYTES }); message !== undefined; message = receiveMessage(ours, { maxBytes: MESSAGE_BYTES })) {
      for (const fd of message.fds) hooks.onNotify(fd);
      if (message.data.length < MESSAGE_BYTES) {
        watch.close();
        ours.close();
        return;
      }
      tell(hooks, String.fromCharCode(message.data.readUInt8(0)), message.data.readUInt32LE(1));
    }
  });
  return theirs;
}

function tell(hooks: ChannelHooks, letter: string, errno: number): void {
  if (letter === 'p') hooks.onNoNewPrivileges();
  else if (letter === 's') hooks.onFailure('filter', errno);
  else if (letter === 'x') hooks.onFailure('program', errno);
}
