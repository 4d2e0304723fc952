/** [Install]: whether the unit starts when it should, and only then. */
import { isTemplate } from '../quadlet/kinds.js';
import { parseUnitName } from '../unit/name.js';
import { whole } from './name-checks.js';
import { socketsOf } from './socket-checks.js';
import type { Finding, Subject, World } from './subject.js';
import { lastOf, linesOf, listOf, nearestUnit, valuesOf, type Line } from './text.js';

const PULLING = ['WantedBy', 'RequiredBy', 'UpheldBy'];

function installLines(subject: Subject): readonly Line[] {
  return PULLING.flatMap((key) => valuesOf(subject, key, 'Install'));
}

export function* unknownTarget(subject: Subject, world: World): Iterable<Finding> {
  for (const line of installLines(subject)) {
    for (const word of listOf(line)) {
      if (word.includes('%') || world.find(word) !== undefined) continue;
      const parsed = parseUnitName(word);
      if (!world.complete && parsed?.type !== 'target') continue;
      yield {
        at: line,
        word,
        section: 'Install',
        message: `There is no unit ${word}${world.mode === 'user' ? ' of a user’s' : ''}: ${subject.unitName} will never be started by it`,
        hint: targetHint(word, world),
      };
    }
  }
}

function targetHint(word: string, world: World): string {
  if (world.mode === 'user' && /^(multi-user|graphical)\.target$/.test(word)) return 'WantedBy=default.target is what a user’s manager starts';
  const near = nearestUnit(word, world);
  return near === undefined ? 'WantedBy=default.target starts it with the manager' : `did you mean '${near}'?`;
}

/** The point of the socket is that the service waits until somebody comes. */
export function* startedAnyway(subject: Subject, world: World): Iterable<Finding> {
  if (subject.config?.type !== 'service') return;
  const line = installLines(subject).find(({ value }) => value.split(/\s+/).some((word) => /^(default|multi-user|graphical|basic)\.target$/.test(word)));
  const sockets = line === undefined ? [] : socketsOf(subject, world);
  if (line === undefined || sockets.length === 0) return;
  yield {
    at: line,
    section: 'Install',
    message: `${line.key}=${line.value} starts ${subject.unitName} with the manager, though ${sockets.join(' and ')} would start it when somebody connects`,
    hint: `leave [Install] out here; the socket has WantedBy=sockets.target`,
  };
}

/** Quadlet makes no link for a template of which it does not know an instance. */
export function* templateWithoutInstance(subject: Subject): Iterable<Finding> {
  const line = installLines(subject)[0];
  if (line === undefined || !isTemplate(subject.name) || lastOf(subject, 'DefaultInstance', 'Install') !== undefined) return;
  yield {
    at: line,
    section: 'Install',
    message: `${line.key}= of a template without DefaultInstance= starts nothing`,
    hint: `DefaultInstance=NAME, or a link ${subject.name.replace('@', '@NAME')} to this file`,
  };
}

const STARTED_BY_HAND = ['container', 'pod', 'kube', 'socket'];

/** Not wrong, and often forgotten: `systemctl enable` does not take what a generator made. */
export function* neverStarted(subject: Subject, world: World): Iterable<Finding> {
  if (!STARTED_BY_HAND.includes(subject.type) || subject.config === undefined || isTemplate(subject.name)) return;
  if (linesOf(subject).some(({ section }) => section === 'Install') || world.startersOf(subject.unitName).length > 0 || socketsOf(subject, world).length > 0) return;
  if (subject.type === 'socket')
    yield {
      at: whole(subject),
      message: `Nothing starts ${subject.unitName} by itself: it has no [Install] section`,
      hint: '[Install] with WantedBy=sockets.target, and rouse enable',
    };
  else
    yield {
      at: whole(subject),
      message: `Nothing starts ${subject.unitName} by itself: there is no [Install] section and no socket`,
      hint: `[Install] with WantedBy=default.target starts it with the manager, ${subject.unitName.replace(/\.service$/, '.socket')} when somebody connects`,
    };
}
