/** Values of Quadlet files that the generator hands on and podman then refuses. */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { splitWords } from '../unitfile/words.js';
import { QUADLET_VALUES, type ValueRule } from './quadlet-values.js';
import { ownSection, type Finding, type Subject, type World } from './subject.js';
import { expand, isYes, lastOf, linesOf, valuesOf } from './text.js';

/** How the sentence about a value that podman does not take ends. */
export function refused({ unitName }: Subject): string {
  return `podman will refuse it, and ${unitName} will fail`;
}

export function* badQuadletValue(subject: Subject, world: World): Iterable<Finding> {
  if (!subject.isQuadlet) return;
  for (const line of linesOf(subject)) {
    if (line.section !== ownSection(subject) || line.value === '') continue;
    const rule = QUADLET_VALUES.find(({ keys, types }) => keys.has(line.key) && types?.includes(subject.type) !== false);
    if (rule === undefined) continue;
    const text = line.value.replace(/^"(.*)"$/, '$1');
    const words = rule.words === true ? splitWords(text, { relaxed: true }).words : [text];
    for (const word of new Set(words.filter((each) => !isTaken(expand(subject, world, each), rule)))) {
      yield { at: line, word, section: line.section, message: `'${word}' in ${line.key}= is not ${rule.expected}: ${refused(subject)}` };
    }
  }
}

/** What is not known before the start may be right. */
function isTaken(value: string, { valid }: ValueRule): boolean {
  return value.includes('%') || value.includes('$') || valid(value);
}

export function* addressOutsideOfSubnet(subject: Subject): Iterable<Finding> {
  if (subject.type !== 'network') return;
  const subnets = valuesOf(subject, 'Subnet');
  for (const [i, gateway] of valuesOf(subject, 'Gateway').entries()) {
    const subnet = subnets[i]?.value ?? '';
    if (holds(subnet, gateway.value) === false) yield { at: gateway, section: 'Network', message: `Gateway=${gateway.value} is not in Subnet=${subnet}: ${refused(subject)}` };
  }
  for (const [i, range] of valuesOf(subject, 'IPRange').entries()) {
    const subnet = subnets[i]?.value ?? '';
    const first = /^([^/-]+)/.exec(range.value)?.[1] ?? '';
    if (holds(subnet, first) === false) yield { at: range, section: 'Network', message: `IPRange=${range.value} is not in Subnet=${subnet}: ${refused(subject)}` };
  }
}

/** undefined where one of the two cannot be read. */
function holds(subnet: string, address: string): boolean | undefined {
  const [base = '', length = ''] = subnet.split('/');
  if (isIP(base) === 0 || isIP(address) === 0 || !/^\d+$/.test(length) || Number(length) > (isIPv6(base) ? 128 : 32)) return undefined;
  const list = new BlockList();
  const family = isIPv6(base) ? 'ipv6' : 'ipv4';
  list.addSubnet(base, Number(length), family);
  return isIPv6(address) === isIPv6(base) && list.check(address, family);
}

/** Options that Quadlet gives podman itself, and what to write in their place. */
const TAKEN: Readonly<Record<string, string>> = {
  '--name': 'ContainerName=',
  '--replace': 'nothing: it is there already',
  '--rm': 'nothing: it is there already',
  '-d': 'nothing: it is there already',
  '--detach': 'nothing: it is there already',
  '--sdnotify': 'Notify=',
  '--cgroups': 'CgroupsMode=',
  '--cidfile': 'nothing: the container is known by its name',
  '--restart': 'Restart= in section [Service]',
  '--pod': 'Pod=',
};

