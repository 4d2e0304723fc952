/** .kube: a service that runs what a Kubernetes YAML file describes; podman-systemd.unit(5), "Kube units". */
import { checkKillMode, COMMON_KEYS, podman, Refusal, serviceType, type Conversion } from './conversion.js';
import { networks } from './links.js';
import { absolutePath } from './paths.js';
import { applyRows, each, joined, keysOf, last, podmanArgs, row, words, type Row } from './rows.js';
import { userNamespace } from './user.js';
import { setWorkingDirectory } from './working-directory.js';

/** 'registry' for all containers, 'name/registry' for one. */
const autoUpdate = row(['AutoUpdate'], ({ source }, command) => {
  for (const { text } of source.words('AutoUpdate')) {
    const at = text.indexOf('/');
    command.add(at < 0 ? `--annotation=io.containers.autoupdate=${text}` : `--annotation=io.containers.autoupdate/${text.slice(0, at)}=${text.slice(at + 1)}`);
  }
});

const configMaps = row(['ConfigMap'], (conversion, command) => {
  for (const { text } of conversion.source.words('ConfigMap')) command.add('--configmap', absolutePath(conversion, text));
});

const ROWS: readonly Row[] = [
  joined('ExitCodePropagation', '--service-exit-code-propagation'),
  last('LogDriver', '--log-driver'),
  words('LogOpt', '--log-opt'),
  userNamespace,
  networks,
  autoUpdate,
  configMaps,
  each('PublishPort', '--publish'),
  podmanArgs,
];

export const KUBE_KEYS: readonly string[] = [...COMMON_KEYS, 'Yaml', 'KubeDownForce', 'SetWorkingDirectory', ...keysOf(ROWS)];

export function convertKube(conversion: Conversion): void {
  const { source, service } = conversion;
  const yaml = source.words('Yaml');
  if (yaml[0] === undefined) throw new Refusal('no Yaml key specified', source.place, { hint: 'Yaml=FILE.yml' });
  const files = yaml.map(({ text }) => absolutePath(conversion, text));
  checkKillMode(conversion);
  // podman auto-update restarts the service by it.
  service.add('Service', 'Environment', 'PODMAN_SYSTEMD_UNIT=%n');
  serviceType(conversion);
  service.setDefault('Service', 'SyslogIdentifier', '%N');
  const play = podman(conversion, 'kube', 'play', '--replace', '--service-container=true');
  applyRows(ROWS, conversion, play);
  service.add('Service', 'ExecStart', play.add(...files).text(), yaml[0].place);
  // ExecStop= does not run when the start failed, and pods would be left.
  const down = podman(conversion, 'kube', 'down');
  const force = source.flag('KubeDownForce');
  if (force !== undefined) down.flag('--force', force);
  service.add('Service', 'ExecStopPost', down.add(...files).text(), yaml[0].place);
  setWorkingDirectory(conversion);
}
