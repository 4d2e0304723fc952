/** What podman warns of in a Quadlet file and does all the same. */
import type { Diagnostic } from '../unitfile/diagnostic.js';
import type { QuadletSource, Warning } from './source.js';

/** systemd would run podman as another user, who has no containers. */
const UNSUPPORTED_SERVICE_KEYS = ['User', 'Group', 'DynamicUser'];

/** The key that names an image, for the kinds that have one. */
const IMAGE_KEY: Readonly<Record<string, string>> = { Container: 'Image', Volume: 'Image', Image: 'Image' };

export function warnings(source: QuadletSource): readonly Diagnostic[] {
  return [...serviceKeys(source), ...ambiguousImage(source), ...source.warnings].map(({ place, ...rest }) => ({
    severity: 'warning',
    file: place.file,
    line: place.line,
    ...rest,
  }));
}

function serviceKeys(source: QuadletSource): readonly Warning[] {
  return UNSUPPORTED_SERVICE_KEYS.flatMap((key) => {
    const found = source.last(key, 'Service');
    if (found === undefined) return [];
    const message = `using key ${key} in the Service group is not supported - use at your own risk`;
    return [{ place: found.place, section: 'Service', key, code: 'unsupported-service-key', message }];
  });
}

/** A name without a registry: podman asks one after the other. */
function ambiguousImage(source: QuadletSource): readonly Warning[] {
  const key = IMAGE_KEY[source.section];
  const image = key === undefined ? undefined : source.last(key);
  if (key === undefined || image === undefined || /\.(build|image)$/.test(image.text) || isUnambiguous(image.text)) return [];
  const message =
    `${source.contents.name} specifies the image "${image.text}" which not a fully qualified image name. This is not ideal for performance and security reasons. ` +
    'See the podman-pull manpage discussion of short-name-aliases.conf for details.';
  return [{ place: image.place, section: source.section, key, code: 'short-image-name', message }];
}

/** An image id, or a name that begins with the name of a host. */
function isUnambiguous(image: string): boolean {
  if (image.startsWith('sha256:') || /^[0-9a-fA-F]{64}$/.test(image)) return true;
  const [host = '', path] = image.split('/', 2);
  return path !== undefined && (/[.:]/.test(host) || host === 'localhost');
}
