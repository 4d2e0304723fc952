/** A container's network: ports that go nowhere, what belongs to its pod, and names of files taken for names of podman's. */
import { kindOf } from '../quadlet/kinds.js';
import { refused } from './quadlet-value-checks.js';
import { ownSection, type Finding, type Subject, type World } from './subject.js';
import { lastOf, linesOf, valuesOf, type Line } from './text.js';

/** What kind of a network it is where none of its own has the container's ports. */
function withoutPorts(network: string): string | undefined {
  const [name = ''] = network.split(':');
  if (name === 'none') return 'it has no network';
  if (name === 'host') return 'its ports are the host’s';
  if (name === 'container' || kindOf(name)?.type === 'container') return 'its ports are those of the other container';
  return name === 'ns' ? 'its ports are those of the namespace' : undefined;
}

/** The Network= with which PublishPort= has no effect. */
export function networkWithoutPorts(subject: Subject): Line | undefined {
  return valuesOf(subject, 'Network').find(({ value }) => withoutPorts(value) !== undefined);
}

export function* publishWithoutNetwork(subject: Subject): Iterable<Finding> {
  if (!['container', 'pod', 'kube'].includes(subject.type)) return;
  const network = networkWithoutPorts(subject);
  const why = network === undefined ? undefined : withoutPorts(network.value);
  if (network === undefined || why === undefined) return;
  const remedy = network.value.startsWith('host')
    ? 'leave PublishPort= out'
    : network.value === 'none'
      ? 'leave PublishPort= out where the container gets a socket, or else Network=none'
      : 'publish the ports where the network is';
  for (const line of valuesOf(subject, 'PublishPort')) {
    const message = `PublishPort=${line.value} beside Network=${network.value}`;
    if (subject.type === 'pod') yield { at: line, section: 'Pod', severity: 'error', message: `${message}: ${refused(subject)}`, hint: remedy };
    else yield { at: line, section: line.section, message: `${message} publishes nothing: ${why}`, hint: remedy };
  }
  for (const key of ['IP', 'IP6', 'NetworkAlias']) {
    const line = lastOf(subject, key);
    if (line !== undefined)
      yield { at: line, section: line.section, severity: 'error', message: `${key}= beside Network=${network.value}: ${refused(subject)}`, hint: `leave ${key}= out` };
  }
}

/** The pod's own namespaces; podman refuses a container that asks for another. */
const OF_THE_POD = ['PublishPort', 'ExposeHostPort', 'IP', 'IP6', 'NetworkAlias', 'HostName', 'AddHost', 'UserNS'];

export function* podKeyInContainer(subject: Subject): Iterable<Finding> {
  const pod = subject.type === 'container' ? lastOf(subject, 'Pod') : undefined;
  if (pod === undefined) return;
  for (const line of linesOf(subject)) {
    if (line.section !== 'Container' || line.value === '') continue;
    const hint = `move the line to ${pod.value}`;
    if (OF_THE_POD.includes(line.key))
      yield { at: line, section: 'Container', message: `${line.key}= of a container in a pod: it is the pod’s to say, and ${refused(subject)}`, hint };
    if (line.key === 'Network')
      yield { at: line, section: 'Container', severity: 'warning', message: 'Network= of a container in a pod has no effect: it has the pod’s network', hint };
  }
}

/** `Volume=data:/x` beside data.volume is another volume than the file's, which podman calls systemd-data. */
export function* fileNameWithoutType(subject: Subject, world: World): Iterable<Finding> {
  if (!subject.isQuadlet) return;
  for (const line of linesOf(subject)) {
    if (line.section !== ownSection(subject)) continue;
    const type = line.key === 'Network' ? 'network' : line.key === 'Volume' ? 'volume' : undefined;
    const name = line.value.split(':', 1)[0] ?? '';
    if (type === undefined || !isMeant(line, name) || world.quadlet(`${name}.${type}`) === undefined || named(world, name, type)) continue;
    yield {
      at: line,
      section: line.section,
      message: `${line.key}=${line.value} is not the ${type} of ${name}.${type}: podman makes or takes another one that is called '${name}'`,
      hint: `${line.key}=${name}.${type}${line.value.slice(name.length)}`,
    };
  }
}

function isMeant(line: Line, name: string): boolean {
  return (
    name !== '' &&
    !name.startsWith('/') &&
    !name.startsWith('.') &&
    (line.key !== 'Network' || !['host', 'none', 'bridge', 'private', 'pasta', 'slirp4netns', 'ns', 'container'].includes(name))
  );
}

/** Whether a file gives what it makes exactly this name. */
function named(world: World, name: string, type: string): boolean {
  const key = type === 'network' ? 'NetworkName' : 'VolumeName';
  return world.quadlets.some(
    (contents) => contents.name.endsWith(`.${type}`) && contents.sections.some(({ assignments }) => assignments.some((each) => each.key === key && each.value === name)),
  );
}
