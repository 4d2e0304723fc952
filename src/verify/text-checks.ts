/** What is written in values and means something else than it seems to: comments, quotes, specifiers, the shell's syntax. */
import { expandSpecifiers } from '../unitfile/specifier.js';
import { specifierTable } from '../unit/specifiers.js';
import { splitWords } from '../unitfile/words.js';
import { ownSection, type Finding, type Subject, type World } from './subject.js';
import { linesOf, type Line } from './text.js';

/** Keys for people, in which everything may stand. */
const PROSE = ['Description', 'Documentation'];
const COMMAND = /^(Exec(Start|Stop|Reload|Condition)?(Pre|Post)?|ReloadCmd)$/;
/** Keys of Quadlet whose words are split with quotes. */
const QUOTED = new Set([
  'Annotation',
  'BuildArg',
  'Environment',
  'EnvironmentFile',
  'Exec',
  'GlobalArgs',
  'Label',
  'Mask',
  'Mount',
  'PodmanArgs',
  'ReloadCmd',
  'Secret',
  'Sysctl',
  'Unmask',
  'AddCapability',
  'DropCapability',
  'LogOpt',
  'UIDMap',
  'GIDMap',
  'ConfigMap',
  'Yaml',
  'Options',
]);
const SYSTEMD_SECTIONS = ['Unit', 'Service', 'Socket', 'Install'];

