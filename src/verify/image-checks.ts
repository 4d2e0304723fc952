/** Images: names that mean something else tomorrow, and updates that never come. */
import { suggest } from '../unitfile/suggest.js';
import { refused } from './quadlet-value-checks.js';
import { ownSection, type Finding, type Subject, type World } from './subject.js';
import { lastOf } from './text.js';

const TYPES = ['container', 'image', 'volume'];

/** A name without a registry: podman asks one after the other, or takes what is there under that name. */
export function* imageWithoutRegistry(subject: Subject, world: World): Iterable<Finding> {
  const line = TYPES.includes(subject.type) ? lastOf(subject, 'Image') : undefined;
  if (line === undefined || /\.(image|build)$/.test(line.value) || isQualified(line.value) || /[%$\s]/.test(line.value)) return;
  const files = world.quadlets.map(({ name }) => name).filter((name) => /\.(image|build)$/.test(name));
  const own = files.find((name) => name.replace(/\.[a-z]+$/, '') === line.value) ?? (/\.[a-z]+$/.test(line.value) ? suggest(line.value, files) : undefined);
  const hint =
    own === undefined
      ? `Image=docker.io/${line.value.includes('/') ? '' : 'library/'}${line.value} says where it comes from, Image=localhost/${line.value} that it was built here`
      : `did you mean Image=${own}?`;
  yield { at: line, section: line.section, message: `Image=${line.value} names no registry: which image that is depends on the host's registries.conf`, hint };
}

/** A name that begins with a host, an image's id, or what is no name of a registry's at all. */
export function isQualified(image: string): boolean {
  if (/^(sha256:)?[0-9a-f]{64}$/i.test(image)) return true;
  if (/^(docker|docker-archive|docker-daemon|oci|oci-archive|dir|containers-storage):/.test(image) || image.startsWith('/')) return true;
  const [host = '', path] = image.split('/', 2);
  return path !== undefined && (/[.:]/.test(host) || host === 'localhost');
}

/** podman auto-update leaves such containers as they are, and says so only where it is called. */
export function* updateThatNeverComes(subject: Subject, world: World): Iterable<Finding> {
  const policy = subject.type === 'container' ? lastOf(subject, 'AutoUpdate') : undefined;
  const image = lastOf(subject, 'Image');
  if (policy === undefined || image === undefined) return;
  const at = { at: policy, section: ownSection(subject) };
  if (policy.value !== 'registry' && policy.value !== 'local') {
    yield {
      ...at,
      message: `'${policy.value}' in AutoUpdate= is not registry or local: podman auto-update will fail`,
      hint: 'AutoUpdate=registry, or AutoUpdate=local for images that are built here',
    };
  }
  if (policy.value === 'registry') {
    if (image.value.endsWith('.build') || image.value.startsWith('localhost/'))
      yield { ...at, message: `AutoUpdate=registry, but Image=${image.value} is built on this host and in no registry`, hint: 'AutoUpdate=local' };
    else if (!image.value.endsWith('.image') && !isQualified(image.value))
      yield {
        ...at,
        severity: 'error',
        message: `AutoUpdate=registry needs an image with its registry, and Image=${image.value} has none: ${refused(subject)}`,
        hint: `Image=docker.io/${image.value.includes('/') ? '' : 'library/'}${image.value}`,
      };
  }
  const name = image.value.endsWith('.image') ? imageOf(world, image.value) : image.value;
  if (name.includes('@sha256:'))
    yield { ...at, message: `AutoUpdate=${policy.value}, but ${name} is one image for ever: its digest is a part of its name`, hint: 'name a tag, or leave AutoUpdate= out' };
}

function imageOf(world: World, fileName: string): string {
  const assignments = world.quadlet(fileName)?.sections.find(({ name }) => name === 'Image')?.assignments ?? [];
  return assignments.findLast(({ key }) => key === 'Image')?.value ?? '';
}
