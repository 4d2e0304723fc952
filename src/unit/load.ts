/**
 * Merged contents to a typed, frozen config; systemd.unit(5). Every value goes through its row in a table; what it was not
 * becomes a diagnostic with file and line. Never throws on what a user wrote.
 */
import type { Diagnostic, Parsed, Place } from '../unitfile/diagnostic.js';
import { suggest } from '../unitfile/suggest.js';
import { expandSpecifiers, type SpecifierTable } from '../unitfile/specifier.js';
import type { Assignment, Section, UnitContents } from '../unitfile/unit-file.js';
import type { Dependency, InputTarget, OutputTarget, ServiceConfig, SocketConfig, UnitConfig, UnitType } from './config.js';
import { COMMON_DEFAULTS, EXEC_DEFAULTS, INSTALL_DEFAULTS, KILL_DEFAULTS, SERVICE_DEFAULTS, SOCKET_DEFAULTS, TIMEOUT_MS } from './defaults.js';
import { impliedDependencies } from './implied.js';
import { deepFreeze, frozenValues, inheriting, part } from './inherit.js';
import type { Draft, KeyRow } from './key-table.js';
import { instanceName, parseUnitName } from './name.js';
import { ROUSE_DEFAULTS, ROUSE_KEYS } from './rouse-keys.js';
import { completeSandbox, type SandboxConfig } from './sandbox.js';
import { SERVICE_KEYS } from './service-keys.js';
import { SOCKET_KEYS } from './socket-keys.js';
import { specifierTable, type SpecifierFacts } from './specifiers.js';
import { INSTALL_KEYS, UNIT_KEYS } from './unit-keys.js';
import { verifyService, verifySocket, type Refusal } from './verify.js';

export interface LoadContext {
  readonly facts: SpecifierFacts;
  /** From `.wants/`, `.requires/` and `.upholds/` folders. */
  readonly extraDependencies?: readonly Dependency[];
}

type Table = ReadonlyMap<string, KeyRow>;

interface About {
  readonly section: string;
  readonly key: string;
}

const OWN_SECTION: Readonly<Record<UnitType, { readonly name: string; readonly table: Table } | undefined>> = {
  socket: { name: 'Socket', table: SOCKET_KEYS },
  service: { name: 'Service', table: SERVICE_KEYS },
  target: undefined,
};

const COMMANDS = { ...EXEC_DEFAULTS, ...KILL_DEFAULTS, ...ROUSE_DEFAULTS };
/** What a config of each type inherits. */
const DEFAULTS: Readonly<Record<UnitType, object>> = {
  socket: frozenValues({ ...COMMON_DEFAULTS, ...COMMANDS, ...SOCKET_DEFAULTS }),
  service: frozenValues({ ...COMMON_DEFAULTS, ...COMMANDS, ...SERVICE_DEFAULTS }),
  target: frozenValues({ ...COMMON_DEFAULTS }),
};
/** Of what runs and whose files say nothing of how. */
const EXEC_OF_ALL = deepFreeze({ ...EXEC_DEFAULTS, standardOutput: defaultOutput({ type: 'null' }) });
const EXEC_FIELDS = new Set([
  ...Object.keys(EXEC_DEFAULTS),
  ...['user', 'group', 'workingDirectory', 'rootDirectory', 'nice', 'oomScoreAdjust', 'syslogIdentifier', 'standardOutput'],
]);
const KILL_FIELDS = new Set([...Object.keys(KILL_DEFAULTS), 'restartKillSignal']);
const NO_INSTALL = deepFreeze({ ...INSTALL_DEFAULTS });
const INSTALL_FIELDS = new Set(Object.keys(INSTALL_DEFAULTS));

/** `value` is undefined when an error keeps the unit from loading. */
export function loadUnit(contents: UnitContents, context: LoadContext): Parsed<UnitConfig | undefined> {
  return new Loader(contents, context).load();
}

