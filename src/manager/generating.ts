/** Generators at the start of the manager and at each reload, with the variables that systemd gives them; systemd.generator(7). */
import { join } from 'node:path';
import { runGenerators } from '../exec/generator-run.js';
import { findGenerators } from '../load/generators.js';
import { GENERATED_UNITS } from '../load/scope.js';
import type { ManagerHost } from './manager.js';
import { virtualization } from './virtualization.js';

const SYSTEM_ONLY = [
  ['SYSTEMD_IN_INITRD', '0'],
  ['SYSTEMD_FIRST_BOOT', '0'],
] as const;

/** Resolves when all have ended. Whether there were any. */
export async function generate({ scope, store, launchHost, poller, print }: ManagerHost): Promise<boolean> {
  const programs = findGenerators(scope.generatorDirs);
  const environment = new Map<string, string>([
    ...launchHost.environment,
    ['SYSTEMD_SCOPE', scope.mode],
    ['SYSTEMD_ARCHITECTURE', store.facts.architecture],
    ...(scope.mode === 'system' ? SYSTEM_ONLY : []),
  ]);
  const virtual = scope.mode === 'system' && programs.length > 0 ? virtualization() : undefined;
  if (virtual !== undefined) environment.set('SYSTEMD_VIRTUALIZATION', virtual);
  await runGenerators({ programs, folder: join(scope.rouseDir, GENERATED_UNITS), environment, poller, print });
  return programs.length > 0;
}
