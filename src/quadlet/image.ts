/** .image: a service that pulls an image; podman-systemd.unit(5), "Image units". */
import { COMMON_KEYS, oneshotDefaults, podman, Refusal, type Conversion } from './conversion.js';
import { applyRows, flag, keysOf, last, podmanArgs, type Row } from './rows.js';

const ROWS: readonly Row[] = [
  last('Arch', '--arch'),
  last('AuthFile', '--authfile'),
  last('CertDir', '--cert-dir'),
  last('Creds', '--creds'),
  last('DecryptionKey', '--decryption-key'),
  last('OS', '--os'),
  last('Policy', '--policy'),
  last('Variant', '--variant'),
  last('Retry', '--retry'),
  last('RetryDelay', '--retry-delay'),
  flag('AllTags', '--all-tags'),
  flag('TLSVerify', '--tls-verify'),
  podmanArgs,
];

/** ImageTag= is the name that other files use for the image; `kinds.ts` reads it. */
export const IMAGE_KEYS: readonly string[] = [...COMMON_KEYS, 'Image', 'ImageTag', ...keysOf(ROWS)];

export function convertImage(conversion: Conversion): void {
  const { source, service } = conversion;
  const image = source.set('Image');
  if (image === undefined) throw new Refusal('no Image key specified', source.place, { hint: 'Image=REGISTRY/NAME:TAG' });
  const command = podman(conversion, 'image', 'pull');
  applyRows(ROWS, conversion, command);
  service.add('Service', 'ExecStart', command.add(image.text).text(), image.place);
  oneshotDefaults(conversion, true);
}
