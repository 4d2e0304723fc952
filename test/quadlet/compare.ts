/**
 * Two service files, word by word: podman's, and ours for the same Quadlet file. A command is taken apart into what stands before its
 * options, the options, and what stands behind them, because podman 5.4 goes through its tables of options in no order.
 */
import { mergeUnitFiles } from '../../src/unitfile/drop-in.js';
import { parseUnitFile } from '../../src/unitfile/parse.js';
import { splitWords } from '../../src/unitfile/words.js';

export interface Command {
  /** `/usr/bin/podman --log-level=debug pod create` */
  readonly head: readonly string[];
  /** Each with its value, those of one name in their order. */
  readonly options: readonly (readonly string[])[];
  readonly tail: readonly string[];
}

export interface Service {
  readonly name: string;
  /** 'Unit' → 'After=a.service' …, without commands. */
  readonly lines: Readonly<Record<string, readonly string[]>>;
  /** 'ExecStart' … */
  readonly commands: Readonly<Record<string, Command>>;
}

/** Options of podman's that stand alone. */
const ALONE = new Set(
  '-d -f -i -v --all-tags --disable-dns --env-host --force --force-rm --ignore --init --internal --ipv6 --no-cache --noout --privileged --quiet --read-only --read-only-tmpfs --replace --rm --tls-verify'.split(
    ' ',
  ),
);

export function readService(name: string, text: string): Service {
  const { sections } = mergeUnitFiles(name, parseUnitFile(`/${name}`, text).value, []);
  const lines: Record<string, string[]> = {};
  const commands: Record<string, Command> = {};
  for (const section of sections) {
    const list = (lines[section.name] ??= []);
    for (const { key, value } of section.assignments) {
      if (section.name === 'Service' && key.startsWith('Exec') && value.includes('/podman ')) commands[key] = readCommand(value);
      else list.push(`${key}=${value}`);
    }
  }
  return { name, lines, commands };
}

function readCommand(text: string): Command {
  const words = splitWords(text, { relaxed: true }).words;
  const run = words.findIndex((word, i) => i > 0 && !word.startsWith('-'));
  // `pod create`, `kube play`: two words.
  const start = run + (['pod', 'kube', 'image', 'volume', 'network', 'artifact'].includes(words[run] ?? '') ? 2 : 1);
  const options: string[][] = [];
  let at = start;
  // `-v` is a flag of rm, and takes a volume elsewhere.
  const alone = (word: string): boolean => word.includes('=') || (word === '-v' ? words[run] === 'rm' : ALONE.has(word));
  while (words[at]?.startsWith('-') === true) {
    const word = words[at++] ?? '';
    options.push(alone(word) ? [word] : [word, words[at++] ?? '']);
  }
  return { head: words.slice(0, start), options, tail: words.slice(at) };
}

/** What is different, a line each; empty where the two are the same. Sections and lines may stand in any order, words may not. */
export function compareServices(theirs: Service, ours: Service): readonly string[] {
  const sections = [...new Set([...Object.keys(theirs.lines), ...Object.keys(ours.lines)])];
  const keys = [...new Set([...Object.keys(theirs.commands), ...Object.keys(ours.commands)])];
  return [
    ...(theirs.name === ours.name ? [] : [`name: ${theirs.name} | ${ours.name}`]),
    ...sections.flatMap((section) => compareText(`[${section}]`, [...(theirs.lines[section] ?? [])].sort(), [...(ours.lines[section] ?? [])].sort())),
    ...keys.flatMap((key) => {
      const [a, b] = [theirs.commands[key], ours.commands[key]];
      if (a === undefined || b === undefined) return [`${key}: ${a === undefined ? 'podman has none' : 'we have none'}`];
      return [
        ...compareText(`${key}, head`, a.head, b.head),
        ...compareText(`${key}, options`, byName(a.options), byName(b.options)),
        ...compareText(`${key}, tail`, a.tail, b.tail),
      ];
    }),
  ];
}

/** Sorted by name alone: `--dns 1.1.1.1 --dns 9.9.9.9` says which is asked first. */
function byName(options: readonly (readonly string[])[]): readonly string[] {
  const name = ([word = '']: readonly string[]): string => word.split('=', 1)[0] ?? '';
  return options.toSorted((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0)).map((words) => words.join(' '));
}

function compareText(what: string, theirs: readonly string[], ours: readonly string[]): readonly string[] {
  const length = Math.max(theirs.length, ours.length);
  return Array.from({ length }, (_, i) => i).flatMap((i) => (theirs[i] === ours[i] ? [] : [`${what}: ${theirs[i] ?? '(nothing)'} | ${ours[i] ?? '(nothing)'}`]));
}
