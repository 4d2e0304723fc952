/**
 * The two shapes of a unit file's text: `UnitFile`, one file line by line and without loss, and `UnitContents`, a
 * fragment and its drop-ins merged into sections, where each value still knows its file and line.
 */
import type { Place } from './diagnostic.js';

/** One logical line of a file. `raw` holds every physical line of it, continuations and line ends included. */
export type UnitLine =
  | { readonly type: 'blank' | 'comment' | 'invalid'; readonly raw: string; readonly line: number }
  | { readonly type: 'section'; readonly raw: string; readonly line: number; readonly name: string }
  | {
      readonly type: 'assignment';
      readonly raw: string;
      readonly line: number;
      readonly key: string;
      /** Continuations joined by one space, white space around it removed; still quoted, specifiers not expanded. */
      readonly value: string;
    };

/** One file, without loss: joining every `raw` gives the text back. */
export interface UnitFile {
  readonly path: string;
  readonly lines: readonly UnitLine[];
}

/** `Key=value` where it stands. An empty value resets a list, as systemd.unit(5) says. */
export interface Assignment extends Place {
  readonly key: string;
  readonly value: string;
}

/** A section of the merged unit: the assignments of the fragment first, then those of each drop-in in order. */
export interface Section {
  readonly name: string;
  /** Where the section first appears. */
  readonly place: Place;
  readonly assignments: readonly Assignment[];
}

/** A fragment and its drop-ins, merged. This is what `unit/load` and `quadlet/convert` read. */
export interface UnitContents {
  /** 'echo.socket', 'foo@bar.container': the file name that the unit goes by. */
  readonly name: string;
  /** Empty for a unit that only drop-ins make. */
  readonly fragmentPath: string;
  /** The Quadlet file that a generated unit comes from (SourcePath= of systemd.unit(5)). */
  readonly sourcePath?: string;
  readonly dropInPaths: readonly string[];
  readonly sections: readonly Section[];
}
