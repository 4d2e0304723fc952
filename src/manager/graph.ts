/**
 * The dependency graph of all loaded units: each dependency can be followed from both ends. It is derived from the frozen
 * configs whenever units are loaded, and holds no state.
 */
import type { DependencyKind, UnitConfig } from '../unit/config.js';
import { serviceOf } from '../unit/load.js';

/** A kind as a unit's file says it, or the same seen from the other unit. */
export type Relation = DependencyKind | `${DependencyKind}-inverse` | 'triggers' | 'triggeredBy';

/** before/after are each other's inverse: both are stored under `after` and `before`. */
const MIRROR: Partial<Record<DependencyKind, DependencyKind>> = { before: 'after', after: 'before' };

function inverse(relation: Relation): Relation {
  if (relation === 'triggers') return 'triggeredBy';
  if (relation === 'triggeredBy') return 'triggers';
  const plain = relation.replace(/-inverse$/, '') as DependencyKind;
  return plain === relation ? (MIRROR[plain] ?? `${plain}-inverse`) : plain;
}

const PULLS = ['requires', 'requisite', 'wants', 'bindsTo', 'upholds'] as const;

const NONE: ReadonlySet<string> = new Set();

export class Graph {
  readonly #edges = new Map<string, Map<Relation, Set<string>>>();
  /** Units with DefaultDependencies=yes. */
  readonly #ordinary = new Set<string>();

  /** Forgets everything and takes these units in. */
  rebuild(configs: Iterable<UnitConfig>): void {
    this.#edges.clear();
    this.#ordinary.clear();
    for (const config of configs) this.add(config);
  }

  add(config: UnitConfig): void {
    if (config.defaultDependencies) this.#ordinary.add(config.name);
    for (const { kind, name } of config.dependencies) {
      if (name === config.name) continue;
      this.#link(config.name, kind, name);
      this.#link(name, MIRROR[kind] ?? `${kind}-inverse`, config.name);
    }
    if (config.type === 'socket' && !config.accept) this.#trigger(config.name, serviceOf(config));
  }

  /** Accept=yes: an instance that a connection has started. */
  addInstance(socket: string, service: string): void {
    this.#trigger(socket, service);
    this.#link(socket, 'before', service);
    this.#link(service, 'after', socket);
  }

  #trigger(socket: string, service: string): void {
    this.#link(socket, 'triggers', service);
    this.#link(service, 'triggeredBy', socket);
  }

  /** Forgets what a unit says itself; what others say of it stays. */
  remove({ name, dependencies }: UnitConfig): void {
    const said: readonly (readonly [Relation, string])[] = [
      ...dependencies.map((each) => [each.kind, each.name] as const),
      ...[...this.#linked(name, 'triggeredBy')].flatMap(
        (socket) =>
          [
            ['triggeredBy', socket],
            ['after', socket],
          ] as const,
      ),
    ];
    for (const [relation, other] of said) {
      this.#edges.get(other)?.get(inverse(relation))?.delete(name);
      this.#edges.get(name)?.get(relation)?.delete(other);
    }
    this.#ordinary.delete(name);
    if ([...(this.#edges.get(name)?.values() ?? [])].every((others) => others.size === 0)) this.#edges.delete(name);
  }

  /** The units at the other end, in the order in which they were named. */
  get(name: string, relation: Relation): readonly string[] {
    const written = this.#linked(name, relation);
    const implied = relation === 'after' ? this.#completedBy(name) : relation === 'before' ? this.#completes(name) : [];
    return implied.length === 0 ? [...written] : [...new Set([...written, ...implied])];
  }

  /** systemd.target(5): a target is reached after what it pulls in, where neither says otherwise. */
  #completedBy(target: string): readonly string[] {
    if (!this.#isOrdinaryTarget(target)) return [];
    return PULLS.flatMap((kind) => [...this.#linked(target, kind)].filter((member) => this.#mayComplete(member, target)));
  }

  #completes(member: string): readonly string[] {
    return PULLS.flatMap((kind) => [...this.#linked(member, `${kind}-inverse`)].filter((target) => this.#isOrdinaryTarget(target) && this.#mayComplete(member, target)));
  }

  #isOrdinaryTarget(name: string): boolean {
    return name.endsWith('.target') && this.#ordinary.has(name);
  }

  #mayComplete(member: string, target: string): boolean {
    return this.#ordinary.has(member) && !this.#linked(member, 'after').has(target);
  }

  #linked(name: string, relation: Relation): ReadonlySet<string> {
    return this.#edges.get(name)?.get(relation) ?? NONE;
  }

  #link(from: string, relation: Relation, to: string): void {
    let relations = this.#edges.get(from);
    if (relations === undefined) this.#edges.set(from, (relations = new Map<Relation, Set<string>>()));
    let names = relations.get(relation);
    if (names === undefined) relations.set(relation, (names = new Set<string>()));
    names.add(to);
  }
}
