/** .build: a service that builds an image; podman-systemd.unit(5), "Build units". */
import { posix } from 'node:path';
import { COMMON_KEYS, oneshotDefaults, podman, Refusal, type Conversion } from './conversion.js';
import { resourceNameOf } from './kinds.js';
import { networks, volumes } from './links.js';
import { isUrl, startsWithSpecifier } from './paths.js';
import type { PodmanCommand } from './podman-args.js';
import { applyRows, args, each, flag, joined, keysOf, last, pairs, podmanArgs, type Row } from './rows.js';
import { setWorkingDirectory } from './working-directory.js';

const ROWS: readonly Row[] = [
  // In one word: `podman build --pull` takes its value no other way.
  joined('Pull', '--pull'),
  last('Arch', '--arch'),
  last('AuthFile', '--authfile'),
  last('IgnoreFile', '--ignorefile'),
  last('Target', '--target'),
  last('Variant', '--variant'),
  last('Retry', '--retry'),
  last('RetryDelay', '--retry-delay'),
  flag('TLSVerify', '--tls-verify'),
  flag('ForceRM', '--force-rm'),
  each('DNS', '--dns'),
  each('DNSOption', '--dns-option'),
  each('DNSSearch', '--dns-search'),
  each('GroupAdd', '--group-add'),
  each('ImageTag', '--tag'),
  pairs('BuildArg', '--build-arg'),
  pairs('Environment', '--env'),
  pairs('Label', '--label'),
  pairs('Annotation', '--annotation'),
  networks,
  args('Secret', '--secret'),
  volumes,
];

export const BUILD_KEYS: readonly string[] = [...COMMON_KEYS, 'File', 'SetWorkingDirectory', ...podmanArgs.keys, ...keysOf(ROWS)];

export function convertBuild(conversion: Conversion): void {
  const { source, service, kind } = conversion;
  if (resourceNameOf(source.contents, kind) === '') throw new Refusal('no ImageTag key specified', source.place, { hint: 'ImageTag=localhost/NAME' });
  const command = podman(conversion, 'build');
  applyRows(ROWS, conversion, command);
  addContext(conversion, command);
  service.add('Service', 'ExecStart', command.text(), source.last('ImageTag')?.place);
  oneshotDefaults(conversion, false);
}

/** The context is podman's last argument: a URL, a folder, or what the Containerfile's own folder is. */
function addContext(conversion: Conversion, command: PodmanCommand): void {
  const { source, service } = conversion;
  const context = setWorkingDirectory(conversion);
  const folder = service.last('Service', 'WorkingDirectory')?.value ?? '';
  const file = source.set('File');
  if (folder === '' && file === undefined && context === '')
    throw new Refusal('neither SetWorkingDirectory, nor File key specified', source.place, { hint: 'SetWorkingDirectory=unit where a Containerfile stands beside this file' });
  if (file !== undefined) command.add('--file', file.text);
  podmanArgs.apply(conversion, command);
  if (context !== '') command.add(context);
  else if (file === undefined || !(startsWithSpecifier(file.text) || posix.isAbsolute(file.text) || isUrl(file.text))) {
    if (folder === '')
      throw new Refusal('relative path in File key requires SetWorkingDirectory key to be set', file?.place ?? source.place, {
        key: 'File',
        hint: 'SetWorkingDirectory=unit, or an absolute path',
      });
    command.add(folder);
  }
}
