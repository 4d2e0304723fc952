/**
 * What every verb has: the scope, the terminal and the way to the manager. A verb that asks gets its answer from the manager
 * or, when none runs, from the files; a verb that changes something starts a manager first.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { NotRunning, request } from '../control/client.js';
import type { Reply, Request, WireUnit } from '../control/protocol.js';
import { wireProperties, wireUnit } from '../control/wire-unit.js';
import { resolveScope } from '../load/resolve-scope.js';
import type { Scope } from '../load/scope.js';
import { UnitStore } from '../load/unit-store.js';
import { parseUnitName, templateOf } from '../unit/name.js';
import { suggestUnit } from '../unit/suggest-unit.js';
import { startInBackground } from './background.js';
import { CliError, EXIT } from './errors.js';
import type { Io } from './io.js';
import { globExpression } from '../unitfile/glob.js';

export interface CommonOptions {
  readonly user?: boolean;
  readonly system?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** How long a manager that stops its units may keep the next one waiting. */
const ENDING_MS = 100_000;

type ReplyOf<T extends Reply['type']> = Extract<Reply, { readonly type: T }>;

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

export class CliContext {
  #store: UnitStore | undefined;
  #noticeSaid = false;

  private constructor(
    readonly scope: Scope,
    readonly io: Io,
    readonly options: CommonOptions,
  ) {}

  /** Throws ScopeError and CliError. */
  static async open(io: Io, options: CommonOptions): Promise<CliContext> {
    if (options.system === true && process.getuid?.() !== 0) throw new CliError('The system manager is root’s', 'sudo rouse …, or leave --system out for your own manager');
    const scope = await resolveScope({ ...(options.user === true ? { user: true } : {}), env: process.env });
    return new CliContext(scope, io, options);
  }

  /** The files, read when they are first needed. */
  get store(): UnitStore {
    return (this.#store ??= new UnitStore(this.scope, process.env));
  }

  json(value: unknown): void {
    this.io.out(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  warn(text: string): void {
    if (this.options.quiet !== true) this.io.err(`${text}\n`);
  }

  /** Asks the manager; undefined when none runs. */
  async ask<T extends Reply['type']>(message: Request, expected: T): Promise<ReplyOf<T> | undefined> {
    try {
      return await request(this.scope.controlSocket, message, expected);
    } catch (error) {
      if (error instanceof NotRunning) return undefined;
      throw error;
    }
  }

  /** Asks the manager, which is started in the background when it does not run. One that is just ending is waited for. */
  async change<T extends Reply['type']>(message: Request, expected: T, onProgress?: (text: string) => void): Promise<ReplyOf<T>> {
    const deadline = performance.now() + ENDING_MS;
    for (let said = false; ; said = true) {
      try {
        return await request(this.scope.controlSocket, message, expected, onProgress);
      } catch (error) {
        if (!(error instanceof NotRunning)) throw error;
        if (performance.now() > deadline)
          throw new CliError('Another manager holds the lock and does not answer', `its folder is ${this.scope.rouseDir}, its log ${this.scope.logDir}/rouse.log`);
      }
      if (!said) {
        this.sayNotice();
        this.warn(`rouse: No manager runs, starting one in the background (its log: ${this.scope.logDir}/rouse.log)`);
      } else await new Promise((resolve) => setTimeout(resolve, 50));
      await startInBackground(this.scope, this.options);
    }
  }

  /** Why only some folders are read, or where the manager's files are: once a command. */
  sayNotice(): void {
    if (this.#noticeSaid) return;
    this.#noticeSaid = true;
    for (const line of [...this.scope.warnings, ...(this.scope.notice === undefined ? [] : [this.scope.notice])]) this.warn(`rouse: ${line}`);
  }

  /** The units of these names with their state. */
  async showUnits(names: readonly string[]): Promise<readonly WireUnit[]> {
    const reply = await this.ask({ method: 'show', units: names }, 'units');
    if (reply !== undefined) return reply.units;
    this.sayNotice();
    return names.map((name) => this.offlineUnit(name));
  }

  offlineUnit(name: string): WireUnit {
    const loaded = this.store.load(name);
    return wireProperties({ ...wireUnit(this.store, loaded), triggeredBy: this.#triggeredBy(loaded.name) }, loaded);
  }

  #triggeredBy(name: string): readonly string[] {
    const socket = name.replace(/\.service$/, '.socket');
    return socket !== name && this.store.load(socket).loadState === 'loaded' ? [socket] : [];
  }

  // Names

  /** 'echo' is echo.service, 'echo.container' the service that Quadlet makes of it; patterns stand for the units that there are. */
  unitNames(given: readonly string[]): readonly string[] {
    return [...new Set(given.flatMap((name) => this.#expand(name)))];
  }

  #expand(given: string): readonly string[] {
    if (/[*?[]/.test(given)) return this.#matching(given);
    const name = given.slice(given.lastIndexOf('/') + 1);
    if (name !== given) this.#mustBeRead(given);
    if (parseUnitName(name) !== undefined) return [name];
    if (/\.(container|pod|volume|network|kube|image|build|artifact)$/.test(name)) return [this.#serviceOfQuadlet(name)];
    const completed = `${name}.service`;
    if (parseUnitName(completed) === undefined)
      throw new CliError(`Invalid unit name '${given}'`, 'a unit is NAME.socket, NAME.service or NAME.target, of letters, digits and :-_.\\@');
    return [completed];
  }

  /** A path stands for the unit of that name. Throws CliError for a file that no manager reads: another file of the name would be meant. */
  #mustBeRead(path: string): void {
    if (!existsSync(path)) return;
    const folder = realpathSync(dirname(path));
    const { unitDirs, quadletDirs } = this.scope;
    const read = [...unitDirs, ...quadletDirs].some((each) => existsSync(each) && isBelow(folder, realpathSync(each)));
    if (!read) throw new CliError(`${path} is not where unit files are read`, `copy it to ${this.scope.configUnitDir}, or ROUSE_UNIT_PATH=${folder} rouse …`);
  }

  #serviceOfQuadlet(name: string): string {
    const found = [...this.store.quadlets].find(([, { source }]) => source.name === name);
    if (found === undefined) throw new CliError(`No Quadlet file ${name} found`, `Quadlet files are read from ${this.scope.quadletDirs.join(', ')}`, EXIT.noSuchUnit);
    return found[0];
  }

  #matching(pattern: string): readonly string[] {
    const expression = globExpression(pattern);
    return this.store.names().filter((name) => expression.test(name));
  }

  /** The hint that goes with a unit that does not exist. */
  missingHint(name: string): string {
    const names = this.store.names();
    const sibling = ['.socket', '.service'].map((type) => name.replace(/\.[a-z]+$/, type)).find((other) => other !== name && names.includes(other));
    const template = templateOf(name);
    const others = names.filter((other) => other !== name);
    const near = sibling ?? suggestUnit(name, others) ?? (template === undefined ? undefined : suggestUnit(template, others));
    return near === undefined
      ? `unit files are looked for in ${this.scope.unitDirs.slice(0, 4).join(', ')} …; rouse list-unit-files shows what is there`
      : `did you mean '${near}'?`;
  }
}