export function* trailingComment(subject: Subject): Iterable<Finding> {
  for (const line of lines(subject)) {
    if (PROSE.includes(line.key) || COMMAND.test(line.key)) continue;
    const comment = /\s([#;]\s.*)$/.exec(unquotedPart(line.value))?.[1];
    if (comment !== undefined)
      yield {
        at: line,
        word: comment.slice(0, 2),
        section: line.section,
        message: `'${comment}' is a part of the value of ${line.key}=: there are no comments behind a value`,
        hint: 'put the comment on a line of its own',
      };
  }
}

/** A backslash at the end of a line joins the next one, in Quadlet files over empty lines and comments too. */
export function* joinedSection(subject: Subject): Iterable<Finding> {
  const sections = new Set([...SYSTEMD_SECTIONS, 'Quadlet', ownSection(subject)]);
  for (const line of lines(subject)) {
    const header = /\[([A-Za-z]+)\]$/.exec(line.value);
    if (header !== null && sections.has(header[1] ?? ''))
      yield {
        at: line,
        word: header[0],
        section: line.section,
        message: `${header[0]} is a part of the value of ${line.key}=: the backslash before it joins the lines, and no section begins`,
        hint: 'leave the backslash at the end of the last line out',
      };
  }
}

/** What stands in quotes is blanked. */
function unquotedPart(value: string): string {
  return value.replace(/"[^"]*"|'[^']*'/g, (quoted) => '_'.repeat(quoted.length));
}

export function* unclosedQuote(subject: Subject): Iterable<Finding> {
  if (!subject.isQuadlet) return;
  for (const line of lines(subject)) {
    if (SYSTEMD_SECTIONS.includes(line.section) || !QUOTED.has(line.key)) continue;
    const quote = /^a (["']) is not closed$/.exec(splitWords(line.value, { relaxed: true }).error ?? '')?.[1];
    if (quote !== undefined)
      yield {
        at: line,
        word: quote,
        section: line.section,
        message: `A ${quote} in ${line.key}= is never closed, closing it at the end of the line`,
        hint: `a value with spaces is quoted as a whole: ${line.key}="NAME=some words"`,
      };
  }
}

/** Word processors make them, and no program reads them as quotes or blanks. */
export function* typographicCharacter(subject: Subject): Iterable<Finding> {
  for (const line of lines(subject)) {
    const found = PROSE.includes(line.key) ? undefined : /[\u201C\u201D\u201E\u2018\u2019\u00A0\u200B\u2013]/u.exec(line.value)?.[0];
    if (found === undefined) continue;
    const name = found === '\u00A0' ? 'a no-break space' : found === '\u200B' ? 'an invisible space' : `the character '${found}'`;
    yield { at: line, word: found, section: line.section, message: `${line.key}= holds ${name}, which counts as a letter`, hint: 'write plain " and \', plain blanks and plain -' };
  }
}

export function* unknownSpecifier(subject: Subject, world: World): Iterable<Finding> {
  const table = specifierTable(subject.unitName, world.facts, subject.contents.fragmentPath);
  const hint = 'a % that stands for itself is written %%';
  for (const line of specified(subject)) {
    for (const letter of new Set(expandSpecifiers(line.value, table).unknown)) {
      const word = `%${letter}`;
      yield { at: line, word, section: line.section, ...consequence(subject, `'${word}' in ${line.key}= is not a specifier`, word), hint };
    }
    if (/(^|[^%])(%%)*%$/.test(line.value)) yield { at: line, word: '%', section: line.section, message: `${line.key}= ends with a lone %, leaving it as it is`, hint };
  }
}

/** In a command the unit does not load with it; elsewhere the line does not count. */
function consequence({ diagnostics }: Subject, message: string, word: string): Pick<Finding, 'message' | 'severity'> {
  const refused = diagnostics.some((diagnostic) => diagnostic.severity === 'error' && diagnostic.message.includes(`'${word}' is not a specifier`));
  return refused ? { severity: 'error', message: `${message}, refusing to load` } : { message: `${message}, ignoring the line` };
}

/** `date +%H`: %H is the host's name. */
export function* dateFormat(subject: Subject): Iterable<Finding> {
  for (const line of specified(subject)) {
    const word = COMMAND.test(line.key) ? /(?<=\s)["']?\+%[A-Za-z]\S*/.exec(line.value)?.[0] : undefined;
    if (word !== undefined)
      yield {
        at: line,
        word,
        section: line.section,
        message: `'${word}' in ${line.key}= is no format of a date: each % begins a specifier of the unit`,
        hint: `write ${word.replace(/(?<!%)%(?!%)/g, '%%')}`,
      };
  }
}

export function* instanceOfNothing(subject: Subject): Iterable<Finding> {
  if (subject.unitName.includes('@')) return;
  for (const line of specified(subject)) {
    const word = /(?<!%)(?:%%)*(%[iI])/.exec(line.value)?.[1];
    if (word !== undefined)
      yield {
        at: line,
        word,
        section: line.section,
        message: `'${word}' in ${line.key}= is empty: ${subject.name} is no template and has no instance`,
        hint: `a template is called ${subject.name.replace('.', '@.')}`,
      };
  }
}

const SHELL_WORDS = ['&&', '||', '|', '>', '>>', '<', '2>', '2>&1', '&'];

/** Exec= and ExecStart= start a program; no shell reads them. */
export function* shellSyntax(subject: Subject): Iterable<Finding> {
  for (const line of lines(subject)) {
    if (!COMMAND.test(line.key)) continue;
    const { words, quoted } = splitWords(line.value, { relaxed: true, markQuoted: true });
    const bare = words.filter((_, i) => quoted?.[i] !== true);
    const word = bare.find((each) => SHELL_WORDS.includes(each) || /^(\$\(|`)/.test(each));
    if (word !== undefined)
      yield {
        at: line,
        word,
        section: line.section,
        message: `'${word}' in ${line.key}= is an argument of the program: no shell reads this line`,
        hint: `${line.key}=${line.key === 'Exec' ? 'sh' : '/bin/sh'} -c '…'`,
      };
  }
}

function lines(subject: Subject): readonly Line[] {
  return linesOf(subject).filter(({ section }) => !section.startsWith('X-'));
}

/** Where specifiers are expanded. A pod's or container's name is a part of the command line of its service. */
function specified(subject: Subject): readonly Line[] {
  return lines(subject).filter(({ section }) => section !== 'Quadlet');
}
