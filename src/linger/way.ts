/** A way to have something started at boot: what the host's own init, or cron, offers. */
import type { LingerHost } from './host.js';
import type { Target } from './target.js';

export interface Way {
  readonly name: string;
  /** Only root can: what it writes belongs to the host. */
  readonly needsRoot: boolean;
  isHere(host: LingerHost, target: Target): boolean;
  isEnabled(host: LingerHost, target: Target): boolean;
  /** Returns what was done, a line each. Throws LingerError. Doing it again changes nothing. */
  enable(host: LingerHost, target: Target): readonly string[];
  /** Returns what was undone; nothing when it was not enabled. Throws LingerError. */
  disable(host: LingerHost, target: Target): readonly string[];
}

export class LingerError extends Error {
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** Runs a command that must succeed. Throws LingerError with its words. */
export function mustRun(host: LingerHost, program: string, args: readonly string[], input?: string): string {
  const { ok, stdout, stderr } = host.run(program, args, input);
  if (!ok) throw new LingerError(`${program} ${args.join(' ')} failed: ${stderr.trim() || 'it said nothing'}`);
  return stdout;
}

export const MADE_BY = 'Made by `rouse linger enable`; `rouse linger disable` removes it.';
