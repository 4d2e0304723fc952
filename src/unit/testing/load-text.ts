/** Units from text, as tests need them: facts of an imaginary host, no files. */
import type { Diagnostic } from '../../unitfile/diagnostic.js';
import { mergeUnitFiles } from '../../unitfile/drop-in.js';
import { parseUnitFile } from '../../unitfile/parse.js';
import type { ServiceConfig, SocketConfig, UnitConfig } from '../config.js';
import { loadUnit } from '../load.js';
import type { SpecifierFacts } from '../specifiers.js';

export const FACTS: SpecifierFacts = {
  mode: 'system',
  uid: 0,
  gid: 0,
  userName: 'root',
  groupName: 'wheel',
  home: '/root',
  shell: '/bin/sh',
  runtimeDir: '/run',
  configHome: '/root/.config',
  dataHome: '/root/.local/share',
  stateHome: '/root/.local/state',
  cacheHome: '/root/.cache',
  hostName: 'box.example.org',
  machineId: '0123456789abcdef0123456789abcdef',
  bootId: 'fedcba9876543210fedcba9876543210',
  kernelRelease: '6.1.0',
  architecture: 'x86-64',
  osRelease: { ID: 'alpine', VERSION_ID: '3.22', VARIANT_ID: 'edge', BUILD_ID: '42', IMAGE_ID: 'cloud', IMAGE_VERSION: '7', PRETTY_HOSTNAME: 'The Box' },
  tmpDir: '/tmp',
  varTmpDir: '/var/tmp',
};

export interface LoadedText {
  readonly config: UnitConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export function loadText(name: string, text: string, facts: Partial<SpecifierFacts> = {}): LoadedText {
  const file = parseUnitFile(`/etc/systemd/system/${name}`, text);
  const loaded = loadUnit(mergeUnitFiles(name, file.value, []), { facts: { ...FACTS, ...facts } });
  return { config: loaded.value, diagnostics: [...file.diagnostics, ...loaded.diagnostics] };
}

/** Throws, with the reasons, when the unit does not load. */
function mustLoad(name: string, text: string): UnitConfig {
  const { config, diagnostics } = loadText(name, text);
  if (config === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return config;
}

/** `lines` are those of [Service]; ExecStart=/bin/true is there when they have none. */
export function service(lines = '', name = 'web.service'): ServiceConfig {
  const config = mustLoad(name, `[Service]\n${/^ExecStart=/m.test(lines) ? '' : 'ExecStart=/bin/true\n'}${lines}\n`);
  if (config.type !== 'service') throw new Error(`${name} is not a service`);
  return config;
}

/** `lines` are those of [Socket]; ListenStream=/run/web.sock is there when they have no Listen… key. */
export function socketUnit(lines = '', name = 'web.socket'): SocketConfig {
  const config = mustLoad(name, `[Socket]\n${/^Listen/m.test(lines) ? '' : 'ListenStream=/run/web.sock\n'}${lines}\n`);
  if (config.type !== 'socket') throw new Error(`${name} is not a socket`);
  return config;
}

/** A config with what it inherits, as plain objects that can be compared and printed. */
export function whole(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(whole);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const result: Record<string, unknown> = {};
  for (const field in value) result[field] = whole((value as Record<string, unknown>)[field]);
  return result;
}
