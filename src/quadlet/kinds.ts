/**
 * The kinds of Quadlet files, and the names that follow from a file's name: of its service, and of what podman makes for it.
 * podman-systemd.unit(5).
 */
import type { UnitContents } from '../unitfile/unit-file.js';
import { lastText } from './source.js';

export interface Kind {
  /** 'container' for `echo.container`. */
  readonly type: string;
  /** 'Container' for `[Container]`. */
  readonly section: string;
  /** 'volume' makes `data-volume.service`, 'container' makes `echo.service`. */
  readonly suffix: string;
  /** The key that names what podman makes, in the place of `systemd-NAME`. */
  readonly nameKey?: string;
}

const KINDS: readonly Kind[] = [
  { type: 'container', section: 'Container', suffix: '', nameKey: 'ContainerName' },
  { type: 'volume', section: 'Volume', suffix: '-volume', nameKey: 'VolumeName' },
  { type: 'network', section: 'Network', suffix: '-network', nameKey: 'NetworkName' },
  { type: 'kube', section: 'Kube', suffix: '' },
  { type: 'image', section: 'Image', suffix: '-image' },
  { type: 'build', section: 'Build', suffix: '-build' },
  { type: 'pod', section: 'Pod', suffix: '-pod', nameKey: 'PodName' },
  { type: 'artifact', section: 'Artifact', suffix: '-artifact' },
];

const BY_TYPE: ReadonlyMap<string, Kind> = new Map(KINDS.map((kind) => [kind.type, kind]));

export const QUADLET_TYPES: readonly string[] = KINDS.map(({ type }) => type);

/** By file name; undefined for what is no Quadlet file. */
export function kindOf(fileName: string): Kind | undefined {
  const dot = fileName.lastIndexOf('.');
  return dot < 0 ? undefined : BY_TYPE.get(fileName.slice(dot + 1));
}

interface FileName {
  /** 'foo' of `foo@bar.volume`. */
  readonly prefix: string;
  /** 'bar'; '' for a template, undefined for a plain file. */
  readonly instance: string | undefined;
  readonly type: string;
}

export function splitName(fileName: string): FileName {
  const dot = fileName.lastIndexOf('.');
  const base = dot < 0 ? fileName : fileName.slice(0, dot);
  const at = base.indexOf('@');
  return { prefix: at < 0 ? base : base.slice(0, at), instance: at < 0 ? undefined : base.slice(at + 1), type: dot < 0 ? '' : fileName.slice(dot + 1) };
}

export function isTemplate(fileName: string): boolean {
  return splitName(fileName).instance === '';
}

/** 'data-volume.service' for `data.volume`, 'data-volume@.service' for its template; what ServiceName= says goes first. */
export function serviceNameOf(contents: UnitContents, kind: Kind): string {
  const named = lastText(contents, kind.section, 'ServiceName');
  if (named !== undefined && named !== '') return `${named}.service`;
  const { prefix, instance } = splitName(contents.name);
  if (instance === undefined) return `${prefix}${kind.suffix}.service`;
  return instance === '' ? `${prefix}${kind.suffix}@.service` : `${prefix}@${instance}${kind.suffix}.service`;
}

/** The name as it stands in the file's own service; it may hold specifiers. */
export function containerName(contents: UnitContents): string {
  const named = lastText(contents, 'Container', 'ContainerName');
  if (named !== undefined && named !== '') return named;
  return contents.name.includes('@') ? 'systemd-%p_%i' : 'systemd-%N';
}

/**
 * What other files have to call what podman makes for this one; '' where nothing can be said. It may hold `%i`: a template is
 * referred to by templates, and the instance is the same in both.
 */
export function resourceNameOf(contents: UnitContents, kind: Kind): string {
  const text = (key: string): string => lastText(contents, kind.section, key) ?? '';
  switch (kind.type) {
    case 'container': {
      // Other specifiers mean something else in the service that refers to this one.
      const name = withServiceName(contents, kind, containerName(contents));
      return name.includes('%') ? '' : name;
    }
    case 'image':
      return text('ImageTag') || text('Image');
    case 'build':
      return firstTag(contents);
    case 'artifact':
      return text('Artifact');
    case 'kube':
      return '';
    default:
      return text(kind.nameKey ?? '') || defaultName(contents.name);
  }
}

/** The pod's file in Pod= of a container, which may be named for the container's service: `%N.pod`. */
export function podNameOf(container: UnitContents, pod: string): string {
  const kind = BY_TYPE.get('container');
  return kind === undefined ? pod : withServiceName(container, kind, pod);
}

function withServiceName(contents: UnitContents, kind: Kind, text: string): string {
  return text.includes('%N') ? text.replaceAll('%N', serviceNameOf(contents, kind).replace(/\.service$/, '')) : text;
}

/** Unlike podman: an instance is named for its instance, as its template would be, and not for a part of it. */
function defaultName(fileName: string): string {
  const { prefix, instance } = splitName(fileName);
  return instance === undefined ? `systemd-${prefix}` : `systemd-${prefix}-${instance === '' ? '%i' : instance}`;
}

function firstTag(contents: UnitContents): string {
  const all = contents.sections.find(({ name }) => name === 'Build')?.assignments.filter(({ key }) => key === 'ImageTag') ?? [];
  return all[all.findLastIndex(({ value }) => value === '') + 1]?.value ?? '';
}
