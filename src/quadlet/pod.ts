/** .pod: a service that makes and starts a pod; podman-systemd.unit(5), "Pod units". */
import type { UnitContents } from '../unitfile/unit-file.js';
import { COMMON_KEYS, podman, type Conversion } from './conversion.js';
import { isTemplate, podNameOf, resourceNameOf } from './kinds.js';
import { networks, volumes } from './links.js';
import { always, applyRows, each, keysOf, last, pairs, podmanArgs, type Row } from './rows.js';
import { isTrue, lastText } from './source.js';
import { userMappings } from './user.js';

const exitPolicy = always(['ExitPolicy'], ({ source }, command) => command.add('--exit-policy', source.set('ExitPolicy')?.text ?? 'stop'));

const ROWS: readonly Row[] = [
  exitPolicy,
  userMappings,
  each('PublishPort', '--publish'),
  pairs('Label', '--label'),
  networks,
  last('IP', '--ip'),
  last('IP6', '--ip6'),
  last('ShmSize', '--shm-size'),
  each('NetworkAlias', '--network-alias'),
  each('DNS', '--dns'),
  each('DNSOption', '--dns-option'),
  each('DNSSearch', '--dns-search'),
  each('AddHost', '--add-host'),
  each('HostName', '--hostname'),
  volumes,
];

export const POD_KEYS: readonly string[] = [...COMMON_KEYS, 'PodName', 'StopTimeout', ...podmanArgs.keys, ...keysOf(ROWS)];

export function convertPod(conversion: Conversion): void {
  const { source, service, kind } = conversion;
  const name = resourceNameOf(source.contents, kind);
  startContainers(conversion);
  service.setDefault('Service', 'SyslogIdentifier', '%N');
  service.add('Service', 'ExecStart', podman(conversion, 'pod', 'start', name).text(), source.place);
  const timeout = source.set('StopTimeout');
  service.add('Service', 'ExecStop', podman(conversion, 'pod', 'stop', '--ignore', `--time=${timeout?.text ?? '10'}`, name).text(), timeout?.place);
  service.add('Service', 'ExecStopPost', podman(conversion, 'pod', 'rm', '--ignore', '--force', name).text());
  const create = podman(conversion, 'pod', 'create', '--infra-conmon-pidfile=%t/%N.pid', '--replace');
  applyRows(ROWS, conversion, create);
  create.add('--infra-name', `${name}-infra`, '--name', name);
  podmanArgs.apply(conversion, create);
  service.add('Service', 'ExecStartPre', create.text(), source.place);
  // podman auto-update restarts the service by it.
  service.add('Service', 'Environment', 'PODMAN_SYSTEMD_UNIT=%n');
  service.set('Service', 'Type', 'forking');
  service.set('Service', 'PIDFile', '%t/%N.pid');
  service.setDefault('Service', 'Restart', 'on-failure');
}

/** Containers of the pod start with it. */
function startContainers({ source, service, members }: Conversion): void {
  for (const serviceName of members.get(source.contents.name) ?? []) {
    service.add('Unit', 'Wants', serviceName);
    service.add('Unit', 'Before', serviceName);
  }
}

/** The pod that a container starts with, unless it says StartWithPod=no. A template cannot: which instance is not known here. */
export function podOf(contents: UnitContents): string | undefined {
  if (isTemplate(contents.name)) return undefined;
  const pod = lastText(contents, 'Container', 'Pod');
  return pod !== undefined && isTrue(lastText(contents, 'Container', 'StartWithPod') ?? 'yes') ? podNameOf(contents, pod) : undefined;
}
