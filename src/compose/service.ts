/** One service of a compose file to its .container, and, where it has ports that can be held, its .socket. */
import { literal, literalWords, unitText, type UnitSection } from '../run/unit-text.js';
import type { UnitFileText } from '../run/unit-files.js';
import { parsePort, type ComposePort } from './ports.js';
import type { Project } from './project.js';
import { SERVICE_KEYS } from './service-keys.js';
import { fileLine, volumeLine } from './storage.js';
import { isRecord, text, texts, type Line } from './values.js';

/** Keys that are read here, or in project.ts, or mean nothing for units. */
const OWN_KEYS = new Set(['image', 'build', 'ports', 'volumes', 'secrets', 'configs', 'networks', 'network_mode', 'depends_on', 'links', 'restart', 'profiles', 'deploy', 'scale']);

const RESTART: Readonly<Record<string, string>> = { always: 'always', 'unless-stopped': 'always', 'on-failure': 'on-failure' };

export function serviceFiles(project: Project, name: string, service: Readonly<Record<string, unknown>>): readonly UnitFileText[] {
  const ports = portsOf(project, name, service);
  const users = project.usersOf(name);
  const inside = ports.length > 0 && users.length > 0;
  if (inside)
    project.note(
      ['services', name, 'ports'],
      `podman publishes them, and nothing is held: ${users.join(' and ')} ${users.length === 1 ? 'reaches' : 'reach'} ${name} inside of the network, where an adopted socket is not`,
      `PublishPort= in ${project.unitName(name)}.container`,
    );
  const held = inside ? [] : ports;
  const container: UnitFileText = {
    name: `${project.unitName(name)}.container`,
    text: unitText(project.comment, sections(project, name, service, inside ? ports : [], held.length > 0)),
  };
  return held.length === 0 ? [container] : [{ name: `${project.unitName(name)}.socket`, text: socketText(project, name, held) }, container];
}

function socketText(project: Project, name: string, ports: readonly ComposePort[]): string {
  return unitText(project.comment, [
    { name: 'Unit', lines: [['Description', `Socket of ${literal(name)} of ${literal(project.name)}`]] },
    { name: 'Socket', lines: ports.map(({ port }) => [port.kind === 'stream' ? 'ListenStream' : 'ListenDatagram', literal(port.held)]) },
    { name: 'X-Rouse', lines: ports.map(({ port }) => ['Adopt', literal(port.program)]) },
    { name: 'Install', lines: [['WantedBy', 'sockets.target']] },
  ]);
}

function sections(project: Project, name: string, service: Readonly<Record<string, unknown>>, published: readonly ComposePort[], isHeld: boolean): readonly UnitSection[] {
  const dependencies = project.dependenciesOf(name);
  const after = dependencies.map((other): Line[] => [
    ['Requires', `${project.unitName(other)}.service`],
    ['After', `${project.unitName(other)}.service`],
  ]);
  const waits = project.isWaitedFor(name) ? [['Notify', 'healthy'] as const] : [];
  const container: readonly Line[] = [
    ['Image', imageOf(project, name, service)],
    ...networkLines(project, name, service),
    ...published.map(({ publish }): Line => ['PublishPort', literal(publish)]),
    ...storageLines(project, name, service),
    ...keyLines(project, name, service),
    ...deployLines(project, name, service),
    ...waits,
  ];
  const restart = RESTART[(text(service['restart']) ?? '').replace(/:.*$/, '')];
  return [
    { name: 'Unit', lines: [['Description', `${literal(name)} of ${literal(project.name)}`], ...after.flat()] },
    { name: 'Container', lines: container },
    // What has a socket is started again by its next client.
    { name: 'Service', lines: restart === undefined ? [] : [['Restart', isHeld ? 'on-failure' : restart]] },
    { name: 'Install', lines: isHeld || project.usersOf(name).length > 0 ? [] : [['WantedBy', 'default.target']] },
  ];
}

function imageOf(project: Project, name: string, { image, build }: Readonly<Record<string, unknown>>): string {
  if (build !== undefined) return `${project.unitName(name)}.build`;
  if (text(image) === undefined) project.note(['services', name], 'It has neither an image nor a build', 'image: docker.io/library/nginx');
  return literal(project.fullImage(text(image) ?? ''));
}

