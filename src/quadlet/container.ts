/** .container: a service that runs one container; podman-systemd.unit(5), "Container units". */
import { always, applyRows, args, each, flag, keysOf, last, pairs, podmanArgs, row, security, securityFlag, words, type Row } from './rows.js';
import { checkKillMode, COMMON_KEYS, podman, Refusal, serviceType, type Conversion } from './conversion.js';
import { containerName } from './kinds.js';
import { imageSource, networks, pod, volumes } from './links.js';
import { mounts } from './mount.js';
import { absolutePath } from './paths.js';
import { user, userMappings } from './user.js';

/** Between Delegate= and the container that podman starts: it divides the cgroup of the service. */
const cgroups = always(['CgroupsMode'], ({ source }, command) => {
  const mode = source.set('CgroupsMode');
  if (mode === undefined) command.add('--cgroups=split');
  else command.add('--cgroups', mode.text);
});

/** An empty value means something here: it takes the image's entry point away. */
const entrypoint = row(['Entrypoint'], ({ source }, command) => {
  const value = source.last('Entrypoint');
  if (value !== undefined) command.add(`--entrypoint=${value.text}`);
});

/** Who tells systemd that the service is ready: the container, its health check, or conmon for it. */
const notify = always(['Notify'], (conversion, command) => {
  if (serviceType(conversion) === 'oneshot') return;
  const healthy = conversion.source.last('Notify')?.text.toLowerCase() === 'healthy';
  const container = !healthy && conversion.source.flag('Notify') === true;
  command.add(`--sdnotify=${healthy ? 'healthy' : container ? 'container' : 'conmon'}`, '-d');
});

/** A `-` before the path: only where the device exists. */
const devices = row(['AddDevice'], ({ source, context }, command) => {
  for (const { text } of source.words('AddDevice')) {
    const device = text.replace(/^-/, '');
    if (device !== '' && (device === text || context.exists?.(device.split(':', 1)[0] ?? '') !== false)) command.add('--device', device);
  }
});

/** VolatileTmp= is deprecated: a read-only container has a /tmp of its own. */
const readOnly = row(['ReadOnly', 'VolatileTmp'], ({ source }, command) => {
  const value = source.flag('ReadOnly');
  if (value !== undefined) command.flag('--read-only', value);
  if (source.flag('VolatileTmp') === true && value !== true) command.add('--tmpfs', '/tmp:rw,size=512M,mode=1777');
});

const autoUpdate = row(['AutoUpdate'], ({ source }, command) => {
  const value = source.set('AutoUpdate');
  if (value !== undefined) command.add('--label', `io.containers.autoupdate=${value.text}`);
});

const exposedPorts = row(['ExposeHostPort'], ({ source }, command) => {
  for (const { text, place } of source.all('ExposeHostPort')) {
    if (!/\d+(-\d+)?(\/udp|\/tcp)?$/.test(text))
      throw new Refusal(`invalid port format '${text}'`, place, { key: 'ExposeHostPort', hint: 'expected a port such as 8080, or a range such as 50-59' });
    command.add('--expose', text);
  }
});

const environmentFiles = row(['EnvironmentFile'], (conversion, command) => {
  for (const { text } of conversion.source.args('EnvironmentFile')) command.add('--env-file', absolutePath(conversion, text));
});

