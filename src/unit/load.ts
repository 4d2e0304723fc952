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
import type { Draft, KeyRow } from './key-table.js';
import { instanceName, parseUnitName } from './name.js';
import { ROUSE_DEFAULTS, ROUSE_KEYS } from './rouse-keys.js';
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
    const install: Draft = { ...INSTALL_DEFAULTS };
    const common: Draft = { ...COMMON_DEFAULTS };
    const own: Draft = { ...this.#ownDefaults() };
    for (const section of this.contents.sections) this.#readSection(section, common, install, own);
    const failed = this.#diagnostics.some(({ severity }) => severity === 'error');
    return this.#done(failed ? undefined : this.#finish(common, install, own));
  }

  #ownDefaults(): Draft {
    const commands = { ...EXEC_DEFAULTS, ...KILL_DEFAULTS, ...ROUSE_DEFAULTS };
    return this.#type === 'socket' ? { ...commands, ...SOCKET_DEFAULTS } : this.#type === 'service' ? { ...commands, ...SERVICE_DEFAULTS } : {};
  }

  #readSection(section: Section, common: Draft, install: Draft, own: Draft): void {
    const mine = this.#type === undefined ? undefined : OWN_SECTION[this.#type];
    if (section.name === 'Unit') return this.#readKeys(section, UNIT_KEYS, common);
    if (section.name === 'Install') return this.#readKeys(section, INSTALL_KEYS, install);
    if (section.name === mine?.name) return this.#readKeys(section, mine.table, own);
    if (section.name === 'X-Rouse' && this.#type !== undefined) return this.#readKeys(section, ROUSE_KEYS[this.#type], own);
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

  #finish(common: Draft, install: Draft, own: Draft): UnitConfig | undefined {
    const { name, fragmentPath, sourcePath, dropInPaths } = this.contents;
    const jobRunningTimeoutMs = common['jobRunningTimeoutMs'] ?? common['jobTimeoutMs'];
    const base = {
      ...common,
      jobRunningTimeoutMs,
      name,
      fragmentPath,
      sourcePath,
      dropInPaths,
      description: (common['description'] as string | undefined) ?? name,
      install,
      type: this.#type,
    };
    const config = this.#type === 'socket' ? this.#socket(base, own) : this.#type === 'service' ? this.#service(base, own) : (base as unknown as UnitConfig);
    if (config === undefined) return undefined;
    const written = [...config.dependencies, ...(this.context.extraDependencies ?? [])].map((dependency) => this.#instantiate(dependency));
    const dependencies = this.#checkSelf([...written, ...impliedDependencies(config, this.#whole())]);
    return deepFreeze({ ...config, dependencies });
  }

  #socket(base: Draft, own: Draft): SocketConfig | undefined {
    const config = { ...base, ...own, ...split(own) } as unknown as SocketConfig;
    if (!this.#hasSection('Socket')) return undefined;
    const refusal = verifySocket(config);
    if (refusal !== undefined) return this.#refuse('Socket', refusal);
    const burst = config.accept ? 200 : 20;
    return { ...config, triggerLimitBurst: config.triggerLimitBurst ?? burst, pollLimitBurst: config.pollLimitBurst ?? (config.accept ? 150 : 15) };
  }

  #service(base: Draft, own: Draft): ServiceConfig | undefined {
    if (!this.#hasSection('Service')) return undefined;
    const draft = { ...base, ...own, ...split(own) } as unknown as ServiceConfig;
    const serviceType = draft.serviceType ?? (draft.busName !== undefined ? 'dbus' : draft.execStart.length > 0 ? 'simple' : 'oneshot');
    const notifies = serviceType === 'notify' || serviceType === 'notify-reload' || draft.watchdogMs > 0 || draft.fileDescriptorStoreMax > 0;
    const config: ServiceConfig = {
      ...draft,
      serviceType,
      timeoutStartMs: draft.timeoutStartMs ?? (serviceType === 'oneshot' ? Infinity : TIMEOUT_MS),
      timeoutAbortMs: draft.timeoutAbortMs ?? draft.timeoutStopMs,
      notifyAccess: draft.notifyAccess === undefined || (draft.notifyAccess === 'none' && notifies) ? (notifies ? 'main' : 'none') : draft.notifyAccess,
      pidFile: draft.pidFile === undefined || draft.pidFile.startsWith('/') ? draft.pidFile : `${this.context.facts.runtimeDir}/${draft.pidFile}`,
    };
    const refusal = verifyService(config);
    return refusal === undefined ? config : this.#refuse('Service', refusal);
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

  #refuse(section: string, { code, message, hint }: Refusal): undefined {
    const place = this.contents.sections.find(({ name }) => name === section)?.place ?? this.#whole();
    this.#error(place, code, `${message}, refusing to load`, hint);
    return undefined;
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

/** The flat draft of a section that runs commands, as the two groups that its config has. */
function split(own: Draft): { exec: Draft; kill: Draft } {
  const pick = (defaults: object, more: readonly string[]): Draft => Object.fromEntries([...Object.keys(defaults), ...more].map((key) => [key, own[key]]));
  const exec = pick(EXEC_DEFAULTS, ['user', 'group', 'workingDirectory', 'rootDirectory', 'nice', 'oomScoreAdjust', 'syslogIdentifier', 'standardOutput']);
  exec['standardOutput'] ??= defaultOutput(exec['standardInput'] as InputTarget);
  return { exec, kill: pick(KILL_DEFAULTS, ['restartKillSignal']) };
}

/** systemd.exec(5), StandardOutput=: what reads from a client answers that client. */
function defaultOutput({ type }: InputTarget): OutputTarget {
  return { type: type === 'socket' || type === 'fd' ? 'inherit' : 'journal' };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
