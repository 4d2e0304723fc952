import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CliContext, type CommonOptions } from './context.js';
import { makeStyle } from './io.js';
import { verify, type VerifyOptions } from './verify.js';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'rouse-verify-')));
  mkdirSync(join(root, 'path'));
  for (const [name, folder] of [
    ['ROUSE_UNIT_PATH', 'path'],
    ['SYSTEMD_UNIT_PATH', 'none'],
    ['QUADLET_UNIT_DIRS', 'none'],
    ['ROUSE_RUNTIME_DIR', 'run'],
  ] as const)
    vi.stubEnv(name, join(root, folder));
  vi.stubEnv('XDG_RUNTIME_DIR', root);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

function write(name: string, text: string): string {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
}

async function run(words: readonly string[], options: VerifyOptions & CommonOptions = {}): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = { out: (text: string) => void (out += text), err: (text: string) => void (err += text), style: makeStyle(false), interactive: false };
  const code = await verify(await CliContext.open(io, options), words, options);
  return { code, out: out.replaceAll(root, 'ROOT'), err };
}

const GOOD = '[Container]\nImage=quay.io/x/y\n[Install]\nWantedBy=default.target\n';

describe('rouse verify', () => {
  test('has nothing to say of good files', async () => {
    expect(await run([write('a.container', GOOD)])).toEqual({ code: 0, out: '', err: 'Nothing found in 1 file\n' });
  });

  test('fails on errors, and on warnings where it is strict', async () => {
    const bad = write('bad.container', GOOD.replace('Image', 'Imag'));
    const warned = write('warned.container', GOOD.replace('quay.io/x/', ''));
    expect(await run([bad])).toEqual({
      code: 1,
      out: [
        'ROOT/bad.container:1:1: No Image or Rootfs key specified, refusing to load',
        '  hint: Image=REGISTRY/NAME:TAG',
        "ROOT/bad.container:2:1: Unknown key 'Imag' in section [Container], refusing to load",
        "  hint: did you mean 'Image'?",
        '',
      ].join('\n'),
      err: '2 errors in 1 file\n',
    });
    expect(await run([warned])).toMatchObject({ code: 0, err: '1 warning in 1 file\n' });
    expect(await run([warned], { strict: true })).toMatchObject({ code: 1 });
    expect(await run([warned], { quiet: true })).toMatchObject({ err: '' });
  });

  test('speaks JSON, and what code hosts show in place', async () => {
    const file = write('a.container', GOOD.replace('quay.io/x/', ''));
    const json = await run([file], { json: true });
    expect(JSON.parse(json.out)).toMatchObject({ files: 1, warnings: 1, findings: [{ code: 'short-image-name', file: 'ROOT/a.container', line: 2, column: 7, key: 'Image' }] });
    expect((await run([file], { format: 'json' })).out).toBe(json.out);
    expect((await run([file], { format: 'github' })).out).toMatch(/^::warning file=ROOT\/a\.container,line=2,col=7,title=/);
  });

  test('verifies all files of the manager, and only these', async () => {
    write('elsewhere.container', '[Container]\n');
    write('path/a.container', '[Container]\nImage=quay.io/x/y\nHostNam=a\n');
    write('path/b.socket', '[Socket]\n');
    const { code, out } = await run([], { all: true });
    expect(code).toBe(1);
    expect(out.match(/^ROOT\S*/gm)).toEqual(['ROOT/path/b.socket:1:1:', 'ROOT/path/a.container:', 'ROOT/path/a.container:3:1:']);
  });

  test('is told off for a wrong call', async () => {
    await expect(run([])).rejects.toThrow('Nothing to verify');
    await expect(run(['x'], { format: 'xml' })).rejects.toThrow("Unknown format 'xml'");
    expect(await run([join(root, 'gone.socket')])).toMatchObject({ code: 1, out: expect.stringMatching(/^ROOT\/gone\.socket: There is no such file/) });
  });
});
