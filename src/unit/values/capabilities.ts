/** Capabilities by name; capabilities(7), <linux/capability.h>. */
import { bad, good, type Value } from './value.js';

/** In the order of their numbers. */
const NAMES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(
    ' ',
  );

export const ALL_CAPABILITIES: readonly number[] = NAMES.map((_, i) => i);

export function capabilityNumber(name: string): number | undefined {
  const number = NAMES.indexOf(name.toUpperCase().replace(/^CAP_/, ''));
  return number < 0 ? undefined : number;
}

/** 'cap_chown' */
export function capabilityName(number: number): string {
  return `cap_${(NAMES[number] ?? String(number)).toLowerCase()}`;
}

/** `CAP_CHOWN CAP_KILL`, or all but those with `~` before them. `before` is what earlier lines made; undefined: there was none. */
export function capabilitySet(text: string, before: readonly number[] | undefined): Value<readonly number[]> {
  const inverted = text.startsWith('~');
  const words = text.replace(/^~/, '').split(/\s+/).filter(Boolean);
  const numbers = words.map(capabilityNumber);
  const unknown = words.find((_, i) => numbers[i] === undefined);
  if (unknown !== undefined) return bad('names of capabilities such as CAP_NET_BIND_SERVICE');
  const named = new Set(numbers);
  if (inverted) return good((before ?? ALL_CAPABILITIES).filter((each) => !named.has(each)));
  return good(ALL_CAPABILITIES.filter((each) => named.has(each) || before?.includes(each) === true));
}