/** The service that a socket triggers; with Accept=yes the template of those; systemd.socket(5), Service=. */
export function serviceOf(config: SocketConfig): string {
  if (config.accept) return `${parseUnitName(config.name)?.prefix ?? config.name}@.service`;
  return config.service ?? config.name.replace(/\.socket$/, '.service');
}

class Loader {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #type: UnitType | undefined;

  constructor(
    readonly contents: UnitContents,
    readonly context: LoadContext,
  ) {
    const type = parseUnitName(contents.name)?.type;
    this.#type = type === 'socket' || type === 'service' || type === 'target' ? type : undefined;
  }

  load(): Parsed<UnitConfig | undefined> {
    if (this.#type === undefined) {
      this.#error(this.#whole(), 'unknown-type', `'${this.contents.name}' is not a unit that rouse can run, refusing to load`, 'its name ends in .socket, .service or .target');
      return this.#done(undefined);
    }
    const install = inheriting(INSTALL_DEFAULTS);
    const draft = inheriting(DEFAULTS[this.#type]);
    for (const section of this.contents.sections) this.#readSection(section, draft, install);
    const failed = this.#diagnostics.some(({ severity }) => severity === 'error');
    return this.#done(failed ? undefined : this.#finish(draft, install));
  }

  #readSection(section: Section, draft: Draft, install: Draft): void {
    const mine = this.#type === undefined ? undefined : OWN_SECTION[this.#type];
    if (section.name === 'Unit') return this.#readKeys(section, UNIT_KEYS, draft);
    if (section.name === 'Install') return this.#readKeys(section, INSTALL_KEYS, install);
    if (section.name === mine?.name) return this.#readKeys(section, mine.table, draft);
    if (section.name === 'X-Rouse' && this.#type !== undefined) return this.#readKeys(section, ROUSE_KEYS[this.#type], draft);
    // Sections of others, Quadlet's among them in what it generated, begin with X-; systemd.unit(5).
    if (section.name.startsWith('X-')) return;
    const near = suggest(section.name, ['Unit', 'Install', ...(mine === undefined ? [] : [mine.name])]);
    this.#warn(section.place, 'unknown-section', `Unknown section [${section.name}], ignoring`, near === undefined ? undefined : `did you mean [${near}]?`);
  }

  #readKeys(section: Section, table: Table, draft: Draft): void {
    const specifiers = specifierTable(this.contents.name, this.context.facts, this.contents.fragmentPath);
    const said = new Set<string>();
    for (const assignment of section.assignments) {
      const { key, value } = assignment;
      const row = table.get(key);
      const about = { section: section.name, key };
      if (row === undefined) {
        if (key.startsWith('X-')) continue;
        this.#warn(assignment, 'unknown-key', `Unknown key '${key}' in section [${section.name}], ignoring`, this.#keyHint(key, section.name, table), about);
      } else if (row.without !== undefined) {
        if (said.has(key) || row.moot?.(value) === true) continue;
        if (value !== '') this.#warn(assignment, 'unsupported-key', `${key}= is not supported, ignoring: ${row.without}`, undefined, about);
        said.add(key);
      } else this.#readValue(row, draft, assignment, specifiers, about);
    }
  }

  #keyHint(key: string, section: string, table: Table): string | undefined {
    if (section !== 'X-Rouse' && this.#type !== undefined && ROUSE_KEYS[this.#type].has(key)) return 'it stands in section [X-Rouse]';
    const near = suggest(key, table.keys());
    return near === undefined ? undefined : `did you mean '${near}'?`;
  }

  #readValue(row: KeyRow, draft: Draft, assignment: Assignment, specifiers: SpecifierTable, about: About): void {
    const { key, value } = assignment;
    const vital = row.vital?.(value) === true;
    const say = (text: string, refused: boolean, hint?: string): void => {
      const message = `Failed to parse ${key}=, ${refused ? 'refusing to load' : 'ignoring'}: ${text}`;
      this.#diagnostics.push({
        severity: refused ? 'error' : 'warning',
        code: 'bad-value',
        file: assignment.file,
        line: assignment.line,
        message,
        ...about,
        ...(hint === undefined ? {} : { hint }),
      });
    };
    const [unknown] = expandSpecifiers(value, specifiers).unknown;
    if (unknown !== undefined) return say(`'%${unknown}' is not a specifier`, vital, 'a plain % is written %%');
    const skip = (word: string, expected: string): void => say(`'${word}' is not ${expected}`, false);
    const expected = row.read(draft, value, { specifiers, place: assignment, skip });
    if (expected !== undefined) say(`'${value}' is not ${expected}`, vital);
  }

  #finish(draft: Draft, install: Draft): UnitConfig | undefined {
    const { name, fragmentPath, sourcePath, dropInPaths } = this.contents;
    Object.assign(draft, {
      jobRunningTimeoutMs: draft['jobRunningTimeoutMs'] ?? draft['jobTimeoutMs'],
      name,
      fragmentPath,
      sourcePath,
      dropInPaths,
      description: draft['description'] ?? name,
      install: part(install, INSTALL_FIELDS, NO_INSTALL),
      type: this.#type,
    });
    const isWhole = this.#type === 'socket' ? this.#finishSocket(draft) : this.#type === 'service' ? this.#finishService(draft) : true;
    if (!isWhole) return undefined;
    const config = draft as unknown as UnitConfig;
    const written = [...config.dependencies, ...(this.context.extraDependencies ?? [])].map((dependency) => this.#instantiate(dependency));
    draft['dependencies'] = this.#checkSelf([...written, ...impliedDependencies(config, this.#whole(), this.context.facts.mode)]);
    return deepFreeze(config);
  }

  #finishSocket(draft: Draft): boolean {
    if (!this.#hasSection('Socket')) return false;
    splitOff(draft, this.contents.name, this.context.facts);
    const config = draft as unknown as SocketConfig;
    const refusal = verifySocket(config);
    if (refusal !== undefined) return this.#refuse('Socket', refusal);
    draft['triggerLimitBurst'] ??= config.accept ? 200 : 20;
    draft['pollLimitBurst'] ??= config.accept ? 150 : 15;
    return true;
  }

  #finishService(draft: Draft): boolean {
    if (!this.#hasSection('Service')) return false;
    splitOff(draft, this.contents.name, this.context.facts);
    const config = draft as unknown as ServiceConfig;
    draft['serviceType'] ??= config.busName !== undefined ? 'dbus' : config.execStart.length > 0 ? 'simple' : 'oneshot';
    draft['timeoutStartMs'] ??= config.serviceType === 'oneshot' ? Infinity : TIMEOUT_MS;
    draft['timeoutAbortMs'] ??= config.timeoutStopMs;
    const notifies = config.serviceType === 'notify' || config.serviceType === 'notify-reload' || config.watchdogMs > 0 || config.fileDescriptorStoreMax > 0;
    if (draft['notifyAccess'] === undefined || (draft['notifyAccess'] === 'none' && notifies)) draft['notifyAccess'] = notifies ? 'main' : 'none';
    if (config.pidFile !== undefined && !config.pidFile.startsWith('/')) draft['pidFile'] = `${this.context.facts.runtimeDir}/${config.pidFile}`;
    const refusal = verifyService(config);
    return refusal === undefined || this.#refuse('Service', refusal);
  }

  #hasSection(name: string): boolean {
    if (this.contents.sections.some((section) => section.name === name)) return true;
    this.#error(this.#whole(), 'missing-section', `No section [${name}], refusing to load`, `a .${name.toLowerCase()} file has a section [${name}]`);
    return false;
  }

  /** A template that is depended on becomes an instance, by our own instance or by our prefix. */
  #instantiate(dependency: Dependency): Dependency {
    if (parseUnitName(dependency.name)?.instance !== '') return dependency;
    const own = parseUnitName(this.contents.name);
    return { ...dependency, name: instanceName(dependency.name, own?.instance || (own?.prefix ?? '')) };
  }

  /** A dependency on oneself is a slip: it is dropped, and said where somebody wrote it. */
  #checkSelf(dependencies: readonly Dependency[]): readonly Dependency[] {
    return dependencies.filter(({ name, kind, place }) => {
      if (name !== this.contents.name) return true;
      if (place.line > 0) this.#warn(place, 'self-dependency', `The unit depends on itself (${kind}), ignoring`);
      return false;
    });
  }

  #refuse(section: string, { code, message, hint }: Refusal): false {
    const place = this.contents.sections.find(({ name }) => name === section)?.place ?? this.#whole();
    this.#error(place, code, `${message}, refusing to load`, hint);
    return false;
  }

  /** What Quadlet made has no file of its own: its source stands for it. */
  #whole(): Place {
    const { fragmentPath, sourcePath, dropInPaths, name } = this.contents;
    return { file: fragmentPath || sourcePath || dropInPaths[0] || name, line: 0 };
  }

  #warn(place: Place, code: string, message: string, hint?: string, about: Partial<About> = {}): void {
    this.#diagnostics.push({ severity: 'warning', file: place.file, line: place.line, code, message, ...(hint === undefined ? {} : { hint }), ...about });
  }

  #error(place: Place, code: string, message: string, hint: string): void {
    this.#diagnostics.push({ severity: 'error', file: place.file, line: place.line, code, message, hint });
  }

  #done(value: UnitConfig | undefined): Parsed<UnitConfig | undefined> {
    return { value, diagnostics: this.#diagnostics };
  }
}

