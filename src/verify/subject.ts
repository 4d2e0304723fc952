/**
 * What a check is and what it is shown: the file in question (the subject) and everything around it (the world). Checks are pure;
 * what they have to know of folders, files and users they ask the world, which may answer that it cannot be said.
 */
import type { ServiceConfig, SocketConfig, UnitConfig } from '../unit/config.js';
import type { SpecifierFacts } from '../unit/specifiers.js';
import type { Diagnostic, Place, Severity } from '../unitfile/diagnostic.js';
import type { UnitContents } from '../unitfile/unit-file.js';

/** A unit that the world knows, whether it is to be verified or only referred to. */
export interface KnownUnit {
  readonly name: string;
  /** undefined: it does not load. */
  readonly config: UnitConfig | undefined;
  /** For a unit that Quadlet makes, the file that it comes from. */
  readonly quadlet: UnitContents | undefined;
}

/** A file that is to be verified. */
export interface Subject {
  /** 'web.socket', 'web.container' */
  readonly name: string;
  /** 'socket', 'container' … */
  readonly type: string;
  readonly isQuadlet: boolean;
  /** What the file and its drop-ins say. */
  readonly contents: UnitContents;
  /** The name of the unit: for a Quadlet file, of the service that it becomes. */
  readonly unitName: string;
  /** The unit; for a Quadlet file, the service. undefined when it does not load. */
  readonly config: UnitConfig | undefined;
  /** What reading, converting and loading it said. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What a check found. */
export interface Finding {
  /** An assignment, or any other place. */
  readonly at: Place & { readonly key?: string };
  readonly message: string;
  readonly hint?: string;
  readonly section?: string;
  /** The part of the value that is meant: the column is that of its first character. */
  readonly word?: string;
  /** Where it is not that of the check. */
  readonly severity?: Severity;
}

export interface Check {
  /** Stable, kebab-case. */
  readonly code: string;
  readonly severity: Severity;
  /** One sentence for the manual, and for tools that list rules. */
  readonly summary: string;
  readonly run: (subject: Subject, world: World) => Iterable<Finding>;
}

/** The host that the files are for. undefined: it cannot be said. */
export interface Host {
  readonly exists: (path: string) => boolean | undefined;
  readonly isFolder: (path: string) => boolean | undefined;
  readonly isExecutable: (path: string) => boolean | undefined;
  readonly canWrite: (path: string) => boolean | undefined;
  readonly hasUser: (name: string) => boolean | undefined;
  readonly hasGroup: (name: string) => boolean | undefined;
  /** ip(7), ip_unprivileged_port_start */
  readonly firstOrdinaryPort: number;
}

export interface World {
  readonly mode: 'system' | 'user';
  readonly facts: SpecifierFacts;
  readonly host: Host;
  /** Whether a unit that is not found is not there: false where the search path is left out. */
  readonly complete: boolean;
  readonly subjects: readonly Subject[];
  /** By the name of a unit; templates serve their instances. */
  readonly find: (name: string) => KnownUnit | undefined;
  /** Whether a unit file of this name was named, or is in a folder of the administrator's. */
  readonly hasUnitFile: (name: string) => boolean;
  /** A Quadlet file by its name. */
  readonly quadlet: (fileName: string) => UnitContents | undefined;
  /** Every Quadlet file that there is. */
  readonly quadlets: readonly UnitContents[];
  /** The files' own units and those of the administrator's folders; not what packages bring. */
  readonly units: () => readonly KnownUnit[];
  /** Names to suggest from. */
  readonly names: () => readonly string[];
  /** Units that start this one with them: by a dependency, [Install] or a link. */
  readonly startersOf: (name: string) => readonly string[];
}

export function isSocket(unit: { readonly config: UnitConfig | undefined }): unit is { readonly config: SocketConfig } & KnownUnit {
  return unit.config?.type === 'socket';
}

export function socketOf(subject: Subject): SocketConfig | undefined {
  return subject.config?.type === 'socket' ? subject.config : undefined;
}

export function serviceOf(subject: Subject): ServiceConfig | undefined {
  return subject.config?.type === 'service' ? subject.config : undefined;
}

/** The sections of a Quadlet file by type: 'container' has [Container]. */
export function ownSection({ type }: Subject): string {
  return type.charAt(0).toUpperCase() + type.slice(1);
}
