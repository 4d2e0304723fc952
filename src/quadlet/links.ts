/**
 * References from one Quadlet file to another: the name is replaced by that of what podman makes, and the service of the other
 * file is started first.
 */
import type { Place } from '../unitfile/diagnostic.js';
import { splitWords } from '../unitfile/words.js';
import { suggest } from '../unitfile/suggest.js';
import { Refusal, type Conversion, type LinkedUnit } from './conversion.js';
import { kindOf, podNameOf } from './kinds.js';
import { absolutePath, requireMount } from './paths.js';
import { row, type Row } from './rows.js';
import type { Value } from './source.js';

/** Keys of [Unit] that name units; systemd.unit(5). */
const DEPENDENCY_KEYS: ReadonlySet<string> = new Set([
  'After',
  'Before',
  'BindsTo',
  'Conflicts',
  'OnFailure',
  'OnSuccess',
  'PartOf',
  'PropagatesReloadTo',
  'PropagatesStopTo',
  'ReloadPropagatedFrom',
  'Requires',
  'Requisite',
  'StopPropagatedFrom',
  'Upholds',
  'Wants',
]);

/** `After=data.volume` to `After=data-volume.service`. */
export function translateDependencies(conversion: Conversion): void {
  const { service } = conversion;
  for (const key of service.keys('Unit')) {
    if (!DEPENDENCY_KEYS.has(key)) continue;
    const all = service.all('Unit', key);
    const counted = all.slice(all.findLastIndex(({ value }) => value === '') + 1);
    const names = counted.flatMap((value) => splitWords(value.value, { keepEscapes: true }).words.map((text) => ({ text, place: value })));
    const place = names.find(({ text }) => kindOf(text) !== undefined)?.place;
    if (place === undefined) continue;
    const translated = names.map((name) => (kindOf(name.text) === undefined ? name.text : dependency(conversion, name, key)));
    service.unset('Unit', key);
    service.add('Unit', key, translated.join(' '), place);
  }
}

function dependency(conversion: Conversion, { text, place }: Value, key: string): string {
  const unit = conversion.units.get(text);
  if (unit === undefined) throw missing(conversion, `unable to translate dependency for ${text}`, text, { place, section: 'Unit', key });
  return unit.serviceName;
}

/** Network=: a name, or a .network or .container file, with options of podman's after a colon. */
export const networks: Row = row(['Network'], (conversion, command) => {
  for (const value of conversion.source.all('Network')) command.add('--network', network(conversion, value));
});

function network(conversion: Conversion, value: Value): string {
  const at = value.text.indexOf(':');
  const name = at < 0 ? value.text : value.text.slice(0, at);
  const type = kindOf(name)?.type;
  if (type !== 'network' && type !== 'container') return value.text;
  const resource = refer(conversion, name, `requested Quadlet unit ${name} was not found`, value, 'Network');
  if (type === 'network') return resource + value.text.slice(name.length);
  if (at >= 0) throw new Refusal("extra options are not supported when joining another container's network", value.place, { key: 'Network', hint: `Network=${name}` });
  return `container:${resource}`;
}

const VOLUME_TYPES = ['volume', 'artifact'];

/** Volume=: a path, a name, or a .volume file. */
export const volumes: Row = row(['Volume'], (conversion, command) => {
  for (const value of conversion.source.all('Volume')) {
    const at = value.text.indexOf(':');
    // Without a source podman makes a volume without a name.
    if (at < 0) command.add('-v', value.text);
    else if (at === 0) command.add('-v', value.text.split(':')[1] ?? '');
    else command.add('-v', storageSource(conversion, value.text.slice(0, at), value, VOLUME_TYPES, 'Volume') + value.text.slice(at));
  }
});

/** The source of a volume or mount, as podman has to be told it. */
export function storageSource(conversion: Conversion, source: string, value: Value, types: readonly string[], key: string): string {
  const path = source.startsWith('.') ? absolutePath(conversion, source) : source;
  if (path.startsWith('/')) {
    requireMount(conversion, path, value);
    return path;
  }
  if (!types.includes(kindOf(source)?.type ?? '')) return source;
  return refer(conversion, source, `requested Quadlet source ${source} was not found`, value, key);
}

/** Image=: a name, or an .image or .build file. */
export function imageSource(conversion: Conversion, value: Value): string {
  const type = kindOf(value.text)?.type;
  if (type !== 'image' && type !== 'build') return value.text;
  return refer(conversion, value.text, `requested Quadlet image ${value.text} was not found`, value, 'Image');
}

/** Pod=: always a .pod file. The pod's service stops and starts this one. */
export const pod: Row = row(['Pod', 'StartWithPod'], (conversion, command) => {
  const { source } = conversion;
  const value = source.set('Pod');
  if (value === undefined) return;
  const name = podNameOf(source.contents, value.text);
  if (kindOf(name)?.type !== 'pod') throw new Refusal(`pod ${name} is not Quadlet based`, value.place, { key: 'Pod', hint: 'Pod= takes the name of a .pod file' });
  const unit = conversion.units.get(name);
  if (unit === undefined) throw missing(conversion, `quadlet pod unit ${name} does not exist`, name, { place: value.place, key: 'Pod' });
  command.add('--pod', unit.resource);
  conversion.service.add('Unit', 'BindsTo', unit.serviceName, value.place);
  conversion.service.add('Unit', 'After', unit.serviceName, value.place);
});

/** Starts the other file's service first. Returns the name of what it makes. */
function refer(conversion: Conversion, name: string, notFound: string, { place }: Value, key: string): string {
  const unit = conversion.units.get(name);
  if (unit === undefined) throw missing(conversion, notFound, name, { place, key });
  if (unit.resource === '') throw new Refusal(`cannot get the resource name of ${name}`, place, { key, ...unnamed(unit) });
  conversion.service.add('Unit', 'Requires', unit.serviceName, place);
  conversion.service.add('Unit', 'After', unit.serviceName, place);
  return unit.resource;
}

function unnamed({ type, name }: LinkedUnit): { hint: string } {
  return { hint: type === 'container' ? 'give it a ContainerName= without specifiers' : `rouse verify ${name} says why it has none` };
}

function missing({ units }: Conversion, message: string, name: string, { place, ...detail }: { place: Place; key: string; section?: string }): Refusal {
  const near = suggest(name, units.keys());
  return new Refusal(message, place, { ...detail, code: 'missing-quadlet', hint: near === undefined ? `write ${name}, or put it where this file is` : `did you mean '${near}'?` });
}
