/** What each specifier stands for; systemd.unit(5), "SPECIFIERS". The host's facts are handed in, so this stays pure. */
import type { SpecifierTable } from '../unitfile/specifier.js';
import { parseUnitName, unescapeName } from './name.js';

/** Facts of the host and of whom the manager works for. */
export interface SpecifierFacts {
  readonly mode: 'system' | 'user';
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly groupName: string;
  readonly home: string;
  readonly shell: string;
  readonly runtimeDir: string;
  readonly configHome: string;
  readonly dataHome: string;
  readonly stateHome: string;
  readonly cacheHome: string;
  readonly hostName: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly kernelRelease: string;
  readonly architecture: string;
  readonly osRelease: Readonly<Record<string, string>>;
  readonly tmpDir: string;
  readonly varTmpDir: string;
}

/** Most units ask for none of them. */
export function specifierTable(name: string, facts: SpecifierFacts, fragmentPath = ''): SpecifierTable {
  let table: Readonly<Record<string, string>> | undefined;
  return (letter) => (table ??= meanings(name, facts, fragmentPath))[letter];
}

function meanings(name: string, facts: SpecifierFacts, fragmentPath: string): Readonly<Record<string, string>> {
  const parsed = parseUnitName(name) ?? { base: name, prefix: name, instance: undefined, type: '' };
  const instance = parsed.instance ?? '';
  const lastPart = parsed.prefix.slice(parsed.prefix.lastIndexOf('-') + 1);
  const system = facts.mode === 'system';
  return {
    n: name,
    N: parsed.base,
    p: parsed.prefix,
    P: unescapeName(parsed.prefix),
    i: instance,
    I: unescapeName(instance),
    j: lastPart,
    J: unescapeName(lastPart),
    f: `/${unescapeName(instance === '' ? parsed.prefix : instance).replace(/^\/+/, '')}`,
    y: fragmentPath,
    Y: fragmentPath.slice(0, Math.max(0, fragmentPath.lastIndexOf('/'))),
    t: facts.runtimeDir,
    S: system ? '/var/lib' : facts.stateHome,
    C: system ? '/var/cache' : facts.cacheHome,
    L: system ? '/var/log' : `${facts.stateHome}/log`,
    E: system ? '/etc' : facts.configHome,
    D: system ? '/usr/share' : facts.dataHome,
    d: `${facts.runtimeDir}/credentials/${name}`,
    h: facts.home,
    u: facts.userName,
    U: String(facts.uid),
    g: facts.groupName,
    G: String(facts.gid),
    s: facts.shell,
    H: facts.hostName,
    l: facts.hostName.split('.')[0] ?? '',
    q: facts.osRelease['PRETTY_HOSTNAME'] ?? facts.hostName,
    m: facts.machineId,
    b: facts.bootId,
    v: facts.kernelRelease,
    a: facts.architecture,
    o: facts.osRelease['ID'] ?? '',
    w: facts.osRelease['VERSION_ID'] ?? '',
    W: facts.osRelease['VARIANT_ID'] ?? '',
    B: facts.osRelease['BUILD_ID'] ?? '',
    M: facts.osRelease['IMAGE_ID'] ?? '',
    A: facts.osRelease['IMAGE_VERSION'] ?? '',
    T: facts.tmpDir,
    V: facts.varTmpDir,
  };
}