function portsOf(project: Project, name: string, { ports, network_mode: mode }: Readonly<Record<string, unknown>>): readonly ComposePort[] {
  const list = Array.isArray(ports) ? (ports as readonly unknown[]) : [];
  if (list.length > 0 && mode === 'host') {
    project.note(['services', name, 'ports'], 'They mean nothing with network_mode: host, ignoring', 'without network_mode they can be held');
    return [];
  }
  return list.flatMap((value, i) => {
    const parsed = parsePort(value);
    if (parsed === undefined)
      project.note(
        ['services', name, 'ports', i],
        `Not carried over: '${text(value) ?? JSON.stringify(value)}'`,
        'expected PORT, HELD:PORT or ADDRESS:HELD:PORT, with /udp or not',
      );
    return parsed ?? [];
  });
}

function networkLines(project: Project, name: string, { network_mode: mode, networks }: Readonly<Record<string, unknown>>): readonly Line[] {
  const own = text(mode);
  if (own !== undefined) {
    const other = /^service:(.+)$/.exec(own)?.[1];
    return [['Network', other === undefined ? literal(own) : `${project.unitName(other)}.container`]];
  }
  const named = isRecord(networks) ? Object.keys(networks) : texts(networks);
  const aliases = isRecord(networks) ? Object.values(networks).flatMap((network) => (isRecord(network) ? texts(network['aliases'] ?? []) : [])) : [];
  const lines = (named.length === 0 ? ['default'] : named).map((network): Line => ['Network', project.networkUnit(network)]);
  return [...lines, ...[name, ...aliases].map((alias): Line => ['NetworkAlias', literal(alias)])];
}

function storageLines(project: Project, name: string, { volumes, secrets, configs }: Readonly<Record<string, unknown>>): readonly Line[] {
  const around = { volumeUnit: (volume: string) => project.volumeUnit(volume), resolve: (path: string) => project.resolve(path) };
  const groups = [
    ['volumes', volumes, (value: unknown) => volumeLine(value, around)],
    ['secrets', secrets, (value: unknown) => fileLine(value, project.section('secrets'), '/run/secrets/', around.resolve)],
    ['configs', configs, (value: unknown) => fileLine(value, project.section('configs'), '/', around.resolve)],
  ] as const;
  return groups.flatMap(([key, list, lineOf]) =>
    (Array.isArray(list) ? (list as readonly unknown[]) : []).flatMap((value, i) => {
      const line = lineOf(value);
      if (line === undefined)
        project.note(
          ['services', name, key, i],
          `Not carried over: ${text(value) ?? JSON.stringify(value)}`,
          key === 'volumes' ? 'a named volume stands under volumes:' : 'file: is what can be carried over; Secret= takes one of podman secret create',
        );
      return line === undefined ? [] : [line];
    }),
  );
}

function keyLines(project: Project, name: string, service: Readonly<Record<string, unknown>>): readonly Line[] {
  return Object.entries(service).flatMap(([key, value]) => {
    if (OWN_KEYS.has(key) || key.startsWith('x-') || value === null) return [];
    const lines = SERVICE_KEYS[key]?.(value, { env: project.env, resolve: (path) => project.resolve(path) });
    if (lines === undefined) project.note(['services', name, key], 'Not carried over');
    return lines ?? [];
  });
}

/** Limits and the number of instances; the rest of deploy is for swarms. */
function deployLines(project: Project, name: string, { deploy, scale }: Readonly<Record<string, unknown>>): readonly Line[] {
  const settings = isRecord(deploy) ? deploy : {};
  const replicas = text(settings['replicas'] ?? scale);
  if (replicas !== undefined && replicas !== '1')
    project.note(['services', name], `One of its ${replicas} instances is carried over`, 'a template (NAME@.container) has instances');
  for (const key of Object.keys(settings))
    if (!['replicas', 'resources', 'restart_policy', 'mode', 'labels'].includes(key)) project.note(['services', name, 'deploy', key], 'Not carried over');
  const resources = isRecord(settings['resources']) ? settings['resources'] : {};
  const limits = isRecord(resources['limits']) ? resources['limits'] : {};
  const options = [
    ['memory', limits['memory']],
    ['cpus', limits['cpus']],
    ['pids-limit', limits['pids']],
  ] as const;
  return options.flatMap(([option, value]): readonly Line[] => (text(value) === undefined ? [] : [['PodmanArgs', literalWords([`--${option}=${text(value)}`])]]));
}
