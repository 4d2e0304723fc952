/**
 * The table of checks: each has a name that never changes, how bad it is, and one sentence. 'error': the generator or the manager
 * refuses it, or it cannot work; 'warning': it works, and not as it seems; 'info': worth knowing.
 */
import { contradiction, dependencyWithoutType, orderingCycle, quadletFileInUnit, requiredWithoutOrder, unknownDependency } from './dependency-checks.js';
import { imageWithoutRegistry, updateThatNeverComes } from './image-checks.js';
import { neverStarted, startedAnyway, templateWithoutInstance, unknownTarget } from './install-checks.js';
import { deprecatedKey, overriddenKey, unknownQuadletKey, unknownQuadletSection } from './key-checks.js';
import { commandOfQuadlet, containerNameTwice, environmentOfPodman, serviceOfTwoFiles } from './name-checks.js';
import { fileNameWithoutType, podKeyInContainer, publishWithoutNetwork } from './network-checks.js';
import { badPublishPort, heldTwice, privilegedPort, publishedThoughHeld, publishedTwice } from './port-checks.js';
import { addressOutsideOfSubnet, badQuadletValue, healthWithoutCommand, impatientManager, killedForGood, startWithoutPod, takenPodmanArg } from './quadlet-value-checks.js';
import { guessedProcess, ineffectiveServiceKey, leftBehind, missingFileOfService, missingProgram, needlessKill, unknownUser } from './service-checks.js';
import { folderOfSocket, ineffectiveSocketKey, oneshotBehindSocket, socketNotRequired, socketWithoutService, templateWithoutTemplate } from './socket-checks.js';
import { badMount, badSecret, badVolume, missingPath } from './storage-checks.js';
import { dateFormat, instanceOfNothing, joinedSection, shellSyntax, trailingComment, typographicCharacter, unclosedQuote, unknownSpecifier } from './text-checks.js';
import type { Check } from './subject.js';
import type { Severity } from '../unitfile/diagnostic.js';

function check(severity: Severity, code: string, run: Check['run'], summary: string): Check {
  return { severity, code, run, summary };
}

