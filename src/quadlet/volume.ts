/** .volume: a service that makes a volume; podman-systemd.unit(5), "Volume units". */
import { COMMON_KEYS, oneshotDefaults, podman, Refusal, type Conversion } from './conversion.js';
import { resourceNameOf } from './kinds.js';
import { imageSource } from './links.js';
import { requireMount } from './paths.js';
import type { PodmanCommand } from './podman-args.js';
import { always, applyRows, keysOf, last, pairs, podmanArgs, type Row } from './rows.js';

const ROWS: readonly Row[] = [
  last('UID', '--uid'),
  last('GID', '--gid'),
  last('Driver', '--driver'),
  always(['Image', 'User', 'Group', 'Copy', 'Device', 'Type', 'Options'], (conversion, command) => {
    if (conversion.source.last('Driver')?.text === 'image') addImage(conversion, command);
    else addMountOptions(conversion, command);
  }),
  pairs('Label', '--label'),
  podmanArgs,
];

export const VOLUME_KEYS: readonly string[] = [...COMMON_KEYS, 'VolumeName', ...keysOf(ROWS)];

export function convertVolume(conversion: Conversion): void {
  const { source, service, kind } = conversion;
  const command = podman(conversion, 'volume', 'create', '--ignore');
  applyRows(ROWS, conversion, command);
  service.add('Service', 'ExecStart', command.add(resourceNameOf(source.contents, kind)).text(), source.place);
  oneshotDefaults(conversion, true);
}

function addImage(conversion: Conversion, command: PodmanCommand): void {
  const image = conversion.source.set('Image');
  if (image === undefined)
    throw new Refusal('the key Image is mandatory when using the image driver', conversion.source.last('Driver')?.place ?? conversion.source.place, {
      key: 'Driver',
      hint: 'Image=REGISTRY/NAME:TAG',
    });
  command.add('--opt', `image=${imageSource(conversion, image)}`);
}

/** As mount(8) takes them: device, type, and the rest in one `o=`. */
function addMountOptions(conversion: Conversion, command: PodmanCommand): void {
  const { source } = conversion;
  const owner = [...(source.has('User') ? [`uid=${source.number('User')}`] : []), ...(source.has('Group') ? [`gid=${source.number('Group')}`] : [])];
  const copy = source.flag('Copy');
  if (copy !== undefined) command.add('--opt', copy ? 'copy' : 'nocopy');
  const device = source.set('Device');
  if (device !== undefined) command.add('--opt', `device=${device.text}`);
  const type = source.set('Type');
  if (type !== undefined && device === undefined)
    throw new Refusal("key Type can't be used without Device", type.place, { key: 'Type', hint: 'Device=tmpfs, or the path of a device' });
  if (type !== undefined) command.add('--opt', `type=${type.text}`);
  if (type?.text === 'bind' && device !== undefined) requireMount(conversion, device.text, device);
  const options = source.set('Options');
  const all = [...owner, ...(options === undefined ? [] : [options.text])];
  if (all.length > 0) command.add('--opt', `o=${all.join(',')}`);
}
