/** A compose file as a whole: what its services have in common, and what they need of each other. */
import { dirname, isAbsolute, join } from 'node:path';
import type { ComposeFile } from './compose-file.js';
import type { Note } from './note.js';
import { isRecord, pairs, text, texts } from './values.js';

export interface ProjectAround {
  /** The path of the compose file. */
  readonly path: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** In place of the name that the file or its folder gives. */
  readonly name: string | undefined;
  readonly profiles: readonly string[];
}

export class Project {
  readonly name: string;
  readonly notes: Note[];
  readonly services: ReadonlyMap<string, Readonly<Record<string, unknown>>>;

  constructor(
    readonly file: ComposeFile,
    readonly around: ProjectAround,
  ) {
    this.notes = [...file.notes];
    this.name = plainName(around.name ?? text(file.content['name']) ?? dirname(around.path).split('/').at(-1) ?? 'compose');
    this.services = this.#readServices();
  }

  get env(): ProjectAround['env'] {
    return this.around.env;
  }

  get comment(): string {
    return `Made by rouse import from ${this.around.path}`;
  }

  /** Without its suffix. */
  unitName(name: string): string {
    return `${this.name}-${plainName(name)}`;
  }

  section(name: string): Readonly<Record<string, unknown>> {
    const section = this.file.content[name];
    return isRecord(section) ? section : {};
  }

  note(path: readonly (string | number)[], message: string, hint?: string): void {
    this.notes.push({ line: this.file.lineOf(path), key: path.join('.'), message, hint });
  }

  resolve(path: string): string {
    if (path.startsWith('~/')) return join(this.around.home, path.slice(2));
    return isAbsolute(path) ? path : join(dirname(this.around.path), path);
  }

  volumeUnit(name: string): string | undefined {
    return name in this.section('volumes') ? `${this.unitName(name)}.volume` : undefined;
  }

  networkUnit(name: string): string {
    return `${this.unitName(name)}.network`;
  }

  /** With its registry: 'nginx' is what Docker takes it for. */
  fullImage(image: string): string {
    const [first = '', ...rest] = image.split('/');
    if (rest.length === 0) return `docker.io/library/${image}`;
    return first === 'localhost' || /[.:]/.test(first) ? image : `docker.io/${image}`;
  }

  dependenciesOf(name: string): readonly string[] {
    const { depends_on: on, network_mode: mode } = this.services.get(name) ?? {};
    const named = isRecord(on) ? Object.keys(on) : texts(on ?? []);
    const joined = /^service:(.+)$/.exec(text(mode) ?? '')?.[1];
    return [...new Set([...named, ...(joined === undefined ? [] : [joined])])].filter((other) => this.services.has(other));
  }

  /** Services that connect to this one by its name. */
  usersOf(name: string): readonly string[] {
    const mentions = new RegExp(`(^|[/@=,\\s])${name.replace(/[.*+?^$()|[\]{}\\]/g, '\\$&')}(:\\d|[/,\\s]|$)`);
    return [...this.services].flatMap(([other, service]) => {
      if (other === name) return [];
      const links = texts(service['links'] ?? []).map((link) => link.split(':')[0]);
      const settings = [...pairs(service['environment'] ?? []), ...texts(service['command'] ?? [])];
      const uses = this.dependenciesOf(other).includes(name) || links.includes(name) || settings.some((setting) => mentions.test(setting));
      return uses ? [other] : [];
    });
  }

  /** Until it is healthy: `condition: service_healthy`. */
  isWaitedFor(name: string): boolean {
    return [...this.services.values()].some(({ depends_on: on }) => isRecord(on) && isRecord(on[name]) && on[name]['condition'] === 'service_healthy');
  }

  #readServices(): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
    const found = new Map<string, Readonly<Record<string, unknown>>>();
    for (const [name, service] of Object.entries(this.section('services'))) {
      if (!isRecord(service)) {
        this.note(['services', name], 'It is no map, ignoring');
        continue;
      }
      const profiles = texts(service['profiles'] ?? []);
      if (profiles.length === 0 || profiles.some((profile) => this.around.profiles.includes(profile))) found.set(name, service);
      else this.note(['services', name], 'It belongs to a profile, ignoring', `rouse import --profile ${profiles[0] ?? ''}`);
    }
    return found;
  }
}

function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_.-]+/g, '-')
    .replace(/^[-.]+/, '');
}
