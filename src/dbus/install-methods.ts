/** enable, disable, mask and their kin on the bus; what they do is load/install.ts. Links count for the manager after its next Reload. */
import { disableUnits, enableUnits, InstallError, maskUnits, unitFileState, unmaskUnits, type InstallResult, type LinkChange } from '../load/install.js';
import { addDependencies, linkUnits, revertUnits, setDefaultTarget } from '../load/link-units.js';
import { presetUnits } from '../load/preset.js';
import type { Api } from './api.js';
import { method, query, type CallContext, type Method } from './interface.js';
import { CallError } from './names.js';
import type { Value } from './value.js';

type Context = CallContext<undefined>;
type Names = readonly string[];

/** The flags of EnableUnitFilesWithFlags; org.freedesktop.systemd1(5). */
const RUNTIME = 1n;
const FORCE = 2n;

const CHANGES = 'changes:a(sss)';
const WITH_INFO = `carries_install_info:b ${CHANGES}`;

function changes(all: readonly LinkChange[]): Value {
  return all.map(({ type, path, target }) => (type === 'created' ? ['symlink', path, target] : ['unlink', path, '']));
}

/** Whether [Install] of any of them asks for something, and the links. */
function withInfo(names: Names, result: InstallResult): readonly Value[] {
  return [names.some((name) => !result.static.includes(name)), changes(result.changes)];
}

/** Throws CallError. */
function install<T>({ api }: Context, runtime: boolean, action: () => T): T {
  if (runtime) throw CallError.standard('NotSupported', 'rouse makes no links that are gone after a restart: leave --runtime out');
  try {
    const result = action();
    api.notifier.signal('UnitFilesChanged');
    return result;
  } catch (error) {
    if (error instanceof InstallError) throw refusal(error);
    throw error;
  }
}

/** The client says what failed before these words. */
function refusal({ message, hint }: InstallError): CallError {
  const [, path] = /^Failed to make the link (.*): a file of this name exists already$/.exec(message) ?? [];
  const [, target] = /^it leads to (.*);/.exec(hint ?? '') ?? [];
  if (path !== undefined) return CallError.systemd('UnitExists', `File '${path}' already exists${target === undefined ? '' : ` and is a symlink to ${target}`}`);
  const words = message.replace(/^Failed to [a-z]+ unit: /, '');
  const name = words.endsWith('does not exist') ? 'NoSuchUnit' : words.endsWith('is masked') ? 'UnitMasked' : 'UnitExists';
  return CallError.systemd(name, hint === undefined ? words : `${words} (${hint})`);
}

function enable(context: Context, names: Names, runtime: boolean, force: boolean): readonly Value[] {
  return install(context, runtime, () => withInfo(names, enableUnits(context.api.store, names, force)));
}

function disable(context: Context, names: Names, runtime: boolean): InstallResult {
  return install(context, runtime, () => disableUnits(context.api.store, names));
}

function reenable(context: Context, names: Names, runtime: boolean, force: boolean): readonly Value[] {
  const removed = disable(context, names, runtime);
  const [info, created] = enable(context, names, runtime, force);
  return [info as Value, [...(changes(removed.changes) as readonly Value[]), ...(created as readonly Value[])]];
}

function preset(context: Context, names: Names, mode: string, runtime: boolean): readonly Value[] {
  const known = (['full', 'enable-only', 'disable-only'] as const).find((each) => each === (mode === '' ? 'full' : mode));
  if (known === undefined) throw CallError.standard('InvalidArgs', `Bad preset mode '${mode}'`);
  return install(context, runtime, () => withInfo(names, presetUnits(context.api.store, names, known)));
}

export const INSTALL_METHODS: readonly Method<undefined>[] = [
  query('GetUnitFileState', 'file:s', 'state:s', ({ api }: Context, name: string) => [fileState(api, name)]),
  method('EnableUnitFiles', 'files:as runtime:b force:b', WITH_INFO, enable),
  method('EnableUnitFilesWithFlags', 'files:as flags:t', WITH_INFO, (context: Context, names: Names, flags: bigint) =>
    enable(context, names, (flags & RUNTIME) !== 0n, (flags & FORCE) !== 0n),
  ),
  method('DisableUnitFiles', 'files:as runtime:b', CHANGES, (context: Context, names: Names, runtime: boolean) => [changes(disable(context, names, runtime).changes)]),
  method('DisableUnitFilesWithFlags', 'files:as flags:t', CHANGES, (context: Context, names: Names, flags: bigint) => [
    changes(disable(context, names, (flags & RUNTIME) !== 0n).changes),
  ]),
  method('DisableUnitFilesWithFlagsAndInstallInfo', 'files:as flags:t', WITH_INFO, (context: Context, names: Names, flags: bigint) =>
    withInfo(names, disable(context, names, (flags & RUNTIME) !== 0n)),
  ),
  method('ReenableUnitFiles', 'files:as runtime:b force:b', WITH_INFO, reenable),
  method('MaskUnitFiles', 'files:as runtime:b force:b', CHANGES, (context: Context, names: Names, runtime: boolean) => [
    changes(install(context, runtime, () => maskUnits(context.api.store, names)).changes),
  ]),
  method('UnmaskUnitFiles', 'files:as runtime:b', CHANGES, (context: Context, names: Names, runtime: boolean) => [
    changes(install(context, runtime, () => unmaskUnits(context.api.store, names)).changes),
  ]),
  method('LinkUnitFiles', 'files:as runtime:b force:b', CHANGES, (context: Context, paths: Names, runtime: boolean, force: boolean) => [
    changes(install(context, runtime, () => linkUnits(context.api.store, paths, force)).changes),
  ]),
  method('PresetUnitFiles', 'files:as runtime:b force:b', WITH_INFO, (context: Context, names: Names, runtime: boolean) => preset(context, names, 'full', runtime)),
  method('PresetUnitFilesWithMode', 'files:as mode:s runtime:b force:b', WITH_INFO, preset),
  method(
    'AddDependencyUnitFiles',
    'files:as target:s type:s runtime:b force:b',
    CHANGES,
    (context: Context, names: Names, target: string, type: string, runtime: boolean, force: boolean) => [
      changes(install(context, runtime, () => addDependencies(context.api.store, names, target, type === 'Requires' ? 'requires' : 'wants', force)).changes),
    ],
  ),
  method('SetDefaultTarget', 'name:s force:b', CHANGES, (context: Context, name: string) => [
    changes(install(context, false, () => setDefaultTarget(context.api.store, name)).changes),
  ]),
  method('RevertUnitFiles', 'files:as', CHANGES, (context: Context, names: Names) => [changes(install(context, false, () => revertUnits(context.api.store, names)))]),
  query('GetUnitFileLinks', 'name:s runtime:b', 'links:as', ({ api }: Context, name: string) => [
    api.store.index.links.filter((link) => link.name === name || link.target?.endsWith(`/${name}`)).map(({ path }) => path),
  ]),
  query('GetDefaultTarget', '', 'name:s', ({ api }: Context) => [api.store.load('default.target').name]),
];

/** Throws CallError. */
function fileState(api: Api, name: string): string {
  const state = unitFileState(api.store, name);
  if (state === 'not-found') throw CallError.standard('FileNotFound', 'No such file or directory');
  return state;
}
