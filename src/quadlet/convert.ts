/**
 * Quadlet files to services, all of them at once because they refer to each other; podman-systemd.unit(5). Pure, and never
 * throws on what a user wrote: a file that podman would refuse comes back with a diagnostic and without a service.
 */
import type { Diagnostic } from '../unitfile/diagnostic.js';
import { suggest } from '../unitfile/suggest.js';
import type { UnitContents } from '../unitfile/unit-file.js';
import { ARTIFACT_KEYS, convertArtifact } from './artifact.js';
import { BUILD_KEYS, convertBuild } from './build.js';
import { CONTAINER_KEYS, convertContainer } from './container.js';
import { Refusal, type Conversion, type LinkedUnit, type QuadletContext } from './conversion.js';
import { ServiceDraft } from './draft.js';
import { convertImage, IMAGE_KEYS } from './image.js';
import { convertKube, KUBE_KEYS } from './kube.js';
import { kindOf, resourceNameOf, serviceNameOf } from './kinds.js';
import { translateDependencies } from './links.js';
import { convertNetwork, NETWORK_KEYS } from './network.js';
import { convertPod, podOf, POD_KEYS } from './pod.js';
import { QuadletSource } from './source.js';
import { convertVolume, VOLUME_KEYS } from './volume.js';
import { warnings } from './warnings.js';

export type { QuadletContext } from './conversion.js';
export { QUADLET_TYPES } from './kinds.js';

