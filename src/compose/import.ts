/** A compose file to Quadlet and socket units, and what of it could not be carried over. Pure. */
import { literal, literalWords, unitText } from '../run/unit-text.js';
import type { UnitFileText } from '../run/unit-files.js';
import { readCompose } from './compose-file.js';
import type { Note } from './note.js';
import { Project, type ProjectAround } from './project.js';
import { serviceFiles } from './service.js';
import { isRecord, pairs, text, texts, type Line } from './values.js';

export interface Imported {
  readonly name: string;
  readonly files: readonly UnitFileText[];
  /** In the order of the file. */
  readonly notes: readonly Note[];
}

/** Keys at the top that are read, or mean nothing for units. */
const TOP_KEYS = new Set(['version', 'name', 'services', 'volumes', 'networks', 'secrets', 'configs']);

/** Throws ComposeError. */
export function importCompose(source: string, around: ProjectAround): Imported {
  const project = new Project(readCompose(source, around.env), around);
  for (const key of Object.keys(project.file.content))
    if (!TOP_KEYS.has(key) && !key.startsWith('x-')) project.note([key], 'Not carried over', key === 'include' ? 'docker compose config puts everything into one file' : undefined);
  const services = [...project.services].flatMap(([name, service]) => serviceFiles(project, name, service));
  const builds = [...project.services].flatMap(([name, { build }]) => (build === undefined ? [] : [buildFile(project, name, build)]));
  const volumes = Object.entries(project.section('volumes')).map(([name, volume]) => volumeFile(project, name, volume));
  const used = new Set(services.flatMap((file) => [...file.text.matchAll(/^Network=(.*\.network)$/gm)].map(([, unit]) => unit)));
  const networks = ['default', ...Object.keys(project.section('networks'))].filter((name) => used.has(project.networkUnit(name)));
  const files = [...services, ...builds, ...volumes, ...[...new Set(networks)].map((name) => networkFile(project, name))];
  return { name: project.name, files, notes: project.notes.toSorted((a, b) => a.line - b.line) };
}

function volumeFile(project: Project, name: string, value: unknown): UnitFileText {
  const volume = isRecord(value) ? value : {};
  const own = text(volume['name']) ?? (volume['external'] === undefined ? `${project.name}_${name}` : name);
  const lines: Line[] = [['VolumeName', literal(own)]];
  const options = isRecord(volume['driver_opts']) ? volume['driver_opts'] : {};
  if (text(volume['driver']) !== undefined && volume['driver'] !== 'local') lines.push(['Driver', text(volume['driver']) ?? '']);
  for (const [option, key] of [
    ['type', 'Type'],
    ['device', 'Device'],
    ['o', 'Options'],
  ] as const)
    if (text(options[option]) !== undefined) lines.push([key, literal(text(options[option]) ?? '')]);
  for (const label of pairs(volume['labels'] ?? [])) lines.push(['Label', literalWords([label])]);
  return { name: `${project.unitName(name)}.volume`, text: unitText(project.comment, [{ name: 'Volume', lines }]) };
}

function networkFile(project: Project, name: string): UnitFileText {
  const value = project.section('networks')[name];
  const network = isRecord(value) ? value : {};
  const lines: Line[] = [['NetworkName', literal(text(network['name']) ?? (network['external'] === undefined ? `${project.name}_${name}` : name))]];
  if (text(network['driver']) !== undefined) lines.push(['Driver', text(network['driver']) ?? '']);
  if (network['internal'] === true) lines.push(['Internal', 'true']);
  if (network['enable_ipv6'] === true) lines.push(['IPv6', 'true']);
  const ipam = isRecord(network['ipam']) && Array.isArray(network['ipam']['config']) ? (network['ipam']['config'] as readonly unknown[]) : [];
  for (const each of ipam.filter(isRecord))
    for (const [option, key] of [
      ['subnet', 'Subnet'],
      ['gateway', 'Gateway'],
      ['ip_range', 'IPRange'],
    ] as const)
      if (text(each[option]) !== undefined) lines.push([key, text(each[option]) ?? '']);
  for (const label of pairs(network['labels'] ?? [])) lines.push(['Label', literalWords([label])]);
  return { name: project.networkUnit(name), text: unitText(project.comment, [{ name: 'Network', lines }]) };
}

function buildFile(project: Project, name: string, value: unknown): UnitFileText {
  const build = isRecord(value) ? value : { context: text(value) ?? '.' };
  const lines: Line[] = [
    ['ImageTag', literal(text(project.services.get(name)?.['image']) ?? `localhost/${project.unitName(name)}:latest`)],
    ['SetWorkingDirectory', literal(project.resolve(text(build['context']) ?? '.'))],
  ];
  if (text(build['dockerfile']) !== undefined) lines.push(['File', literal(text(build['dockerfile']) ?? '')]);
  if (text(build['target']) !== undefined) lines.push(['Target', literal(text(build['target']) ?? '')]);
  for (const arg of pairs(build['args'] ?? [], project.env)) lines.push(['PodmanArgs', literalWords([`--build-arg=${arg}`])]);
  for (const key of Object.keys(build)) if (!['context', 'dockerfile', 'target', 'args', 'tags'].includes(key)) project.note(['services', name, 'build', key], 'Not carried over');
  for (const tag of texts(build['tags'] ?? [])) lines.push(['ImageTag', literal(tag)]);
  return { name: `${project.unitName(name)}.build`, text: unitText(project.comment, [{ name: 'Build', lines }]) };
}
