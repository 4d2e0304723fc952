/** What specifiers say of this host and user; read once, when the first unit needs it. */
import { arch, hostname, release, userInfo } from 'node:os';
import type { SpecifierFacts } from '../unit/specifiers.js';
import type { Scope } from './scope.js';
import { textOf } from './quietly.js';

/** uname(2) names to those of systemd.unit(5), ConditionArchitecture=. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'x86-64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: 'x86',
  riscv64: 'riscv64',
  ppc64: 'ppc64-le',
  s390x: 's390x',
  loong64: 'loongarch64',
};

export function hostFacts(scope: Scope, env: Readonly<Record<string, string | undefined>>): SpecifierFacts {
  const folder = (name: string, usual: string): string => (env[name]?.startsWith('/') === true ? env[name] : `${scope.home}/${usual}`);
  return {
    mode: scope.mode,
    uid: scope.uid,
    gid: scope.gid,
    userName: scope.userName,
    groupName: groupName(scope.gid),
    home: scope.home,
    shell: shellOf(),
    runtimeDir: scope.runtimeDir,
    configHome: folder('XDG_CONFIG_HOME', '.config'),
    dataHome: folder('XDG_DATA_HOME', '.local/share'),
    stateHome: folder('XDG_STATE_HOME', '.local/state'),
    cacheHome: folder('XDG_CACHE_HOME', '.cache'),
    hostName: hostname(),
    machineId: textOf('/etc/machine-id'),
    bootId: textOf('/proc/sys/kernel/random/boot_id').replaceAll('-', ''),
    kernelRelease: release(),
    architecture: ARCHITECTURES[arch()] ?? arch(),
    osRelease: osRelease(),
    tmpDir: env['TMPDIR'] ?? '/tmp',
    varTmpDir: env['TMPDIR'] ?? '/var/tmp',
  };
}

function groupName(gid: number): string {
  return (
    textOf('/etc/group')
      .split('\n')
      .find((line) => line.split(':')[2] === String(gid))
      ?.split(':')[0] ?? String(gid)
  );
}

function shellOf(): string {
  try {
    return userInfo().shell ?? '/bin/sh';
  } catch {
    return '/bin/sh';
  }
}

/** os-release(5), and PRETTY_HOSTNAME out of machine-info(5). */
function osRelease(): Readonly<Record<string, string>> {
  const text = `${textOf('/etc/os-release') || textOf('/usr/lib/os-release')}\n${textOf('/etc/machine-info')}`;
  return Object.fromEntries(text.split('\n').flatMap((line) => [...line.matchAll(/^([A-Z_]+)=["']?(.*?)["']?$/g)].map(([, name = '', value = '']) => [name, value])));
}