export const CHECKS: readonly Check[] = [
  // Sections and keys
  check('error', 'unknown-key', unknownQuadletKey, 'A key that Quadlet does not know; the generator refuses the file.'),
  check('warning', 'unknown-section', unknownQuadletSection, 'A section that nothing reads.'),
  check('warning', 'overridden-key', overriddenKey, 'A key that holds one value is set twice in one file.'),
  check('warning', 'deprecated-key', deprecatedKey, 'A key that another has replaced.'),
  // Text
  check('warning', 'trailing-comment', trailingComment, 'A comment behind a value is a part of the value.'),
  check('warning', 'joined-section', joinedSection, 'A backslash takes a section header into a value.'),
  check('warning', 'unclosed-quote', unclosedQuote, 'A quote is opened and never closed.'),
  check('warning', 'typographic-character', typographicCharacter, 'Typographic quotes, dashes and blanks count as letters.'),
  check('warning', 'unknown-specifier', unknownSpecifier, 'A % that begins no specifier.'),
  check('warning', 'date-format', dateFormat, 'The format of a date is taken for specifiers.'),
  check('warning', 'instance-of-nothing', instanceOfNothing, '%i or %I in a unit that is no template.'),
  check('warning', 'shell-syntax', shellSyntax, 'Pipes, redirections and && where no shell reads them.'),
  // Values that podman refuses
  check('error', 'podman-value', badQuadletValue, 'A value that Quadlet hands on and podman refuses.'),
  check('error', 'subnet', addressOutsideOfSubnet, 'A gateway or range outside of its subnet.'),
  check('warning', 'podman-args', takenPodmanArg, 'PodmanArgs= contradicts what Quadlet says itself.'),
  check('warning', 'health-command', healthWithoutCommand, 'Health keys or Notify=healthy without HealthCmd=.'),
  check('warning', 'health-on-failure', killedForGood, 'An unwell container is stopped for good, or restarted by two.'),
  check('warning', 'stop-timeout', impatientManager, 'The manager kills a container before podman has stopped it.'),
  check('warning', 'without-effect', startWithoutPod, 'A key that has an effect only beside another.'),
  // Images
  check('warning', 'short-image-name', imageWithoutRegistry, 'An image without a registry.'),
  check('warning', 'auto-update', updateThatNeverComes, 'AutoUpdate= for an image that cannot be updated that way.'),
  // Networks and ports
  check('warning', 'publish-without-network', publishWithoutNetwork, 'Ports are published of a container that has no network of its own.'),
  check('error', 'key-of-pod', podKeyInContainer, 'A container in a pod says what only the pod can say.'),
  check('warning', 'file-name-without-type', fileNameWithoutType, 'Volume=data where Volume=data.volume is meant.'),
  check('error', 'publish-port', badPublishPort, 'A PublishPort= that podman cannot read.'),
  check('error', 'listen-twice', heldTwice, 'Two sockets with one address.'),
  check('error', 'publish-held-port', publishedThoughHeld, 'A port is published that a socket unit listens on.'),
  check('error', 'publish-twice', publishedTwice, 'Two files publish one port.'),
  check('warning', 'privileged-port', privilegedPort, 'A port below 1024 in a user’s unit.'),
  // Storage
  check('warning', 'missing-path', missingPath, 'A file or folder that a Quadlet file names does not exist.'),
  check('error', 'volume', badVolume, 'A Volume= that podman cannot read.'),
  check('error', 'mount', badMount, 'A Mount= that podman cannot read.'),
  check('error', 'secret', badSecret, 'A Secret= that podman cannot read.'),
  // Names
  check('error', 'service-name-twice', serviceOfTwoFiles, 'Two files make one service.'),
  check('warning', 'container-name-twice', containerNameTwice, 'Two containers with one name replace each other.'),
  check('warning', 'environment-of-podman', environmentOfPodman, 'Environment= in [Service] does not reach the container.'),
  check('error', 'quadlet-command', commandOfQuadlet, 'ExecStart= in a Quadlet file.'),
  // Sockets
  check('error', 'socket-without-service', socketWithoutService, 'The service of a socket does not exist or does not load.'),
  check('warning', 'oneshot-behind-socket', oneshotBehindSocket, 'A socket starts a service of Type=oneshot.'),
  check('warning', 'socket-folder', folderOfSocket, 'A socket in a folder that does not exist or cannot be made.'),
  check('info', 'socket-not-required', socketNotRequired, 'A service can start without its socket.'),
  check('error', 'template-without-instance', templateWithoutTemplate, 'A socket names a template as its service.'),
  check('warning', 'without-effect', ineffectiveSocketKey, 'A key that has an effect only beside another.'),
  // Services
  check('error', 'missing-program', missingProgram, 'A program does not exist or is not executable.'),
  check('warning', 'unknown-user', unknownUser, 'A user or group does not exist.'),
  check('warning', 'missing-file', missingFileOfService, 'EnvironmentFile= or WorkingDirectory= does not exist.'),
  check('warning', 'without-effect', ineffectiveServiceKey, 'A key that has an effect only beside another.'),
  check('warning', 'kill-mode', leftBehind, 'KillMode=none leaves processes behind.'),
  check('info', 'guessed-process', guessedProcess, 'Type=forking without PIDFile=.'),
  check('info', 'needless-kill', needlessKill, 'ExecStop= does what KillSignal= does.'),
  // Dependencies
  check('warning', 'unknown-dependency', unknownDependency, 'A dependency on a unit that does not exist.'),
  check('error', 'quadlet-file-in-unit', quadletFileInUnit, 'A unit depends on a Quadlet file in place of its service.'),
  check('warning', 'dependency-without-type', dependencyWithoutType, 'A dependency without .service, .socket or .target.'),
  check('warning', 'required-without-order', requiredWithoutOrder, 'Requires= without After=.'),
  check('error', 'contradiction', contradiction, 'A unit requires what it conflicts with.'),
  check('error', 'ordering-cycle', orderingCycle, 'Units are ordered in a circle.'),
  // [Install]
  check('warning', 'unknown-target', unknownTarget, 'WantedBy= names a unit that does not exist.'),
  check('warning', 'started-anyway', startedAnyway, 'A socket-activated service is started with the manager all the same.'),
  check('warning', 'template-without-instance', templateWithoutInstance, '[Install] of a template without DefaultInstance=.'),
  check('info', 'never-started', neverStarted, 'Nothing starts the unit by itself.'),
];

/** What reading, converting and loading say under codes of their own. */
export const READER_CODES: Readonly<Record<string, string>> = {
  'binary-file': 'The file is no text.',
  unreadable: 'The file cannot be read.',
  'invalid-line': 'A line is no assignment, section or comment.',
  'unknown-type': 'The file’s name is not that of a unit that rouse can run.',
  'unsupported-key': 'A key of systemd’s that rouse does not apply.',
  'bad-value': 'A value cannot be read.',
  'missing-section': 'The section that the unit must have is not there.',
  'no-listen': 'A socket has nothing to listen on.',
  'bad-service': 'Service= is not the name of a service, or contradicts Accept=.',
  'bad-accept': 'Accept=yes beside what it cannot be combined with.',
  'bad-symlinks': 'Symlinks= without exactly one path to link to.',
  'no-exec-start': 'A service has no program.',
  'many-exec-start': 'A service has several programs.',
  'no-bus-name': 'Type=dbus without BusName=.',
  'bad-restart': 'Restart= contradicts Type=.',
  'self-dependency': 'A unit depends on itself.',
  refused: 'The generator refuses the file.',
  'missing-quadlet': 'A Quadlet file that is referred to does not exist.',
  'unsupported-service-key': 'A key of [Service] that podman cannot work with.',
  'loose-word': 'A word without = among assignments.',
};
