/** `rouse enable`, `disable`, `reenable`, `mask` and `unmask`: links on disk, and then word to the manager when one runs. */
import { disableUnits, enableUnits, InstallError, maskUnits, unmaskUnits, type InstallResult } from '../load/install.js';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';
import { runJobs } from './jobs.js';

export interface InstallOptions {
  readonly now?: boolean;
  readonly force?: boolean;
}

type Verb = 'enable' | 'disable' | 'reenable' | 'mask' | 'unmask';

export async function install(context: CliContext, verb: Verb, given: readonly string[], options: InstallOptions): Promise<number> {
  const names = context.unitNames(given);
  const result = attempt(context, () => change(context, verb, names, options));
  if (context.options.json === true) context.json(result.changes);
  else for (const { type, path, target } of result.changes) context.warn(type === 'created' ? `Created symlink '${path}' → '${target}'.` : `Removed '${path}'.`);
  if (result.static.length > 0) explainStatic(context, result.static);
  context.sayNotice();
  if (result.changes.length > 0) await context.ask({ method: 'daemon-reload' }, 'done');
  if (options.now !== true) return EXIT.success;
  return runJobs(context, verb === 'disable' || verb === 'mask' ? 'stop' : 'start', names);
}

function change({ store }: CliContext, verb: Verb, names: readonly string[], options: InstallOptions): InstallResult {
  switch (verb) {
    case 'enable':
      return enableUnits(store, names, options.force === true);
    case 'disable':
      return disableUnits(store, names);
    case 'reenable': {
      const removed = disableUnits(store, names);
      const made = enableUnits(store, names, options.force === true);
      return { changes: [...removed.changes, ...made.changes], static: made.static };
    }
    case 'mask':
      return maskUnits(store, names);
    case 'unmask':
      return unmaskUnits(store, names);
  }
}

function attempt(context: CliContext, action: () => InstallResult): InstallResult {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    const name = /Unit (\S+) does not exist/.exec(error.message)?.[1];
    throw new CliError(error.message, error.hint ?? (name === undefined ? undefined : context.missingHint(name)));
  }
}

function explainStatic(context: CliContext, names: readonly string[]): void {
  context.warn(
    `${names.join(', ')}: No [Install] section with WantedBy=, RequiredBy=, UpheldBy=, Also= or Alias=: there is nothing to enable or disable\n  hint: rouse start runs it; a socket, or another unit that wants it, can start it too`,
  );
}
