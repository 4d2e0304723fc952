/** `rouse verify`: what the generator and the manager would object to, and what their users would regret. Needs no manager, no podman and no root. */
import { resolve } from 'node:path';
import type { Scope } from '../load/scope.js';
import type { Severity } from '../unitfile/diagnostic.js';
import { quadletSearchPath, unitSearchPath, type SearchContext } from '../unitfile/search-path.js';
import { allInputs, namedInputs } from '../verify/inputs.js';
import { count, FORMATS, githubLines, jsonReport, sarifReport, summary, textLines, type Format, type Report } from '../verify/reports.js';
import { verify as verifyInputs } from '../verify/verify.js';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';

/** The build puts it in. */
declare const ROUSE_VERSION: string;

export interface VerifyOptions {
  readonly all?: boolean;
  readonly format?: string;
  readonly strict?: boolean;
  /** False with --no-host. */
  readonly host?: boolean;
}

/** Exit code 1 where there are errors, or with --strict warnings. */
export async function verify(context: CliContext, words: readonly string[], options: VerifyOptions): Promise<number> {
  const format = formatOf(context, options);
  if (options.all !== true && words.length === 0) throw new CliError('Nothing to verify', 'rouse verify FILE…, or --all for every file of this manager');
  const cwd = process.cwd();
  const scope = scopeOf(context.scope, options.all === true ? [] : words.map((word) => resolve(cwd, word)));
  const inputs = options.all === true ? allInputs(scope) : namedInputs(words, cwd, scope);
  const findings = verifyInputs(inputs, { scope, env: process.env, host: options.host !== false });
  print(context, format, { findings, files: inputs.inputs.length, cwd });
  return count(findings, 'error') + (options.strict === true ? count(findings, 'warning') : 0) > 0 ? EXIT.failure : EXIT.success;
}

function formatOf(context: CliContext, { format }: VerifyOptions): Format {
  if (format === undefined) return context.options.json === true ? 'json' : 'text';
  const found = FORMATS.find((known) => known === format);
  if (found === undefined) throw new CliError(`Unknown format '${format}'`, `--format=${FORMATS.join(', --format=')}`);
  return found;
}

const SYSTEM_FOLDERS = /^\/(etc|run|usr\/(local\/)?lib|lib)\/systemd\/system\/|^\/(etc|run|usr\/share)\/containers\/systemd\/(?!users\/)|^\/etc\/rouse\//;

/**
 * Files are read where a systemd runs, too, and its search path counts then. What stands in the system's folders is for
 * the system's manager, whoever asks.
 */
function scopeOf(scope: Scope, paths: readonly string[]): Scope {
  const system = paths.length > 0 && paths.every((path) => SYSTEM_FOLDERS.test(path));
  const mine = system && scope.mode === 'user' ? { ...scope, mode: 'system' as const, uid: 0, gid: 0, userName: 'root', home: '/root', runtimeDir: '/run' } : scope;
  const search: SearchContext = { mode: mine.mode, uid: mine.uid, home: mine.home, runtimeDir: mine.runtimeDir, env: process.env };
  if (mine === scope && scope.notice === undefined) return scope;
  return { ...mine, unitDirs: [...new Set([...scope.unitDirs, ...unitSearchPath(search)])], quadletDirs: [...new Set([...scope.quadletDirs, ...quadletSearchPath(search)])] };
}

function print(context: CliContext, format: Format, report: Report): void {
  const { style, out } = context.io;
  const paint: Readonly<Record<Severity, (text: string) => string>> = { error: style.red, warning: style.yellow, info: (text) => text };
  switch (format) {
    case 'json':
      return context.json(jsonReport(report));
    case 'sarif':
      return context.json(sarifReport(report, ROUSE_VERSION));
    case 'github':
      return out(githubLines(report));
    case 'text':
      out(textLines(report, (severity, text) => paint[severity](text)));
      return context.warn(summary(report));
  }
}
