/**
 * `rouse activate`: reads the options of systemd-socket-activate(1), and its own --idle. It loads nothing that it does not need, and
 * leaves Node's standard streams alone: the program that it becomes gets them as they were given.
 */
import { writeSync } from 'node:fs';
import { activate } from '../activate/activate.js';
import { fdNameWarning, type ActivateOptions } from '../activate/options.js';
import { Log } from '../activate/log.js';
import { timeSpan } from '../unit/values/time-span.js';
import { OptionError, parseWords, type OptionRow } from './getopt.js';

/** The build puts it in. */
declare const ROUSE_VERSION: string;

const ROWS: readonly OptionRow[] = [
  { name: 'help', short: 'h', ends: true },
  { name: 'version', ends: true },
  { name: 'datagram', short: 'd' },
  { name: 'seqpacket' },
  { name: 'listen', short: 'l', takesValue: true },
  { name: 'accept', short: 'a' },
  { name: 'setenv', short: 'E', takesValue: true },
  { name: 'environment', takesValue: true },
  { name: 'fdname', takesValue: true },
  { name: 'inetd' },
  { name: 'now' },
  { name: 'idle', takesValue: true },
];

const HELP = `rouse activate [OPTIONS...] COMMAND [ARGUMENTS...]

Listen on sockets and start the command when somebody connects.

Options:
  -h --help                  Show this help and exit
     --version               Print version string and exit
  -l --listen=ADDR           Listen at ADDR: PORT, HOST:PORT, [V6]:PORT, /PATH,
                             @ABSTRACT or vsock:CID:PORT; may be repeated
  -d --datagram              Listen on datagram instead of stream socket
     --seqpacket             Listen on SOCK_SEQPACKET instead of stream socket
  -a --accept                Spawn separate child for each connection
  -E --setenv=NAME[=VALUE]   Pass an environment variable to children
     --fdname=NAME[:NAME...] Specify names for file descriptors
     --inetd                 Enable inetd file descriptor passing protocol
     --now                   Start instantly instead of waiting for connection
     --idle=TIME             End the command when nobody was connected for TIME,
                             and wait for the next client

Note: file descriptors from sd_listen_fds() will be passed through.
`;

/** Resolves with the exit code, where it returns at all. */
export async function activateVerb(argv: readonly string[]): Promise<number> {
  const log = new Log(process.env);
  try {
    const options = readOptions(argv, log);
    if (typeof options !== 'string') return await activate(options);
    writeSync(1, options);
    return 0;
  } catch (error) {
    if (error instanceof OptionError) writeSync(2, `rouse activate: ${error.message}\n`);
    else if (error instanceof Refused) log.error(error.message);
    else throw error;
    return 1;
  }
}

class Refused extends Error {}

type Draft = { -readonly [K in keyof ActivateOptions]: ActivateOptions[K] extends readonly string[] ? string[] : ActivateOptions[K] };

/** A text is to be printed instead. Throws OptionError or Refused. */
function readOptions(argv: readonly string[], log: Log): ActivateOptions | string {
  const { options, rest } = parseWords(argv, ROWS);
  const draft: Omit<Draft, 'command'> = { listen: [], type: 'stream', accept: false, inetd: false, setenv: [], fdNames: [], now: false, idleMs: undefined };
  for (const { name, value } of options) {
    if (name === 'help') return HELP;
    if (name === 'version') return `rouse ${ROUSE_VERSION}\n`;
    apply(draft, name, value, log);
  }
  const [program, ...args] = rest;
  if (program === undefined) throw new OptionError('command to execute is missing.');
  checkTogether(draft);
  return { ...draft, command: [program, ...args] };
}

function apply(draft: Omit<Draft, 'command'>, name: string, value: string, log: Log): void {
  switch (name) {
    case 'listen':
      return void draft.listen.push(value);
    case 'setenv':
    case 'environment':
      return void draft.setenv.push(environmentEntry(value));
    case 'fdname':
      return void draft.fdNames.push(...namesIn(value, log));
    case 'datagram':
    case 'seqpacket':
      return setType(draft, name);
    case 'accept':
    case 'inetd':
    case 'now':
      draft[name] = true;
      return;
    default:
      draft.idleMs = idleTime(value);
  }
}

function setType(draft: Omit<Draft, 'command'>, type: 'datagram' | 'seqpacket'): void {
  if (draft.type === 'stream' || draft.type === type) draft.type = type;
  else throw new Refused(type === 'datagram' ? '--datagram may not be combined with --seqpacket.' : '--seqpacket may not be combined with --datagram.');
}

/** A name alone has the value that it has here. */
function environmentEntry(text: string): string {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Refused(`Cannot assign environment variable ${text}: Invalid argument`);
  return at < 0 ? `${name}=${process.env[name] ?? ''}` : text;
}

/** An invalid one is passed on all the same, as systemd's is. */
function namesIn(text: string, log: Log): readonly string[] {
  const names = text.split(':').filter((name) => name !== '');
  for (const name of names) {
    const warning = fdNameWarning(name);
    if (warning !== undefined) log.warning(warning);
  }
  return names.length === 0 ? [''] : names;
}

function idleTime(text: string): number {
  const parsed = timeSpan(text);
  if (parsed.ok && parsed.value > 0) return parsed.value;
  throw new Refused(`Failed to parse --idle= parameter: '${text}' is not a time such as 30s or 5min`);
}

function checkTogether({ type, accept, now, idleMs }: Omit<Draft, 'command'>): void {
  if (accept && type === 'datagram') throw new Refused('Datagram sockets do not accept connections. The --datagram and --accept options may not be combined.');
  if (accept && now) throw new Refused('--now may not be combined with --accept.');
  if (accept && idleMs !== undefined) throw new Refused('--idle may not be combined with --accept: a process for each connection ends with its connection.');
}
