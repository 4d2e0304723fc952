/**
 * What a unit's files say of it, as the wire has it. A verb that asks answers with this alone when no manager runs; a manager
 * adds the state.
 */
import { unitFileState } from '../load/install.js';
import type { LoadedUnit, UnitStore } from '../load/unit-store.js';
import { serviceOf } from '../unit/load.js';
import { addressText, KIND_TEXT } from '../unit/listen-text.js';
import { formatDiagnostic, type Diagnostic } from '../unitfile/diagnostic.js';
import { formatContents } from '../unitfile/format.js';
import { offlineSubject } from '../properties/subject.js';
import { showProperties } from '../properties/tables.js';
import type { WireDiagnostic, WireUnit } from './protocol.js';
import { statQuietly } from '../load/quietly.js';

export function toWireDiagnostic(diagnostic: Diagnostic): WireDiagnostic {
  const { severity, code, file, line, message, hint } = diagnostic;
  return { severity, code, file, line, message, ...(hint === undefined ? {} : { hint }), text: formatDiagnostic(diagnostic) };
}

/** A unit that nobody runs: inactive, or what its files make of it. */
export function wireUnit(store: UnitStore, loaded: LoadedUnit): WireUnit {
  const { config, contents } = loaded;
  return {
    name: loaded.name,
    description: config?.description ?? loaded.name,
    documentation: config?.documentation ?? [],
    loadState: loaded.loadState,
    activeState: 'inactive',
    subState: 'dead',
    result: 'success',
    fragmentPath: contents?.fragmentPath ?? '',
    ...(contents?.sourcePath === undefined ? {} : { sourcePath: contents.sourcePath, contents: formatContents(contents) }),
    dropInPaths: contents?.dropInPaths ?? [],
    stateChangeMs: 0,
    activeEnterMs: 0,
    triggers: config?.type === 'socket' ? [serviceOf(config)] : [],
    triggeredBy: [],
    diagnostics: loaded.diagnostics.map(toWireDiagnostic),
    needsDaemonReload: false,
    unitFileState: fileState(store, loaded),
    ...(config?.type === 'socket' ? { listen: config.listen.map((listen) => ({ kind: KIND_TEXT[listen.kind], address: addressText(listen) })) } : {}),
  };
}

function fileState(store: UnitStore, { name, loadState }: LoadedUnit): string {
  if (loadState === 'not-found') return '';
  return unitFileState(store, name);
}

/** Whether a file of the unit is newer than what was read. */
export function changedOnDisk({ contents, changedMs }: LoadedUnit): boolean {
  if (contents === undefined) return false;
  const paths = [contents.sourcePath ?? contents.fragmentPath, ...contents.dropInPaths].filter((path) => path.startsWith('/'));
  return paths.some((path) => {
    const stat = statQuietly(path);
    return stat === undefined || stat.mtimeMs > changedMs;
  });
}

/** With the properties that `show` prints, which are read when somebody looks at them. */
export function wireProperties(unit: WireUnit, loaded: LoadedUnit): WireUnit {
  return {
    ...unit,
    get properties() {
      return showProperties(offlineSubject(loaded, unit.unitFileState, unit.triggeredBy));
    },
  };
}
