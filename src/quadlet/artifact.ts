/** .artifact: a service that pulls an OCI artifact; podman-systemd.unit(5), "Artifact units". */
import { COMMON_KEYS, oneshotDefaults, podman, Refusal, type Conversion } from './conversion.js';
import { applyRows, flag, keysOf, last, podmanArgs, type Row } from './rows.js';

const ROWS: readonly Row[] = [
  last('AuthFile', '--authfile'),
  last('CertDir', '--cert-dir'),
  last('Creds', '--creds'),
  last('DecryptionKey', '--decryption-key'),
  last('Retry', '--retry'),
  last('RetryDelay', '--retry-delay'),
  flag('Quiet', '--quiet'),
  flag('TLSVerify', '--tls-verify'),
  podmanArgs,
];

export const ARTIFACT_KEYS: readonly string[] = [...COMMON_KEYS, 'Artifact', ...keysOf(ROWS)];

export function convertArtifact(conversion: Conversion): void {
  const { source, service } = conversion;
  const artifact = source.set('Artifact');
  if (artifact === undefined) throw new Refusal('no Artifact key specified', source.place, { hint: 'Artifact=REGISTRY/NAME:TAG' });
  const command = podman(conversion, 'artifact', 'pull');
  applyRows(ROWS, conversion, command);
  service.add('Service', 'ExecStart', command.add(artifact.text).text(), artifact.place);
  oneshotDefaults(conversion, true);
}
