/** `rouse proxy`: reads the options of systemd-socket-proxyd(8), and its own. */
import { writeSync } from 'node:fs';
import { addressLines, proxy } from '../proxy/proxy.js';
import type { ProxyOptions } from '../proxy/options.js';
import { ProxyError, splitName } from '../proxy/target.js';
import { timeSpan } from '../unit/values/time-span.js';
import { OptionError, parseWords, type OptionRow } from './getopt.js';

/** The build puts it in. */
declare const ROUSE_VERSION: string;

const ROWS: readonly OptionRow[] = [
  { name: 'help', short: 'h', ends: true },
  { name: 'version', ends: true },
  { name: 'listen', short: 'l', takesValue: true },
  { name: 'datagram', short: 'd' },
  { name: 'seqpacket' },
  { name: 'connections-max', short: 'c', takesValue: true },
  { name: 'connect-timeout', takesValue: true },
  { name: 'exit-idle-time', takesValue: true },
  { name: 'session-timeout', takesValue: true },
  { name: 'send-proxy', takesValue: true },
];

const HELP = `rouse proxy [OPTIONS...] [NAME=]TARGET...

Pass the clients of listening sockets on to a server that can take no socket.
TARGET is HOST:PORT, [V6]:PORT, /PATH, unix:/PATH, @ABSTRACT or vsock:CID:PORT.
Several targets take turns; one that refuses is passed over. With NAME= it is
for the clients of the sockets of that name alone.

Options:
  -h --help                  Show this help and exit
     --version               Print version string and exit
  -l --listen=[NAME=]ADDR    Listen at ADDR, besides the sockets passed in
  -d --datagram              Listen on datagram instead of stream socket
     --seqpacket             Listen on SOCK_SEQPACKET instead of stream socket
  -c --connections-max=N     Refuse clients when there are N (default: none)
     --connect-timeout=TIME  How long a client waits for a server that does not
                             listen yet (default: 90s)
     --exit-idle-time=TIME   Exit when without a connection for this duration
     --session-timeout=TIME  Forget a datagram client that was silent for TIME
                             (default: 60s)
     --send-proxy=v1|v2      Begin with the PROXY protocol: the client's address

Note: file descriptors from sd_listen_fds() are listened on.
`;

/** Said by native/rouse-proxy to us, and by nobody else. */
const ADDRESSES = '--addresses';

/** Resolves with the exit code, where it returns at all. */
export async function proxyVerb(argv: readonly string[]): Promise<number> {
  try {
    const options = argv[0] === ADDRESSES ? await addressLines(argv.slice(1)) : readOptions(argv);
    if (typeof options !== 'string') return await proxy(options, { say, lookUp: [...process.argv.slice(0, process.argv.length - argv.length), ADDRESSES] });
    writeSync(1, options);
    return 0;
  } catch (error) {
    if (error instanceof OptionError) say(`rouse proxy: ${error.message}`);
    else if (error instanceof ProxyError) say(`${error.message}${error.hint === undefined ? '' : `\n  hint: ${error.hint}`}`);
    else if (argv[0] !== ADDRESSES) throw error;
    return 1;
  }
}

/** Past process.stderr, which would change the descriptor that we hand on. */
function say(text: string): void {
  writeSync(2, `${text}\n`);
}

type Draft = { -readonly [K in keyof ProxyOptions]: ProxyOptions[K] };

/** A text is to be printed instead. Throws OptionError or ProxyError. */
function readOptions(argv: readonly string[]): ProxyOptions | string {
  const { options, rest } = parseWords(argv, ROWS, { anywhere: true });
  const draft: Draft = {
    listen: [],
    type: 'stream',
    targets: rest.map(splitName),
    connectionsMax: Infinity,
    exitIdleMs: Infinity,
    connectTimeoutMs: 90_000,
    sessionTimeoutMs: 60_000,
    sendProxy: undefined,
  };
  for (const { name, value } of options) {
    if (name === 'help') return HELP;
    if (name === 'version') return `rouse ${ROUSE_VERSION}\n`;
    apply(draft, name, value);
  }
  if (rest.length === 0) throw new ProxyError('Not enough parameters.', 'rouse proxy --help shows them');
  return draft;
}

function apply(draft: Draft, name: string, value: string): void {
  switch (name) {
    case 'listen':
      draft.listen = [...draft.listen, splitName(value)];
      return;
    case 'datagram':
    case 'seqpacket':
      if (draft.type !== 'stream' && draft.type !== name) throw new ProxyError('--datagram may not be combined with --seqpacket.');
      draft.type = name;
      return;
    case 'connections-max':
      draft.connectionsMax = countOf(value);
      return;
    case 'connect-timeout':
      draft.connectTimeoutMs = timeOf(name, value);
      return;
    case 'exit-idle-time':
      draft.exitIdleMs = timeOf(name, value);
      return;
    case 'session-timeout':
      draft.sessionTimeoutMs = timeOf(name, value);
      return;
    default:
      draft.sendProxy = versionOf(value);
  }
}

function countOf(text: string): number {
  if (text === 'infinity') return Infinity;
  if (!/^\d+$/.test(text)) throw new ProxyError(`Failed to parse --connections-max= argument: ${text}`);
  if (Number(text) < 1) throw new ProxyError('Connection limit is too low.');
  return Number(text);
}

function timeOf(name: string, text: string): number {
  const parsed = timeSpan(text);
  if (!parsed.ok) throw new ProxyError(`Failed to parse --${name}= argument: ${text}`, `expected ${parsed.expected}`);
  return parsed.value;
}

function versionOf(text: string): 1 | 2 {
  const [, version] = /^v?([12])$/.exec(text) ?? [];
  if (version === undefined) throw new ProxyError(`Failed to parse --send-proxy= argument: ${text}`, 'expected v1 or v2');
  return version === '1' ? 1 : 2;
}