const ROWS: readonly Row[] = [
  last('LogDriver', '--log-driver'),
  words('LogOpt', '--log-opt'),
  cgroups,
  entrypoint,
  last('Timezone', '--tz'),
  last('PidsLimit', '--pids-limit'),
  last('ShmSize', '--shm-size'),
  last('WorkingDir', '--workdir'),
  last('IP', '--ip'),
  last('IP6', '--ip6'),
  last('HostName', '--hostname'),
  last('StopSignal', '--stop-signal'),
  last('StopTimeout', '--stop-timeout'),
  last('Pull', '--pull'),
  last('Memory', '--memory'),
  last('Retry', '--retry'),
  last('RetryDelay', '--retry-delay'),
  last('ImageVolume', '--image-volume'),
  last('Umask', '--umask'),
  each('NetworkAlias', '--network-alias'),
  each('Ulimit', '--ulimit'),
  each('DNS', '--dns'),
  each('DNSOption', '--dns-option'),
  each('DNSSearch', '--dns-search'),
  each('GroupAdd', '--group-add'),
  each('AddHost', '--add-host'),
  each('Tmpfs', '--tmpfs'),
  flag('RunInit', '--init'),
  flag('EnvironmentHost', '--env-host'),
  flag('HttpProxy', '--http-proxy'),
  flag('ReadOnlyTmpfs', '--read-only-tmpfs'),
  networks,
  notify,
  securityFlag('NoNewPrivileges', '--security-opt=no-new-privileges'),
  securityFlag('SecurityLabelDisable', '--security-opt', 'label=disable'),
  securityFlag('SecurityLabelNested', '--security-opt', 'label=nested'),
  security('SecurityLabelType', 'label=type:'),
  security('SecurityLabelFileType', 'label=filetype:'),
  security('SecurityLabelLevel', 'label=level:'),
  security('AppArmor', 'apparmor='),
  devices,
  security('SeccompProfile', 'seccomp='),
  words('DropCapability', '--cap-drop', (name) => name.toLowerCase()),
  words('AddCapability', '--cap-add', (name) => name.toLowerCase()),
  words('Sysctl', '--sysctl'),
  readOnly,
  user,
  userMappings,
  volumes,
  autoUpdate,
  exposedPorts,
  each('PublishPort', '--publish'),
  pairs('Environment', '--env'),
  pairs('Label', '--label'),
  pairs('Annotation', '--annotation'),
  args('Mask', '--security-opt', 'mask='),
  args('Unmask', '--security-opt', 'unmask='),
  environmentFiles,
  args('Secret', '--secret'),
  mounts,
  last('HealthCmd', '--health-cmd'),
  last('HealthInterval', '--health-interval'),
  last('HealthOnFailure', '--health-on-failure'),
  last('HealthLogDestination', '--health-log-destination'),
  last('HealthMaxLogCount', '--health-max-log-count'),
  last('HealthMaxLogSize', '--health-max-log-size'),
  last('HealthRetries', '--health-retries'),
  last('HealthStartPeriod', '--health-start-period'),
  last('HealthTimeout', '--health-timeout'),
  last('HealthStartupCmd', '--health-startup-cmd'),
  last('HealthStartupInterval', '--health-startup-interval'),
  last('HealthStartupRetries', '--health-startup-retries'),
  last('HealthStartupSuccess', '--health-startup-success'),
  last('HealthStartupTimeout', '--health-startup-timeout'),
  pod,
  podmanArgs,
];

export const CONTAINER_KEYS: readonly string[] = [...COMMON_KEYS, 'ContainerName', 'Image', 'Rootfs', 'Exec', 'ReloadCmd', 'ReloadSignal', ...keysOf(ROWS)];

export function convertContainer(conversion: Conversion): void {
  const { source, service } = conversion;
  const image = imageOrRootfs(conversion);
  const name = containerName(source.contents);
  // podman auto-update restarts the service by it.
  service.add('Service', 'Environment', 'PODMAN_SYSTEMD_UNIT=%n');
  checkKillMode(conversion);
  // When conmon ends badly the container is left; ExecStop= does not run where the main process was killed.
  service.add('Service', 'ExecStop', podman(conversion, 'rm', '-v', '-f', '-i', name).text());
  service.add('Service', 'ExecStopPost', podman(conversion, 'rm', '-v', '-f', '-i', name).text('-'));
  addReload(conversion, name);
  service.add('Service', 'Delegate', 'yes');
  const run = podman(conversion, 'run', '--name', name, '--replace', '--rm');
  applyRows(ROWS, conversion, run);
  service.setDefault('Service', 'SyslogIdentifier', '%N');
  run.add(...image.words, ...source.lastArgs('Exec').map(({ text }) => text));
  service.add('Service', 'ExecStart', run.text(), image.place);
}

function imageOrRootfs(conversion: Conversion) {
  const image = conversion.source.set('Image');
  const rootfs = conversion.source.set('Rootfs');
  if (image !== undefined && rootfs !== undefined)
    throw new Refusal('the Image And Rootfs keys conflict can not be specified together', rootfs.place, { key: 'Rootfs', hint: 'remove one of the two' });
  if (image !== undefined) return { words: [imageSource(conversion, image)], place: image.place };
  if (rootfs !== undefined) return { words: ['--rootfs', rootfs.text], place: rootfs.place };
  throw new Refusal('no Image or Rootfs key specified', conversion.source.place, { section: 'Container', hint: 'Image=REGISTRY/NAME:TAG' });
}

function addReload(conversion: Conversion, name: string): void {
  const { source, service } = conversion;
  const command = source.lastArgs('ReloadCmd');
  const signal = source.set('ReloadSignal');
  if (command[0] !== undefined && signal !== undefined)
    throw new Refusal('ReloadCmd and ReloadSignal are mutually exclusive but both are set', signal.place, { key: 'ReloadSignal', hint: 'remove one of the two' });
  if (command[0] !== undefined) service.add('Service', 'ExecReload', podman(conversion, 'exec', name, ...command.map(({ text }) => text)).text(), command[0].place);
  if (signal !== undefined) service.add('Service', 'ExecReload', podman(conversion, 'kill', '--signal', signal.text, name).text(), signal.place);
}
