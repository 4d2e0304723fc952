/** Dependencies: on units that are not there, without an order, and in circles. */
import { kindOf } from '../quadlet/kinds.js';
import { serviceOf as triggeredBy } from '../unit/load.js';
import { parseUnitName } from '../unit/name.js';
import type { Dependency, DependencyKind } from '../unit/config.js';
import { perWorld } from './per-world.js';
import type { Finding, Subject, World } from './subject.js';
import { linesOf, listOf, nearestUnit, type Line } from './text.js';

const KEYS: Readonly<Record<string, DependencyKind>> = {
  Requires: 'requires',
  Requisite: 'requisite',
  Wants: 'wants',
  BindsTo: 'bindsTo',
  PartOf: 'partOf',
  Upholds: 'upholds',
  Conflicts: 'conflicts',
  Before: 'before',
  After: 'after',
  OnFailure: 'onFailure',
  OnSuccess: 'onSuccess',
};

/** Without these the unit does not start. */
const STRONG: readonly DependencyKind[] = ['requires', 'requisite', 'bindsTo'];
/** What is ordered or stopped together may be missing. */
const WEAK: readonly DependencyKind[] = ['before', 'after', 'conflicts', 'partOf'];
/** rouse runs no others, and what they stand for is there or not without it. */
const CHECKED = ['service', 'socket', 'target'];

const writtenBySubject = new WeakMap<Subject, readonly Dependency[]>();

/** Dependencies that the file itself holds. */
function written(subject: Subject): readonly Dependency[] {
  let found = writtenBySubject.get(subject);
  if (found === undefined) writtenBySubject.set(subject, (found = collectWritten(subject)));
  return found;
}

function collectWritten(subject: Subject): readonly Dependency[] {
  const own = new Set(linesOf(subject).flatMap(({ section, key, file, line }) => (section === 'Unit' && key in KEYS ? [`${file}:${line}`] : [])));
  return (subject.config?.dependencies ?? []).filter(({ place }) => own.has(`${place.file}:${place.line}`));
}

export function* unknownDependency(subject: Subject, world: World): Iterable<Finding> {
  for (const { kind, name, place } of written(subject)) {
    const parsed = parseUnitName(name);
    if (parsed === undefined || !CHECKED.includes(parsed.type) || parsed.instance === '' || world.find(name) !== undefined || isEverywhere(name)) continue;
    const near = nearestUnit(name, world);
    const strong = STRONG.includes(kind);
    // Units that are only ordered by need not exist: what would be near is a slip.
    if (near === undefined && (!world.complete || WEAK.includes(kind))) continue;
    const next = strong && world.complete ? `${subject.unitName} will not start` : 'ignoring';
    const severity = strong && world.complete ? 'error' : 'warning';
    yield {
      at: place,
      word: wordOf(place, name),
      section: 'Unit',
      severity,
      message: `There is no unit ${name}: ${next}`,
      ...(near === undefined ? {} : { hint: `did you mean '${near}'?` }),
    };
  }
}

/** systemd.special(7): there on every host that systemd runs. */
const SPECIAL =
  /^(basic|boot-complete|default|emergency|exit|final|getty|graphical|halt|initrd.*|kexec|local-fs(-pre)?|multi-user|network(-online|-pre)?|nss-(user-)?lookup|paths|poweroff|reboot|remote-fs(-pre)?|rescue|shutdown|sleep|sockets|slices|swap|sysinit|time-(set|sync)|timers|umount|user-manager|bluetooth|printer|smartcard|sound|cryptsetup(-pre)?|graphical-session(-pre)?|xdg-desktop-autostart|ssh-access)\.target$|^(dbus|systemd-.*|user@\d+|podman-user-wait-network-online)\.(service|socket)$/;

function isEverywhere(name: string): boolean {
  return SPECIAL.test(name);
}

/** A name without a type was completed to .service. */
function wordOf(place: { readonly line: number }, name: string): string {
  const { value } = place as Line;
  return value === undefined || value.includes(name) ? name : name.replace(/\.service$/, '');
}

/** `Requires=db.container` is for Quadlet files; in a unit it names nothing. */
export function* quadletFileInUnit(subject: Subject, world: World): Iterable<Finding> {
  if (subject.isQuadlet) return;
  for (const line of linesOf(subject)) {
    if (line.section !== 'Unit' || !(line.key in KEYS)) continue;
    for (const word of listOf(line)) {
      const kind = kindOf(word);
      if (kind === undefined) continue;
      const base = word.slice(0, word.lastIndexOf('.'));
      const service = world.units().find(({ quadlet }) => quadlet?.name === word)?.name ?? `${base}${kind.suffix}.service`;
      yield { at: line, word, section: 'Unit', message: `${word} in ${line.key}= is no unit, ignoring: only Quadlet files name Quadlet files`, hint: `${line.key}=${service}` };
    }
  }
}