export function* takenPodmanArg(subject: Subject): Iterable<Finding> {
  if (subject.type !== 'container') return;
  for (const line of valuesOf(subject, 'PodmanArgs')) {
    for (const word of splitWords(line.value, { relaxed: true }).words) {
      const instead = TAKEN[word.split('=', 1)[0] ?? ''];
      if (instead === undefined || (word.startsWith('--pod') && lastOf(subject, 'Pod') === undefined)) continue;
      yield {
        at: line,
        word,
        section: 'Container',
        message: `${word} in PodmanArgs= contradicts what Quadlet tells podman itself`,
        hint: instead.startsWith('nothing') ? `leave it out${instead.slice('nothing'.length)}` : `use ${instead}`,
      };
    }
  }
}

const HEALTH_KEYS = /^Health(?!Cmd$|Startup)/;

/** An image may bring its own health check, so that this is no error. */
export function* healthWithoutCommand(subject: Subject): Iterable<Finding> {
  if (subject.type !== 'container' || lastOf(subject, 'HealthCmd') !== undefined) return;
  const lines = linesOf(subject).filter(({ section, value }) => section === 'Container' && value !== '');
  const vital = lines.find(({ key, value }) => (key === 'Notify' && value.toLowerCase() === 'healthy') || (key === 'HealthOnFailure' && value !== 'none'));
  const line = vital ?? lines.find(({ key }) => HEALTH_KEYS.test(key));
  if (line === undefined) return;
  const what = vital === undefined ? `${line.key}= without HealthCmd= has no effect` : `${line.key}=${line.value} without HealthCmd=: ${refused(subject)}`;
  yield {
    at: line,
    section: 'Container',
    message: `${what}, unless the image has a health check of its own`,
    hint: 'HealthCmd=COMMAND, which ends with 0 when the container is well',
  };
}

export function* killedForGood(subject: Subject): Iterable<Finding> {
  const line = subject.type === 'container' ? lastOf(subject, 'HealthOnFailure') : undefined;
  const restart = lastOf(subject, 'Restart', 'Service')?.value ?? 'no';
  if (line === undefined || restart !== 'no') {
    if (line?.value === 'restart')
      yield {
        at: line,
        section: 'Container',
        severity: 'warning',
        message: `HealthOnFailure=restart beside Restart=${restart}: podman and the manager both restart the container`,
        hint: 'HealthOnFailure=kill, and the manager starts it again',
      };
    return;
  }
  if (line.value === 'kill' || line.value === 'stop')
    yield {
      at: line,
      section: 'Container',
      message: `HealthOnFailure=${line.value} without Restart=: a container that is unwell is stopped, and nothing starts it again`,
      hint: 'Restart=on-failure in section [Service]',
    };
}

/** podman waits this long before it kills; the manager must not lose its patience before. */
export function* impatientManager(subject: Subject): Iterable<Finding> {
  const line = subject.type === 'container' || subject.type === 'pod' ? lastOf(subject, 'StopTimeout') : undefined;
  if (line === undefined || subject.config?.type !== 'service' || !/^\d+$/.test(line.value)) return;
  const most = subject.config.timeoutStopMs / 1000;
  if (Number(line.value) >= most)
    yield {
      at: line,
      section: line.section,
      message: `StopTimeout=${line.value} is not less than TimeoutStopSec=${most} of the service, which kills the container first`,
      hint: `TimeoutStopSec=${Number(line.value) + 10} in section [Service]`,
    };
}

/** What has an effect only with another key beside it. */
export function* startWithoutPod(subject: Subject): Iterable<Finding> {
  const line = subject.type === 'container' ? lastOf(subject, 'StartWithPod') : undefined;
  if (line !== undefined && lastOf(subject, 'Pod') === undefined)
    yield { at: line, section: 'Container', message: 'StartWithPod= without Pod= has no effect', hint: 'Pod=NAME.pod' };
  const tmpfs = subject.type === 'container' ? lastOf(subject, 'ReadOnlyTmpfs') : undefined;
  if (tmpfs !== undefined && !isYes(lastOf(subject, 'ReadOnly')?.value))
    yield { at: tmpfs, section: 'Container', message: 'ReadOnlyTmpfs= without ReadOnly=yes has no effect', hint: 'ReadOnly=yes' };
}
