/** A failed system call, as an error with its name, its code and its text; errno(3). */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** 'EACCES'; 'E123' for a number that this machine does not name. */
export function errnoCode(number: number): string {
  return NAMES.get(number) ?? `E${number}`;
}

/** 'Permission denied (EACCES)'. */
export function errnoText(number: number): string {
  const words = getSystemErrorMap().get(-number)?.[1] ?? 'unknown error';
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} (${errnoCode(number)})`;
}

/** The message reads 'bind: Permission denied (EACCES)'. */
export class SysError extends Error {
  readonly code: string;

  constructor(
    readonly syscall: string,
    readonly errno: number,
  ) {
    super(`${syscall}: ${errnoText(errno)}`);
    this.code = errnoCode(errno);
  }
}
