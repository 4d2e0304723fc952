/** .pod: a service that makes and starts a pod; podman-systemd.unit(5), "Pod units". */
import { COMMON_KEYS, podman, type Conversion, type LinkedUnit } from './conversion.js';
import { isTemplate, resourceNameOf } from './kinds.js';
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

/** Containers of the pod start with it, unless they say StartWithPod=no. A template cannot: which instance is not known here. */
function startContainers({ source, service, members }: Conversion): void {
  for (const { contents, serviceName } of members.get(source.contents.name) ?? []) {
    if (isTemplate(contents.name) || !isTrue(lastText(contents, 'Container', 'StartWithPod') ?? 'yes')) continue;
    service.add('Unit', 'Wants', serviceName);
    service.add('Unit', 'Before', serviceName);
  }
}

/** By the pod's file name. */
export function podMembers(units: ReadonlyMap<string, LinkedUnit>): ReadonlyMap<string, readonly LinkedUnit[]> {
  const members = new Map<string, LinkedUnit[]>();
  for (const unit of units.values()) {
    const name = unit.kind.type === 'container' ? lastText(unit.contents, 'Container', 'Pod') : undefined;
    if (name !== undefined) members.set(name, [...(members.get(name) ?? []), unit]);
  }
  return members;
}
