/** Names of systemd's D-Bus API: paths, interfaces, errors; org.freedesktop.systemd1(5). */
export const BUS_NAME = 'org.freedesktop.systemd1';
export const MANAGER_PATH = '/org/freedesktop/systemd1';
/** Where every service that follows org.freedesktop.LogControl1(5) is asked how much it logs. */
export const LOG_PATH = '/org/freedesktop/LogControl1';
const UNIT_PREFIX = `${MANAGER_PATH}/unit/`;
const JOB_PREFIX = `${MANAGER_PATH}/job/`;

/** 'foo_2eservice': whatever a path may not have becomes `_` and its number. */
export function escapeLabel(text: string): string {
  if (text === '') return '_';
  return [...Buffer.from(text)]
    .map((byte, i) => {
      const c = String.fromCharCode(byte);
      return /[A-Za-z]/.test(c) || (i > 0 && /[0-9]/.test(c)) ? c : `_${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

export function unescapeLabel(label: string): string {
  if (label === '_') return '';
  const bytes = label.replace(/_([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

export function unitPath(unit: string): string {
  return UNIT_PREFIX + escapeLabel(unit);
}

/** undefined: the path is no unit's. */
export function unitOfPath(path: string): string | undefined {
  return path.startsWith(UNIT_PREFIX) ? unescapeLabel(path.slice(UNIT_PREFIX.length)) : undefined;
}

export function jobPath(id: number): string {
  return JOB_PREFIX + String(id);
}

export function jobOfPath(path: string): number | undefined {
  return path.startsWith(JOB_PREFIX) && /^\d{1,10}$/.test(path.slice(JOB_PREFIX.length)) ? Number(path.slice(JOB_PREFIX.length)) : undefined;
}

/** An answer that is an error: its name, and systemd's words. */
export class CallError extends Error {
  constructor(
    readonly errorName: string,
    message: string,
  ) {
    super(message);
  }

  /** An error of systemd's own: 'NoSuchUnit' … */
  static systemd(name: string, message: string): CallError {
    return new CallError(`${BUS_NAME}.${name}`, message);
  }

  /** One that every D-Bus service may answer: 'InvalidArgs' … */
  static standard(name: string, message: string): CallError {
    return new CallError(`org.freedesktop.DBus.Error.${name}`, message);
  }
}
