import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { prepareRouseDir, resolveScope, ScopeError } from './resolve-scope.js';
import type { Scope } from './scope.js';

const root = mkdtempSync(join(tmpdir(), 'rouse-scope-'));
afterAll(() => rmSync(root, { recursive: true }));
const path = (name: string): string => join(root, name);
mkdirSync(path('run'));

/** Of a user, whoever runs the tests. */
const user = (env: Readonly<Record<string, string>> = {}): Promise<Scope> => resolveScope({ user: true, env: { HOME: '/home/ann', XDG_RUNTIME_DIR: path('run'), ...env } });

/** Without the folder of what was written while rouse runs, which stands behind its own ones. */
const lasting = (folders: readonly string[]): readonly string[] => folders.filter((folder) => !folder.endsWith('/run-units'));

describe("a user's scope", () => {
  it('is in the folders of the XDG specification', async () => {
    expect(await user()).toMatchObject({
      mode: 'user',
      uid: process.getuid?.(),
      home: '/home/ann',
      runtimeDir: path('run'),
      rouseDir: path('run/rouse'),
      controlSocket: path('run/rouse/control.sock'),
      logDir: '/home/ann/.local/state/rouse/log',
      configUnitDir: '/home/ann/.config/systemd/user',
      notice: undefined,
      warnings: [],
    });
  });

  it('follows XDG_CONFIG_HOME and XDG_STATE_HOME', async () => {
    expect(await user({ XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s' })).toMatchObject({ configUnitDir: '/c/systemd/user', logDir: '/s/rouse/log' });
    expect((await user({ XDG_CONFIG_HOME: 'relative' })).configUnitDir).toBe('/home/ann/.config/systemd/user');
  });

  it('looks into its own folder first, then where systemd and podman look', async () => {
    const { unitDirs, quadletDirs } = await user();
    expect(unitDirs[0]).toBe('/home/ann/.config/rouse');
    expect(lasting(unitDirs).slice(1, 6)).toEqual([
      '/home/ann/.config/systemd/user.control',
      path('run/systemd/user.control'),
      path('run/systemd/transient'),
      path('run/rouse/generator.early'),
      '/home/ann/.config/systemd/user',
    ]);
    expect(lasting(quadletDirs).slice(0, 3)).toEqual(['/home/ann/.config/rouse', path('run/containers/systemd'), '/home/ann/.config/containers/systemd']);
  });

  it('can have other folders', async () => {
    const scope = await user({ ROUSE_UNIT_PATH: '/a:/b', ROUSE_RUNTIME_DIR: '/r', ROUSE_LOG_DIR: '/l', SYSTEMD_UNIT_PATH: '/u', QUADLET_UNIT_DIRS: '/q' });
    expect(scope).toMatchObject({
      rouseDir: '/r',
      controlSocket: '/r/control.sock',
      logDir: '/l',
      configUnitDir: '/a',
    });
    expect(lasting(scope.unitDirs)).toEqual(['/a', '/b', '/home/ann/.config/rouse', '/u']);
    expect(lasting(scope.quadletDirs)).toEqual(['/a', '/b', '/home/ann/.config/rouse', '/q']);
  });

  it('has a runtime folder in any case, and says which', async () => {
    const usual = `/tmp/rouse-runtime-${process.getuid?.()}`;
    const before = existsSync(usual);
    const { runtimeDir, warnings } = await resolveScope({ user: true, env: { HOME: '/home/ann' } });
    expect([`/run/user/${process.getuid?.()}`, usual]).toContain(runtimeDir);
    expect(warnings).toEqual([expect.stringMatching(/^XDG_RUNTIME_DIR is not set.*, using \//)]);
    if (runtimeDir === usual) expect(statSync(usual).mode & 0o777).toBe(0o700);
    if (!before) rmSync(usual, { recursive: true, force: true });
  });

  it.each([
    ['/run/user/5/', '/run/user/5'],
    ['/', '/'],
  ])('has no slash at the end of %s', async (set, runtimeDir) => {
    expect((await user({ XDG_RUNTIME_DIR: set })).runtimeDir).toBe(runtimeDir);
  });

  it("leaves systemd's files alone where systemd runs for the same user", async () => {
    mkdirSync(path('taken/systemd'), { recursive: true });
    const server = createServer().listen(path('taken/systemd/private'));
    await new Promise((resolve) => server.once('listening', resolve));
    const scope = await user({ XDG_RUNTIME_DIR: path('taken') });
    expect([lasting(scope.unitDirs), lasting(scope.quadletDirs)]).toEqual([['/home/ann/.config/rouse'], ['/home/ann/.config/rouse']]);
    expect(scope.configUnitDir).toBe('/home/ann/.config/rouse');
    expect(scope.notice).toBe('systemd runs here for this user: rouse leaves its files alone and reads /home/ann/.config/rouse only');
    await new Promise((resolve) => server.close(resolve));
  });

  it('is not taken by what a dead systemd left', async () => {
    mkdirSync(path('dead/systemd'), { recursive: true });
    writeFileSync(path('dead/systemd/private'), '');
    expect((await user({ XDG_RUNTIME_DIR: path('dead') })).notice).toBeUndefined();
  });
});

describe.runIf(process.getuid?.() === 0)("the system's scope", () => {
  it("is root's, unless root asks for its own", async () => {
    const scope = await resolveScope({ env: {} });
    expect(scope).toMatchObject({ mode: 'system', uid: 0, runtimeDir: '/run', rouseDir: '/run/rouse', logDir: '/var/log/rouse' });
    expect(scope.unitDirs[0]).toBe('/etc/rouse');
  });
});

describe('the folder of the manager', () => {
  it('is made for its owner alone', async () => {
    const scope = await user();
    prepareRouseDir(scope);
    prepareRouseDir(scope);
    expect(statSync(scope.rouseDir).mode & 0o777).toBe(0o700);
    // The services of the system, which run as other users, must get through to their notify sockets.
    prepareRouseDir({ ...scope, mode: 'system' });
    expect(statSync(scope.rouseDir).mode & 0o777).toBe(0o711);
    expect(() => prepareRouseDir(scope)).toThrow('can be used by others (mode 711)');
  });

  it.each<[title: string, make: (folder: string) => void, message: RegExp]>([
    ['others can use it', (folder) => (mkdirSync(folder), chmodSync(folder, 0o755)), /can be used by others \(mode 755\), refusing to use it$/],
    ['it is a link', (folder) => symlinkSync(path('run'), folder), /is not a folder, refusing to use it$/],
  ])('is refused where %s', async (title, make, message) => {
    const folder = path(title.replaceAll(' ', '-'));
    make(folder);
    const scope = await user({ ROUSE_RUNTIME_DIR: folder });
    expect(() => prepareRouseDir(scope)).toThrow(ScopeError);
    expect(() => prepareRouseDir(scope)).toThrow(message);
  });

  it.runIf(process.getuid?.() === 0)('is refused where it belongs to somebody else', async () => {
    mkdirSync(path('theirs'), { mode: 0o700 });
    chownSync(path('theirs'), 1234, 1234);
    const scope = await user({ ROUSE_RUNTIME_DIR: path('theirs') });
    expect(() => prepareRouseDir(scope)).toThrow('belongs to user 1234 and not to 0, refusing to use it');
  });
});
