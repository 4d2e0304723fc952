/** Unit files back to text: a read file as it was, and merged or generated contents section by section. */
import type { UnitContents, UnitFile } from './unit-file.js';

/** The text that was read, to the byte. */
export function formatUnitFile(file: UnitFile): string {
  return file.lines.map(({ raw }) => raw).join('');
}

/** One block a section, in order; what `cat` shows of a generated unit. It reads as it was meant. */
export function formatContents(contents: UnitContents): string {
  return contents.sections.map(({ name, assignments }) => `[${name}]\n${assignments.map(({ key, value }) => `${key}=${ended(value)}\n`).join('')}`).join('\n');
}

/** A backslash at the end of a line joins the next one: a blank keeps the two apart, and is no part of the value. */
function ended(value: string): string {
  return value.endsWith('\\') ? `${value} ` : value;
}
