/** What sets the processes of a unit apart from the rest of the machine; systemd.exec(5), "SANDBOXING" and what belongs to it. */
import { ALL_CAPABILITIES } from './values/capabilities.js';

export interface SandboxPath {
  readonly path: string;
  /** `-`: it may be missing. */
  readonly optional: boolean;
  /** `+`: below RootDirectory=. */
  readonly inRoot: boolean;
}

export interface BindMount {
  readonly from: string;
  readonly to: string;
  readonly optional: boolean;
  readonly recursive: boolean;
}

/** Words that are allowed, or with `allow: false` those that are not. */
export interface WordFilter {
  readonly allow: boolean;
  readonly words: readonly string[];
}

export interface CallFilter {
  readonly allow: boolean;
  /** Names, each with the errno that it gets; undefined: the one of SystemCallErrorNumber=. */
  readonly calls: ReadonlyMap<string, string | undefined>;
}

export interface SandboxConfig {
  readonly protectSystem: 'no' | 'yes' | 'full' | 'strict';
  readonly protectHome: 'no' | 'yes' | 'read-only' | 'tmpfs';
  readonly privateTmp: 'no' | 'connected' | 'disconnected';
  readonly privateDevices: boolean;
  readonly privateNetwork: boolean;
  readonly privateIpc: boolean;
  readonly privateUsers: boolean;
  readonly privateMounts: boolean | undefined;
  readonly protectHostname: boolean;
  readonly protectClock: boolean;
  readonly protectKernelTunables: boolean;
  readonly protectKernelModules: boolean;
  readonly protectKernelLogs: boolean;
  readonly protectControlGroups: 'no' | 'yes' | 'private' | 'strict';
  readonly protectProc: 'default' | 'noaccess' | 'invisible' | 'ptraceable';
  readonly procSubset: 'all' | 'pid';
  readonly networkNamespacePath: string | undefined;
  readonly ipcNamespacePath: string | undefined;
  readonly readWritePaths: readonly SandboxPath[];
  readonly readOnlyPaths: readonly SandboxPath[];
  readonly inaccessiblePaths: readonly SandboxPath[];
  readonly execPaths: readonly SandboxPath[];
  readonly noExecPaths: readonly SandboxPath[];
  readonly bindPaths: readonly BindMount[];
  readonly bindReadOnlyPaths: readonly BindMount[];
  readonly temporaryFileSystem: readonly { readonly path: string; readonly options: string }[];
  /** undefined: all. */
  readonly capabilityBoundingSet: readonly number[] | undefined;
  readonly ambientCapabilities: readonly number[];
  readonly secureBits: number;
  readonly systemCallFilter: CallFilter | undefined;
  /** undefined: the process is killed. */
  readonly systemCallErrorNumber: string | undefined;
  readonly systemCallArchitectures: readonly string[];
  readonly restrictAddressFamilies: WordFilter | undefined;
  /** The kinds that may be made; undefined: all. */
  readonly restrictNamespaces: readonly string[] | undefined;
  readonly restrictRealtime: boolean;
  readonly restrictSuidSgid: boolean;
  readonly memoryDenyWriteExecute: boolean;
  readonly lockPersonality: boolean;
  readonly dynamicUser: boolean;
  readonly removeIpc: boolean;
}

export const NO_SANDBOX: SandboxConfig = {
  protectSystem: 'no',
  protectHome: 'no',
  privateTmp: 'no',
  privateDevices: false,
  privateNetwork: false,
  privateIpc: false,
  privateUsers: false,
  privateMounts: undefined,
  protectHostname: false,
  protectClock: false,
  protectKernelTunables: false,
  protectKernelModules: false,
  protectKernelLogs: false,
  protectControlGroups: 'no',
  protectProc: 'default',
  procSubset: 'all',
  networkNamespacePath: undefined,
  ipcNamespacePath: undefined,
  readWritePaths: [],
  readOnlyPaths: [],
  inaccessiblePaths: [],
  execPaths: [],
  noExecPaths: [],
  bindPaths: [],
  bindReadOnlyPaths: [],
  temporaryFileSystem: [],
  capabilityBoundingSet: undefined,
  ambientCapabilities: [],
  secureBits: 0,
  systemCallFilter: undefined,
  systemCallErrorNumber: undefined,
  systemCallArchitectures: [],
  restrictAddressFamilies: undefined,
  restrictNamespaces: undefined,
  restrictRealtime: false,
  restrictSuidSgid: false,
  memoryDenyWriteExecute: false,
  lockPersonality: false,
  dynamicUser: false,
  removeIpc: false,
};

/** capabilities(7), by number: what is of no use any more where these are protected. */
const TAKEN: readonly (readonly [key: 'protectClock' | 'protectKernelModules' | 'protectKernelLogs' | 'privateDevices', numbers: readonly number[]])[] = [
  ['protectClock', [25, 35]],
  ['protectKernelModules', [16]],
  ['protectKernelLogs', [34]],
  ['privateDevices', [17, 27]],
];

/** With what some settings bring along; systemd.exec(5). */
export function completeSandbox(sandbox: SandboxConfig): SandboxConfig {
  if (sandbox === NO_SANDBOX) return sandbox;
  const taken = TAKEN.flatMap(([key, numbers]) => (sandbox[key] ? numbers : []));
  const bounding = taken.length === 0 ? sandbox.capabilityBoundingSet : (sandbox.capabilityBoundingSet ?? ALL_CAPABILITIES).filter((each) => !taken.includes(each));
  return withDynamicUser({ ...sandbox, capabilityBoundingSet: bounding });
}

function withDynamicUser(sandbox: SandboxConfig): SandboxConfig {
  if (!sandbox.dynamicUser) return sandbox;
  const { protectHome, privateTmp } = sandbox;
  return {
    ...sandbox,
    protectSystem: 'strict',
    protectHome: protectHome === 'no' ? 'read-only' : protectHome,
    privateTmp: privateTmp === 'no' ? 'disconnected' : privateTmp,
    restrictSuidSgid: true,
    removeIpc: true,
  };
}