/** Of the flat draft of a section that runs commands, the two groups that its config has. */
function splitOff(draft: Draft, name: string, facts: SpecifierFacts): void {
  if (Object.hasOwn(draft, 'standardInputData')) takeData(draft);
  if (Object.hasOwn(draft, 'sandbox')) finishSandbox(draft, name, facts);
  const output = (draft['standardOutput'] as OutputTarget | undefined) ?? defaultOutput(draft['standardInput'] as InputTarget);
  if (Object.hasOwn(draft, 'standardOutput') || output.type !== EXEC_OF_ALL.standardOutput.type) draft['standardOutput'] = output;
  draft['exec'] = part(draft, EXEC_FIELDS, EXEC_OF_ALL);
  draft['kill'] = part(draft, KILL_FIELDS, KILL_DEFAULTS);
}

function finishSandbox(draft: Draft, name: string, { mode }: SpecifierFacts): void {
  const sandbox = completeSandbox(draft['sandbox'] as SandboxConfig);
  draft['sandbox'] = sandbox;
  if (!sandbox.dynamicUser || mode === 'user') return;
  const { prefix = '' } = parseUnitName(name) ?? {};
  // systemd.exec(5), DynamicUser=: the user is called as the unit is.
  if (/^[a-zA-Z_][\w-]{0,30}$/.test(prefix)) draft['user'] ??= prefix;
  draft['group'] ??= draft['user'];
  draft['noNewPrivileges'] = true;
}

/** systemd.exec(5), StandardInputText=: it is what is read where nothing else is said. */
function takeData(draft: Draft): void {
  const { type } = draft['standardInput'] as InputTarget;
  const data = draft['standardInputData'] as Uint8Array;
  if (type === 'data' || (type === 'null' && data.length > 0)) draft['standardInput'] = { type: 'data', data };
}

/** systemd.exec(5), StandardOutput=: what reads from a client answers that client. */
function defaultOutput({ type }: Pick<InputTarget, 'type'>): OutputTarget {
  return { type: type === 'socket' || type === 'fd' ? 'inherit' : 'journal' };
}
