/** Values that only commands' sections have: environment, limits, standard streams, exit statuses; systemd.exec(5). */
import { splitWords } from '../../unitfile/words.js';
import type { InputTarget, OutputTarget, ResourceLimit } from '../config.js';
import { signal, size, wholeNumber } from './simple.js';
import { timeSpan } from './time-span.js';
import { bad, good, type Value, type ValueParser } from './value.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function variableName(text: string): Value<string> {
  return NAME.test(text) ? good(text) : bad('the name of a variable');
}

/** 'NAME=value', the value as it is. */
export function assignment(text: string): Value<readonly [name: string, value: string]> {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(0, at));
  return NAME.test(name) ? good([name, text.slice(at + 1)]) : bad('NAME=value, quoted where it has spaces');
}

export function words(text: string): Value<readonly string[]> {
  const split = splitWords(text, { relaxed: true });
  return split.error === undefined ? good(split.words) : bad(`words: ${split.error}`);
}

type LimitUnit = 'bytes' | 'count' | 'seconds' | 'microseconds' | 'nice';

/** What each counts; systemd.exec(5), the table of "PROCESS PROPERTIES". */
const LIMIT_UNITS: Readonly<Record<string, LimitUnit>> = {
  nofile: 'count',
  nproc: 'count',
  locks: 'count',
  sigpending: 'count',
  rtprio: 'count',
  cpu: 'seconds',
  rttime: 'microseconds',
  nice: 'nice',
};

const AMOUNTS: Readonly<Record<LimitUnit, ValueParser<number>>> = {
  bytes: size,
  count: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  seconds: (text) => scaled(text, (timeMs) => Math.ceil(timeMs / 1000)),
  // Unlike elsewhere, a number alone is in the unit of the limit.
  microseconds: (text) => (/^\d+$/.test(text) ? good(Number(text)) : scaled(text, (timeMs) => timeMs * 1000)),
  // getrlimit(2): 1 to 40 stand for the nice levels 19 to -20, which are written with a sign.
  nice: (text) => (/^[+-]/.test(text) ? niceCeiling(text) : wholeNumber(0, 40)(text)),
};

function scaled(text: string, scale: (timeMs: number) => number): Value<number> {
  const parsed = timeSpan(text);
  return parsed.ok ? good(scale(parsed.value)) : parsed;
}

function niceCeiling(text: string): Value<number> {
  const level = wholeNumber(-20, 19)(text.replace('+', ''));
  return level.ok ? good(20 - level.value) : level;
}

/** `LimitNOFILE=1024:4096`, `infinity`, sizes and times with a suffix. */
export function limit(resource: string): ValueParser<ResourceLimit> {
  const amount = AMOUNTS[LIMIT_UNITS[resource] ?? 'bytes'];
  return (text) => {
    const parts = text.split(':').map((part) => (part === 'infinity' ? good(Infinity) : amount(part)));
    const failed = parts.find((part) => !part.ok);
    if (failed !== undefined && !failed.ok) return bad(`${failed.expected}, infinity or SOFT:HARD`);
    const [soft = Number.NaN, hard = soft] = parts.map((part) => (part.ok ? part.value : Number.NaN));
    return parts.length <= 2 && soft <= hard ? good({ resource, soft, hard }) : bad('SOFT:HARD, of which the first is not higher than the second');
  };
}

const PLAIN_OUTPUT = ['inherit', 'null', 'tty', 'journal', 'kmsg', 'socket'] as const;

export function outputTarget(text: string): Value<OutputTarget> {
  const plain = PLAIN_OUTPUT.find((word) => text === word || text === `${word}+console`);
  if (plain !== undefined) return good({ type: plain });
  if (text === 'syslog') return good({ type: 'journal' });
  if (text === 'fd' || text.startsWith('fd:')) return good({ type: 'fd', name: text.slice(3) || undefined });
  const file = /^(file|append|truncate):(\/.*)$/.exec(text);
  if (file?.[2] === undefined) return bad('inherit, null, journal, file:PATH, append:PATH, truncate:PATH, socket or fd:NAME');
  return good({ type: file[1] as 'file' | 'append' | 'truncate', path: file[2] });
}

export function inputTarget(text: string): Value<InputTarget> {
  if (text === 'null' || text === 'socket') return good({ type: text });
  // Filled in from StandardInputText= and StandardInputData=.
  if (text === 'data') return good({ type: 'data', data: new Uint8Array() });
  if (/^tty(-force|-fail)?$/.test(text)) return good({ type: 'tty' });
  if (text === 'fd' || text.startsWith('fd:')) return good({ type: 'fd', name: text.slice(3) || undefined });
  return text.startsWith('file:/') ? good({ type: 'file', path: text.slice(5) }) : bad('null, socket, file:PATH or fd:NAME');
}

/** sysexits(3), LSB and systemd.exec(5), "PROCESS EXIT CODES". */
const EXIT_NAMES =
  'SUCCESS:0 FAILURE:1 INVALIDARGUMENT:2 NOTIMPLEMENTED:3 NOPERMISSION:4 NOTINSTALLED:5 NOTCONFIGURED:6 NOTRUNNING:7 USAGE:64 DATAERR:65 NOINPUT:66 NOUSER:67 NOHOST:68 UNAVAILABLE:69 SOFTWARE:70 OSERR:71 OSFILE:72 CANTCREAT:73 IOERR:74 TEMPFAIL:75 PROTOCOL:76 NOPERM:77 CONFIG:78 CHDIR:200 NICE:201 FDS:202 EXEC:203 MEMORY:204 LIMITS:205 OOM_ADJUST:206 SIGNAL_MASK:207 STDIN:208 STDOUT:209 CHROOT:210 IOPRIO:211 TIMERSLACK:212 SECUREBITS:213 SETSCHEDULER:214 CPUAFFINITY:215 GROUP:216 USER:217 CAPABILITIES:218 CGROUP:219 SETSID:220 CONFIRM:221 STDERR:222 PAM:224 NETWORK:225 NAMESPACE:226 NO_NEW_PRIVILEGES:227 SECCOMP:228 SELINUX_CONTEXT:229 PERSONALITY:230 APPARMOR:231 ADDRESS_FAMILIES:232 RUNTIME_DIRECTORY:233 CHOWN:235 SMACK_PROCESS_LABEL:236 KEYRING:237 STATE_DIRECTORY:238 CACHE_DIRECTORY:239 LOGS_DIRECTORY:240 CONFIGURATION_DIRECTORY:241 NUMA_POLICY:242 CREDENTIALS:243 BPF:245 EXCEPTION:255';
const EXIT_CODES: ReadonlyMap<string, number> = new Map(EXIT_NAMES.split(' ').map((pair) => [pair.slice(0, pair.indexOf(':')), Number(pair.slice(pair.indexOf(':') + 1))]));

/** A code is a number, a signal is a name. */
export function exitStatus(word: string): Value<number | string> {
  const code = EXIT_CODES.get(word) ?? (/^\d+$/.test(word) ? Number(word) : undefined);
  if (code !== undefined && code <= 255) return good(code);
  const named = /^\d/.test(word) ? undefined : signal(word);
  return named?.ok === true ? named : bad('an exit code from 0 to 255, its name such as TEMPFAIL, or a signal such as SIGKILL');
}
