/**
 * What a launch adds for the sake of SandboxConfig: words for rouse-spawn, in the order in which they have to come. A user's manager has no
 * rights of its own, so what it can give needs a user namespace (user_namespaces(7)), and a host may refuse that.
 */
import { ALL_CAPABILITIES } from '../../unit/values/capabilities.js';
import { seccompFilters } from './filters.js';
import { mountWords, needsMounts, type MountRequest } from './mounts.js';

export interface SandboxSetup {
  /** Before anything else: namespaces, and what is mounted in them. */
  readonly namespaces: readonly string[];
  /** Before the user changes. */
  readonly limits: readonly string[];
  /** After the user has changed. */
  readonly rights: readonly string[];
  /** After everything else: from then on few calls may be allowed. */
  readonly filters: readonly string[];
  /** A filter of one who has no rights needs it; seccomp(2). */
  readonly noNewPrivileges: boolean;
}

export const NO_SETUP: SandboxSetup = { namespaces: [], limits: [], rights: [], filters: [], noNewPrivileges: false };

export interface SandboxRequest extends MountRequest {
  readonly privileged: boolean;
  /** As whom it will run. */
  readonly uid: number;
  readonly gid: number;
  readonly changesUser: boolean;
}

const NEW_NET = 0x40000000;
const NEW_IPC = 0x08000000;
const NEW_UTS = 0x04000000;

/** Throws MissingPathError. */
export function sandboxSetup(request: SandboxRequest): SandboxSetup {
  const { sandbox, privileged } = request;
  const own = [...kinds(request), ...(needsMounts(request) ? mountWords(request) : [])];
  const filters = seccompFilters(sandbox).map((filter) => `F${filter}`);
  return {
    namespaces: !privileged && (own.length > 0 || sandbox.privateUsers) ? [`U${request.uid}:${request.gid}`, ...own] : own,
    ...(privileged ? capabilities(request, filters.length > 0) : { limits: [], rights: [] }),
    filters,
    noNewPrivileges: (filters.length > 0 && !privileged) || sandbox.dynamicUser,
  };
}

function kinds({ sandbox }: SandboxRequest): readonly string[] {
  const flags = (sandbox.privateNetwork ? NEW_NET : 0) | (sandbox.privateIpc ? NEW_IPC : 0) | (sandbox.protectHostname ? NEW_UTS : 0);
  return [
    ...(sandbox.networkNamespacePath === undefined ? [] : [`j${NEW_NET}:${sandbox.networkNamespacePath}`]),
    ...(sandbox.ipcNamespacePath === undefined ? [] : [`j${NEW_IPC}:${sandbox.ipcNamespacePath}`]),
    ...(flags === 0 ? [] : [`N${flags}`]),
    ...(sandbox.privateNetwork ? ['W'] : []),
  ];
}

function capabilities({ sandbox, changesUser, uid, gid }: SandboxRequest, filters: boolean): Pick<SandboxSetup, 'limits' | 'rights'> {
  const { capabilityBoundingSet: bounding, ambientCapabilities: ambient, secureBits } = sandbox;
  // Kept over the change of the user: to hand some on, or to install a filter afterwards. execve(2) takes away what is not ambient.
  const keeps = changesUser && (ambient.length > 0 || filters);
  return {
    limits: [...(bounding === undefined || bounding.length === ALL_CAPABILITIES.length ? [] : [`X${mask(bounding)}`]), ...(keeps ? ['A'] : [])],
    rights: [...(sandbox.privateUsers ? [`U${uid}:${gid}`] : []), ...(keeps || ambient.length > 0 ? [`C${mask(ambient)}`] : []), ...(secureBits === 0 ? [] : [`S${secureBits}`])],
  };
}

export function mask(numbers: readonly number[]): bigint {
  return numbers.reduce((all, each) => all | (1n << BigInt(each)), 0n);
}
