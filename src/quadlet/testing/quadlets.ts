/** For tests: Quadlet files as text, converted, and what came out taken apart. */
import { mergeUnitFiles } from '../../unitfile/drop-in.js';
import { parseUnitFile } from '../../unitfile/parse.js';
import type { UnitContents } from '../../unitfile/unit-file.js';
import { splitWords } from '../../unitfile/words.js';
import { convertQuadlets, type ConvertedQuadlet, type QuadletContext } from '../convert.js';

export const SYSTEM: QuadletContext = { mode: 'system', uid: 0, podman: '/usr/bin/podman' };

/** The file stands at `/q/NAME`. */
export function contentsOf(name: string, text: string): UnitContents {
  return mergeUnitFiles(name, parseUnitFile(`/q/${name}`, text, 'podman').value, []);
}

export class Converted {
  constructor(readonly all: readonly ConvertedQuadlet[]) {}

  find(name: string): ConvertedQuadlet {
    const found = this.all.find(({ source }) => source.name === name);
    if (found === undefined) throw new Error(`${name} was not converted`);
    return found;
  }

  /** All values of a key of the file's service. */
  values(name: string, section: string, key: string): readonly string[] {
    const sections = this.find(name).service?.sections.filter((each) => each.name === section) ?? [];
    return sections.flatMap(({ assignments }) => assignments.filter((assignment) => assignment.key === key).map(({ value }) => value));
  }

  /** The words of a command of the file's service, as systemd would split them. */
  command(name: string, key = 'ExecStart'): readonly string[] {
    return splitWords(this.values(name, 'Service', key).at(-1) ?? '').words;
  }

  /** The message of what refused the file. */
  error(name: string): string | undefined {
    return this.find(name).diagnostics.find(({ severity }) => severity === 'error')?.message;
  }

  warnings(name: string): readonly string[] {
    return this.find(name).diagnostics.flatMap(({ severity, message }) => (severity === 'warning' ? [message] : []));
  }
}

export function convert(files: Readonly<Record<string, string>>, context: Partial<QuadletContext> = {}): Converted {
  const contents = Object.entries(files).map(([name, text]) => contentsOf(name, text));
  return new Converted(convertQuadlets(contents, { ...SYSTEM, ...context }));
}

/** The words of the command that one file becomes, after podman itself. */
export function commandOf(name: string, text: string, others: Readonly<Record<string, string>> = {}, key = 'ExecStart'): readonly string[] {
  return convert({ [name]: text, ...others })
    .command(name, key)
    .slice(1);
}

/** Whether the words stand in a row. */
export function holds(command: readonly string[], ...row: readonly string[]): boolean {
  return command.some((_, at) => row.every((word, i) => command[at + i] === word));
}
