/** Runs every check over every file, and puts what it and the readers found into one list with columns. */
import type { Scope } from '../load/scope.js';
import type { Diagnostic, Place } from '../unitfile/diagnostic.js';
import { CHECKS } from './checks.js';
import { Texts, type Part } from './columns.js';
import { FilesWorld } from './files-world.js';
import { NO_HOST, thisHost } from './host.js';
import type { Input, Inputs } from './inputs.js';
import { misplacedHint } from './key-checks.js';
import { indexBy } from './per-world.js';
import type { Check, Finding, Subject, World } from './subject.js';

export interface VerifyOptions {
  readonly scope: Scope;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** False: the files are for another host; programs, paths, users and units of this one say nothing about them. */
  readonly host: boolean;
}

/** Never throws on what the files hold. In the order of the files, and of the lines in them. */
export function verify({ inputs, diagnostics }: Inputs, options: VerifyOptions): readonly Diagnostic[] {
  const scope = options.host ? options.scope : { ...options.scope, unitDirs: [], quadletDirs: [] };
  const texts = new Texts();
  const found = worldsOf(inputs).flatMap((group) => {
    const world = new FilesWorld(scope, options.env, options.host ? thisHost() : NO_HOST, options.host, group);
    const named = indexBy(group, ({ path }) => [path]);
    return [...world.diagnostics, ...world.subjects.flatMap((subject) => verifySubject(subject, world, texts).filter(isMeant(named.get(subject.contents.fragmentPath))))];
  });
  return distinct([...diagnostics, ...found]);
}

/** Two files with one name cannot be in one world: the second has its own. */
function worldsOf(inputs: readonly Input[]): readonly (readonly Input[])[] {
  const groups: Map<string, Input>[] = [];
  for (const input of inputs) {
    const group = groups.find((each) => (each.get(input.name) ?? input).path === input.path && !each.has(idOf(input)));
    const entry: [string, Input][] = [
      [input.name, input],
      [idOf(input), input],
    ];
    if (group === undefined) groups.push(new Map(entry));
    else for (const [id, each] of entry) group.set(id, each);
  }
  return groups.map((group) => [...new Set(group.values())]);
}

function idOf({ path, dropIn = '' }: Input): string {
  return `${path}\0${dropIn}`;
}

/** Of a file of which only drop-ins were named, what is found in these. */
function isMeant(inputs: readonly Input[] = []): (diagnostic: Diagnostic) => boolean {
  const dropIns = inputs.flatMap(({ dropIn }) => dropIn ?? []);
  if (dropIns.length < inputs.length || dropIns.length === 0) return () => true;
  return ({ file }) => dropIns.some((dropIn) => file === dropIn || file.startsWith(`${dropIn}/`));
}

function verifySubject(subject: Subject, world: World, texts: Texts): readonly Diagnostic[] {
  const found = CHECKS.flatMap((check) => firstOfEachLine(check.run(subject, world)).map((finding) => ({ check, finding })));
  const read = subject.diagnostics.filter((diagnostic) => !isSaidBetter(diagnostic, subject, found)).map((diagnostic) => finished(diagnostic, subject, texts));
  const checked = found.map(({ check, finding }) => toDiagnostic(check, finding, texts));
  const order = [subject.contents.fragmentPath, ...subject.contents.dropInPaths];
  return [...read, ...checked].sort((a, b) => order.indexOf(a.file) - order.indexOf(b.file) || a.line - b.line || (a.column ?? 0) - (b.column ?? 0));
}

/** Who has seen so many of one kind in one line has seen enough. */
const MOST_OF_A_LINE = 10;

function firstOfEachLine(findings: Iterable<Finding>): readonly Finding[] {
  const counts = new Map<string, number>();
  return [...findings].filter(({ at }) => {
    const id = `${at.file}:${at.line}`;
    const count = (counts.get(id) ?? 0) + 1;
    counts.set(id, count);
    return count <= MOST_OF_A_LINE;
  });
}

/** A check says the same with more to go by. */
function isSaidBetter({ code, file, line, message }: Diagnostic, { isQuadlet }: Subject, found: readonly { readonly finding: Finding }[]): boolean {
  if (isQuadlet && ['unknown-section', 'short-image-name', 'many-exec-start'].includes(code)) return true;
  if (code !== 'bad-value') return false;
  // What Quadlet generated stands at another line than the word that is at fault.
  const anywhere = isQuadlet && message.includes('is not a specifier');
  return found.some(({ finding: { at, word } }) => word !== undefined && message.includes(`'${word}' is not`) && (anywhere || (at.file === file && at.line === line)));
}

/** The generator speaks in podman's words; here they become a sentence that says what follows. */
function finished(diagnostic: Diagnostic, subject: Subject, texts: Texts): Diagnostic {
  const { code, section, key, severity, message } = diagnostic;
  const hint = code === 'unknown-key' && section !== undefined && key !== undefined ? misplacedHint(subject, section, key) : undefined;
  const sentence = message.charAt(0).toUpperCase() + message.slice(1).trimEnd();
  const next = severity === 'error' && subject.isQuadlet && !/, (refusing|ignoring|using|leaving)/.test(sentence) ? ', refusing to load' : '';
  return { ...diagnostic, ...texts.locate(diagnostic, partOf(diagnostic)), message: `${sentence}${next}`, ...hint };
}

/** What is wrong with a key or a section stands where the line begins. */
function partOf({ code, key, message }: Diagnostic): Part {
  if (key === undefined || ['unknown-key', 'unsupported-key', 'invalid-line', 'unknown-section'].includes(code)) return { type: 'start' };
  const word = code === 'bad-value' ? /: '(.+?)' is not /.exec(message)?.[1] : undefined;
  return word === undefined ? { type: 'value' } : { type: 'word', word };
}

const ABOUT_KEYS = new Set(['unknown-key', 'unknown-section', 'overridden-key', 'deprecated-key', 'without-effect', 'key-of-pod', 'quadlet-command']);

function toDiagnostic({ code, severity }: Check, finding: Finding, texts: Texts): Diagnostic {
  const { at, message, hint, section, word } = finding;
  const place: Place = { file: at.file, line: at.line };
  const part: Part = word !== undefined ? { type: 'word', word } : ABOUT_KEYS.has(code) || at.key === undefined ? { type: 'start' } : { type: 'value' };
  return {
    severity: finding.severity ?? severity,
    code,
    ...texts.locate(place, part),
    ...(section === undefined ? {} : { section }),
    ...(at.key === undefined ? {} : { key: at.key }),
    message,
    ...(hint === undefined ? {} : { hint }),
  };
}

function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((each) => [`${each.file}:${each.line}:${each.message}`, each])).values()];
}
