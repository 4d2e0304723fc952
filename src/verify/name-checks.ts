/** Names that two files claim, and parts of a Quadlet file's [Service] that do not do what they say. */
import { containerName, kindOf, serviceNameOf } from '../quadlet/kinds.js';
import type { UnitContents } from '../unitfile/unit-file.js';
import { splitWords } from '../unitfile/words.js';
import { indexBy, perWorld } from './per-world.js';
import type { Finding, Subject, World } from './subject.js';
import { isYes, lastOf, linesOf, valuesOf } from './text.js';

export function* serviceOfTwoFiles(subject: Subject, world: World): Iterable<Finding> {
  if (!subject.isQuadlet) return;
  const at = lastOf(subject, 'ServiceName') ?? whole(subject);
  if (world.hasUnitFile(subject.unitName)) {
    yield {
      at,
      message: `There is a unit file ${subject.unitName} as well, which is used in place of this file`,
      hint: 'rename one of the two, or give this one another ServiceName=',
    };
  }
  const other = makersOf(world)
    .get(subject.unitName)
    ?.find(({ name }) => name !== subject.name);
  if (other !== undefined)
    yield { at, message: `${other.name} makes a ${subject.unitName} as well, and only one of the two counts`, hint: 'rename one of the two, or give it another ServiceName=' };
}

/** Quadlet files by the service that they make. */
const makersOf = perWorld(({ quadlets }) => indexBy(quadlets, (contents) => [serviceName(contents)]));

function serviceName(contents: UnitContents): string {
  const kind = kindOf(contents.name);
  return kind === undefined ? '' : serviceNameOf(contents, kind);
}

/** .container files by the name of their container. */
const containersOf = perWorld(({ quadlets }) => indexBy(quadlets, (contents) => (contents.name.endsWith('.container') ? [containerName(contents)] : [])));

/** Each is started with --replace: the later one ends the earlier. */
export function* containerNameTwice(subject: Subject, world: World): Iterable<Finding> {
  const line = subject.type === 'container' ? lastOf(subject, 'ContainerName') : undefined;
  if (line === undefined || line.value.includes('%')) return;
  const other = containersOf(world)
    .get(line.value)
    ?.find(({ name }) => name !== subject.name);
  if (other !== undefined)
    yield {
      at: line,
      section: 'Container',
      message: `${other.name} has ContainerName=${line.value} as well: each replaces the other’s container when it starts`,
      hint: 'give each a name of its own',
    };
}

/** Variables that podman itself reads; podman(1), "ENVIRONMENT VARIABLES". */
const FOR_PODMAN =
  /^(PODMAN_|CONTAINERS?_|BUILDAH_|REGISTRY_|STORAGE_|DOCKER_|XDG_|DBUS_|LISTEN_|(HTTPS?|FTP|NO|ALL)_PROXY$|PATH$|HOME$|TMPDIR$|TZ$|USER$|GODEBUG$|GOMAXPROCS$|SSL_CERT_)/i;

export function* environmentOfPodman(subject: Subject): Iterable<Finding> {
  if (subject.type !== 'container') return;
  for (const line of valuesOf(subject, 'Environment', 'Service')) {
    const name = splitWords(line.value, { relaxed: true })
      .words.map((word) => word.split('=', 1)[0] ?? '')
      .find((each) => !FOR_PODMAN.test(each));
    if (name !== undefined && !handsOn(subject, name))
      yield {
        at: line,
        word: name,
        section: 'Service',
        message: `Environment= in section [Service] is podman’s own: ${name} does not reach the container`,
        hint: 'move the line to section [Container]',
      };
  }
}

/** Something in the file hands it on: `Environment=NAME` takes podman's own value, and so does `$NAME` anywhere in [Container]. */
function handsOn(subject: Subject, name: string): boolean {
  if (isYes(lastOf(subject, 'EnvironmentHost')?.value)) return true;
  const text = linesOf(subject)
    .filter(({ section }) => section === 'Container')
    .map(({ value }) => value);
  return text.some((value) => value.split(/\s+/).some((word) => word.replace(/^(--env=|-e)/, '') === name) || value.includes(`$${name}`) || value.includes(`\${${name}}`));
}

/** Quadlet adds its own command; two are one too many. */
export function* commandOfQuadlet(subject: Subject): Iterable<Finding> {
  const line = subject.isQuadlet ? lastOf(subject, 'ExecStart', 'Service') : undefined;
  if (line === undefined) return;
  const hint = subject.type === 'container' ? 'Exec= in section [Container] is the program in the container' : 'ExecStartPre= or ExecStartPost= run beside it';
  yield { at: line, section: 'Service', message: `ExecStart= is Quadlet’s to write, and a second one makes ${subject.unitName} impossible to load`, hint };
}

export function whole(subject: Subject): { readonly file: string; readonly line: number } {
  return { file: subject.contents.fragmentPath === '' ? (subject.contents.dropInPaths[0] ?? subject.name) : subject.contents.fragmentPath, line: 0 };
}
