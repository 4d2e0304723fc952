import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withAdoptProfile } from './adopt-profile.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-profile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const paths = { profile: join(folder, 'out/web.json'), listener: '/run/rouse/adopt/web.sock', home: folder };
const base = join(folder, 'base.json');

const BASE = {
  defaultAction: 'SCMP_ACT_ERRNO',
  archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
  syscalls: [
    { names: ['accept', 'bind', 'listen', 'read'], action: 'SCMP_ACT_ALLOW', includes: {} },
    { names: ['bind'], action: 'SCMP_ACT_ERRNO', excludes: { caps: ['CAP_X'] } },
  ],
};

interface Made {
  readonly listenerPath: string;
  readonly syscalls: readonly { readonly names: readonly string[]; readonly action: string }[];
}

function adopt(profile: object, ...words: readonly string[]): { readonly argv: readonly string[]; readonly made: Made } {
  writeFileSync(base, JSON.stringify(profile));
  const adopted = withAdoptProfile(['podman', 'run', ...words], paths);
  if (!adopted.ok) throw new Error(adopted.why);
  return { argv: adopted.argv, made: JSON.parse(readFileSync(paths.profile, 'utf8')) as Made };
}

describe('the seccomp profile of a container whose sockets are adopted', () => {
  it('asks us where the profile allows bind and listen, and is the same otherwise', () => {
    const { made } = adopt(BASE, `--security-opt=seccomp=${base}`, 'nginx');
    expect(made).toEqual({
      ...BASE,
      listenerPath: paths.listener,
      syscalls: [{ ...BASE.syscalls[0], names: ['accept', 'read'] }, { ...BASE.syscalls[0], names: ['bind', 'listen'], action: 'SCMP_ACT_NOTIFY' }, BASE.syscalls[1]],
    });
  });

  it('takes the place of the one in the command, and leaves the rest of that alone', () => {
    const { argv } = adopt(BASE, '--name', 'web', '--security-opt', `seccomp=${base}`, '--security-opt=label=disable', 'nginx', '--security-opt', 'seccomp=mine');
    expect(argv).toEqual(['podman', 'run', `--security-opt=seccomp=${paths.profile}`, '--name', 'web', '--security-opt=label=disable', 'nginx', '--security-opt', 'seccomp=mine']);
  });

  it('allows everything else where the container is not confined', () => {
    for (const words of [['--security-opt=seccomp=unconfined'], ['--privileged']]) {
      expect(adopt(BASE, ...words, 'nginx').made).toEqual({
        defaultAction: 'SCMP_ACT_ALLOW',
        listenerPath: paths.listener,
        syscalls: [{ names: ['bind', 'listen'], action: 'SCMP_ACT_NOTIFY' }],
      });
    }
  });

  it('takes nothing for an option that the program is given', () => {
    const { made } = adopt(BASE, `--security-opt=seccomp=${base}`, 'nginx', '--privileged');
    expect(made.syscalls).toHaveLength(3);
  });

  it('forbids bind where the profile does', () => {
    const { made } = adopt({ ...BASE, syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }] }, `--security-opt=seccomp=${base}`, 'nginx');
    expect(made.syscalls.filter(({ action }) => action === 'SCMP_ACT_NOTIFY')).toEqual([]);
  });

  it('is for the user alone', () => {
    adopt(BASE, '--privileged', 'nginx');
    expect(statSync(paths.profile).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['the profile has a listener already', { ...BASE, listenerPath: '/run/other.sock' }, 'its seccomp profile has a listener of its own'],
    ['the profile asks somebody already', { ...BASE, syscalls: [{ names: ['mount'], action: 'SCMP_ACT_NOTIFY' }] }, 'its seccomp profile has a listener of its own'],
  ])('is not made where %s', (_, profile, why) => {
    writeFileSync(base, JSON.stringify(profile));
    expect(withAdoptProfile(['podman', 'run', `--security-opt=seccomp=${base}`, 'nginx'], paths)).toEqual({ ok: false, why });
  });

  it('is not made for a command that is not podman run, and says what it cannot read', () => {
    expect(withAdoptProfile(['podman', 'kube', 'play', 'x'], paths)).toEqual({ ok: false, why: 'its command is not podman run' });
    expect(withAdoptProfile(['podman', 'run', '--security-opt=seccomp=/nowhere.json', 'x'], paths)).toMatchObject({
      ok: false,
      why: expect.stringContaining('/nowhere.json cannot be read') as string,
    });
  });
});