export function* dependencyWithoutType(subject: Subject, world: World): Iterable<Finding> {
  for (const line of linesOf(subject)) {
    if (line.section !== 'Unit' || !(line.key in KEYS)) continue;
    for (const word of listOf(line)) {
      if (word.includes('%') || parseUnitName(word) !== undefined || kindOf(word) !== undefined) continue;
      const real = ['service', 'socket', 'target'].map((type) => `${word}.${type}`).find((name) => world.find(name) !== undefined || isEverywhere(name));
      yield { at: line, word, section: 'Unit', message: `'${word}' in ${line.key}= is no name of a unit: systemd ignores it`, hint: `${line.key}=${real ?? `${word}.service`}` };
    }
  }
}

/** Both are started at once, and the other may not be ready. */
export function* requiredWithoutOrder(subject: Subject, world: World): Iterable<Finding> {
  if (subject.type === 'target') return;
  const all = subject.config?.dependencies ?? [];
  for (const { kind, name, place } of written(subject)) {
    if ((kind !== 'requires' && kind !== 'bindsTo') || all.some((other) => other.name === name && (other.kind === 'after' || other.kind === 'before'))) continue;
    const other = world.find(name)?.config;
    if (other === undefined) continue;
    const triggers = other.type === 'socket' && triggeredBy(other) === subject.unitName;
    if (triggers || other.dependencies.some((back) => back.name === subject.unitName && (back.kind === 'before' || back.kind === 'after'))) continue;
    const key = kind === 'requires' ? 'Requires' : 'BindsTo';
    yield { at: place, word: wordOf(place, name), section: 'Unit', message: `${key}=${name} without After=${name}: both start at the same time`, hint: `After=${name}` };
  }
}

export function* contradiction(subject: Subject): Iterable<Finding> {
  const all = written(subject);
  for (const { name, place } of all.filter(({ kind }) => kind === 'conflicts')) {
    const other = all.find((each) => each.name === name && STRONG.includes(each.kind));
    if (other !== undefined)
      yield {
        at: place,
        word: wordOf(place, name),
        section: 'Unit',
        message: `Conflicts=${name} though line ${other.place.line} requires it: ${subject.unitName} can never start`,
        hint: 'remove one of the two',
      };
  }
}

/** The order of two units is a circle: systemd drops one of the jobs to break it, and which is not said beforehand. */
export function* orderingCycle(subject: Subject, world: World): Iterable<Finding> {
  const first = new Map(written(subject).map((each) => [`${each.kind} ${each.name}`, each]));
  for (const { kind, name, place } of first.values()) {
    if (kind !== 'after' && kind !== 'before') continue;
    // Of a circle of verified files, the first tells.
    const path = kind === 'after' ? pathTo(subject.unitName, name, world) : pathTo(name, subject.unitName, world);
    if (path === undefined || path.some((unit) => isEarlier(unit, subject, world))) continue;
    const round = [...path, path[0] ?? ''];
    yield {
      at: place,
      word: wordOf(place, name),
      section: 'Unit',
      message: `Ordering in a circle: ${round.join(' before ')}: one of them will not be started`,
      hint: 'remove one of the After= and Before= lines in it',
    };
    return;
  }
}

function isEarlier(unit: string, subject: Subject, world: World): boolean {
  const at = world.subjects.findIndex(({ unitName }) => unitName === unit);
  return at >= 0 && at < world.subjects.indexOf(subject) && world.subjects[at]?.config !== undefined;
}

/** The units from `from` to `to` that each stand before the next; breadth first, so the shortest. */
function pathTo(from: string, to: string, world: World): readonly string[] | undefined {
  const order = ordering(world);
  const before = new Map<string, string | undefined>([[from, undefined]]);
  const queue = [from];
  for (let unit = queue.shift(); unit !== undefined; unit = queue.shift()) {
    if (unit === to) return trace(before, to);
    for (const next of order.get(unit) ?? []) {
      if (before.has(next)) continue;
      before.set(next, unit);
      queue.push(next);
    }
  }
  return undefined;
}

function trace(before: ReadonlyMap<string, string | undefined>, to: string): readonly string[] {
  const path = [to];
  for (let unit = before.get(to); unit !== undefined; unit = before.get(unit)) path.unshift(unit);
  return path;
}

/** For each unit those that start after it. */
const ordering = perWorld((world): ReadonlyMap<string, ReadonlySet<string>> => {
  const order = new Map<string, Set<string>>();
  const add = (first: string, then: string): void => {
    const after = order.get(first);
    if (after === undefined) order.set(first, new Set([then]));
    else after.add(then);
  };
  for (const { name, config } of world.units()) {
    for (const dependency of config?.dependencies ?? []) {
      if (dependency.kind === 'after') add(dependency.name, name);
      if (dependency.kind === 'before') add(name, dependency.name);
    }
  }
  return order;
});
