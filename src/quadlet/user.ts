/** Who a container runs as: User= and Group=, and the user namespace, with the deprecated Remap keys. */
import { Refusal, type Conversion } from './conversion.js';
import type { PodmanCommand } from './podman-args.js';
import { row, type Row } from './rows.js';
import type { Value } from './source.js';

export const user: Row = row(['User', 'Group'], ({ source }, command) => {
  const name = source.set('User');
  const group = source.set('Group');
  if (name === undefined && group !== undefined)
    throw new Refusal('invalid Group set without User', group.place, { key: 'Group', hint: 'set User= as well, or write User=UID:GID' });
  if (name !== undefined) command.add('--user', group === undefined ? name.text : `${name.text}:${group.text}`);
});

const REMAP_KEYS = ['RemapUsers', 'RemapUid', 'RemapGid', 'RemapUidSize'];

/** Of every kind that has a user namespace. */
export const userMappings: Row = row(['UserNS', 'UIDMap', 'GIDMap', 'SubUIDMap', 'SubGIDMap', ...REMAP_KEYS], (conversion, command) => addMappings(conversion, command, true));

/** `podman kube play` takes no single mappings. */
export const userNamespace: Row = row(['UserNS', ...REMAP_KEYS], (conversion, command) => addMappings(conversion, command, false));

function addMappings(conversion: Conversion, command: PodmanCommand, supportsManual: boolean): void {
  const { source } = conversion;
  const given: (readonly [option: string, value: Value | undefined])[] = [
    ['--userns', source.set('UserNS')],
    ...source.words('UIDMap').map((value) => ['--uidmap', value] as const),
    ...source.words('GIDMap').map((value) => ['--gidmap', value] as const),
    ['--subuidname', source.set('SubUIDMap')],
    ['--subgidname', source.set('SubGIDMap')],
  ];
  const mappings = given.flatMap(([option, value]) => (value === undefined ? [] : [option, value.text]));
  if (mappings.length === 0) return remap(conversion, command, supportsManual);
  const deprecated = ['RemapUid', 'RemapGid', 'RemapUsers'].map((key) => source.last(key)).find((value) => value !== undefined);
  if (deprecated !== undefined) throw new Refusal('deprecated Remap keys are set along with explicit mapping keys', deprecated.place, { hint: 'leave the Remap keys out' });
  command.add(...mappings);
}

function remap({ source }: Conversion, command: PodmanCommand, supportsManual: boolean): void {
  const uids = source.words('RemapUid');
  const gids = source.words('RemapGid');
  const users = source.set('RemapUsers');
  if (users === undefined) {
    refuse(uids[0], 'UidMap set without RemapUsers');
    refuse(gids[0], 'GidMap set without RemapUsers');
    return;
  }
  switch (users.text) {
    case 'manual':
      if (!supportsManual) throw new Refusal('RemapUsers=manual is not supported', users.place, { key: 'RemapUsers', hint: 'RemapUsers=auto, or UserNS=' });
      for (const { text } of uids) command.add('--uidmap', text);
      for (const { text } of gids) command.add('--gidmap', text);
      return;
    case 'auto':
      command.add('--userns', withOptions('auto', [...options('uidmapping', uids), ...options('gidmapping', gids), ...sizeOption(source.number('RemapUidSize'))]));
      return;
    case 'keep-id':
      refuse(uids[1], 'RemapUsers=keep-id supports only a single value for UID mapping');
      refuse(gids[1], 'RemapUsers=keep-id supports only a single value for GID mapping');
      command.add('--userns', withOptions('keep-id', [...options('uid', uids), ...options('gid', gids)]));
      return;
    default:
      throw new Refusal(`unsupported RemapUsers option '${users.text}'`, users.place, { key: 'RemapUsers', hint: 'expected auto, keep-id or manual' });
  }
}

function refuse(value: Value | undefined, message: string): void {
  if (value !== undefined) throw new Refusal(message, value.place, { hint: 'UserNS=, UIDMap= and GIDMap= have replaced the Remap keys' });
}

function options(name: string, values: readonly Value[]): readonly string[] {
  return values.map(({ text }) => `${name}=${text}`);
}

function sizeOption(size: number): readonly string[] {
  return size > 0 ? [`size=${size}`] : [];
}

function withOptions(mode: string, list: readonly string[]): string {
  return list.length === 0 ? mode : `${mode}:${list.join(',')}`;
}