export interface ConvertedQuadlet {
  /** 'echo.container' */
  readonly source: UnitContents;
  /** 'echo.service', with an empty fragmentPath and the file as sourcePath; undefined when refused. */
  readonly service: UnitContents | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

interface Converter {
  readonly keys: ReadonlySet<string>;
  readonly convert: (conversion: Conversion) => void;
}

const CONVERTERS: ReadonlyMap<string, Converter> = new Map([
  ['container', { keys: new Set(CONTAINER_KEYS), convert: convertContainer }],
  ['volume', { keys: new Set(VOLUME_KEYS), convert: convertVolume }],
  ['network', { keys: new Set(NETWORK_KEYS), convert: convertNetwork }],
  ['kube', { keys: new Set(KUBE_KEYS), convert: convertKube }],
  ['image', { keys: new Set(IMAGE_KEYS), convert: convertImage }],
  ['build', { keys: new Set(BUILD_KEYS), convert: convertBuild }],
  ['pod', { keys: new Set(POD_KEYS), convert: convertPod }],
  ['artifact', { keys: new Set(ARTIFACT_KEYS), convert: convertArtifact }],
]);

/** Keys that a section of a kind's files may hold; undefined where the section is none of Quadlet's. */
export function quadletKeys(type: string, section: string): ReadonlySet<string> | undefined {
  if (section === 'Quadlet') return QUADLET_SECTION_KEYS;
  return kindOf(`.${type}`)?.section === section ? CONVERTERS.get(type)?.keys : undefined;
}

const QUADLET_SECTION_KEYS: ReadonlySet<string> = new Set(['DefaultDependencies']);

/** One result for each file, in the same order. Of two files with one name the first is what others refer to. */
export function convertQuadlets(files: readonly UnitContents[], context: QuadletContext): readonly ConvertedQuadlet[] {
  const converted = new Map([...convertEach(files, context)].map((each) => [each.source, each]));
  return files.flatMap((contents) => converted.get(contents) ?? []);
}

/** The same one by one, for who needs none of them longer than that. Pods come last: they start only those containers that were not refused. */
export function* convertEach(files: readonly UnitContents[], context: QuadletContext): Iterable<ConvertedQuadlet> {
  const units = new Map<string, LinkedUnit>();
  const members = new Map<string, string[]>();
  for (const contents of files) {
    const kind = kindOf(contents.name);
    if (kind === undefined || units.has(contents.name)) continue;
    const serviceName = serviceNameOf(contents, kind);
    units.set(contents.name, { name: contents.name, type: kind.type, serviceName, resource: resourceNameOf(contents, kind) });
    const pod = kind.type === 'container' ? podOf(contents) : undefined;
    if (pod !== undefined) members.set(pod, [...(members.get(pod) ?? []), serviceName]);
  }
  const isPod = ({ name }: UnitContents): boolean => kindOf(name)?.type === 'pod';
  for (const contents of files.filter((each) => !isPod(each))) {
    const converted = convertOne(contents, units, members, context);
    if (converted.service === undefined) forget(members, contents);
    yield converted;
  }
  for (const contents of files.filter(isPod)) yield convertOne(contents, units, members, context);
}

/** A container that was refused has no service that its pod could start. */
function forget(members: Map<string, string[]>, contents: UnitContents): void {
  const kind = kindOf(contents.name);
  const pod = kind?.type === 'container' ? podOf(contents) : undefined;
  if (kind === undefined || pod === undefined) return;
  const refusedName = serviceNameOf(contents, kind);
  members.set(
    pod,
    (members.get(pod) ?? []).filter((name) => name !== refusedName),
  );
}

function convertOne(contents: UnitContents, units: ReadonlyMap<string, LinkedUnit>, members: Conversion['members'], context: QuadletContext): ConvertedQuadlet {
  const kind = kindOf(contents.name);
  const converter = CONVERTERS.get(kind?.type ?? '');
  if (kind === undefined || converter === undefined) {
    const message = `unsupported file type "${contents.name}"`;
    return { source: contents, service: undefined, diagnostics: [{ severity: 'error', code: 'unknown-type', file: contents.fragmentPath, line: 0, message }] };
  }
  const source = new QuadletSource(contents, kind.section);
  const conversion: Conversion = { source, service: new ServiceDraft(contents), kind, units, members, context };
  const name = serviceNameOf(contents, kind);
  let refusal: Diagnostic | undefined;
  try {
    prepare(conversion, name, converter.keys);
    converter.convert(conversion);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refusal = refused(error, kind.section);
  }
  return {
    source: contents,
    service: refusal === undefined ? conversion.service.toContents(name) : undefined,
    diagnostics: [...warnings(source), ...(refusal === undefined ? [] : [refusal])],
  };
}

/** What every kind's service has. */
function prepare(conversion: Conversion, name: string, keys: ReadonlySet<string>): void {
  const { source, service, kind, context } = conversion;
  checkKeys(source, kind.section, keys);
  checkKeys(source, 'Quadlet', QUADLET_SECTION_KEYS);
  if (name.includes('/'))
    throw new Refusal(`invalid service name '${name}'`, source.last('ServiceName')?.place ?? source.place, {
      key: 'ServiceName',
      hint: 'a name without slashes and without .service',
    });
  translateDependencies(conversion);
  if (source.flag('DefaultDependencies', 'Quadlet') !== false) {
    // A user's manager cannot wait for a unit of the system's.
    const network = context.mode === 'user' ? 'podman-user-wait-network-online.service' : 'network-online.target';
    service.prepend('Unit', 'After', network);
    service.prepend('Unit', 'Wants', network);
  }
  if (source.contents.fragmentPath !== '') service.add('Unit', 'SourcePath', source.contents.fragmentPath);
  service.add('Unit', 'RequiresMountsFor', '%t/containers');
  service.rename(kind.section, `X-${kind.section}`);
  service.rename('Quadlet', 'X-Quadlet');
}

function checkKeys({ contents }: QuadletSource, section: string, keys: ReadonlySet<string>): void {
  const unknown = contents.sections.find(({ name }) => name === section)?.assignments.find(({ key }) => !keys.has(key));
  if (unknown === undefined) return;
  const near = suggest(unknown.key, keys);
  throw new Refusal(`unsupported key '${unknown.key}' in group '${section}' in ${contents.fragmentPath}`, unknown, {
    code: 'unknown-key',
    section,
    key: unknown.key,
    ...(near === undefined ? {} : { hint: `did you mean '${near}'?` }),
  });
}

function refused({ message, place, detail }: Refusal, section: string): Diagnostic {
  const { code = 'refused', ...rest } = detail;
  return { severity: 'error', code, file: place.file, line: place.line, section, ...rest, message };
}
