import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allValues, lastValue } from '../unitfile/lookup.js';
import { readQuadletFiles } from './quadlet-files.js';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rouse-quadlet-'));
});

afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}

function read(...dirs: readonly string[]) {
  return readQuadletFiles(dirs.map((dir) => join(root, dir)));
}

function image(name: string, ...dirs: readonly string[]): string | undefined {
  const found = read(...dirs).files.find((file) => file.name === name);
  return found === undefined ? undefined : lastValue(found, 'Container', 'Image')?.value;
}

describe('Quadlet files', () => {
  test('of every kind are read, and nothing else', () => {
    for (const type of ['container', 'volume', 'network', 'kube', 'image', 'build', 'pod', 'artifact', 'socket', 'service', 'conf']) write(`a/x.${type}`, '');
    write('a/README.md', 'text');
    expect(read('a').files.map(({ name }) => name)).toEqual(['x.artifact', 'x.build', 'x.container', 'x.image', 'x.kube', 'x.network', 'x.pod', 'x.volume']);
    expect(read('a').diagnostics).toEqual([]);
  });

  test('of one name count from the first folder', () => {
    write('a/x.container', '[Container]\nImage=a\n');
    write('b/x.container', '[Container]\nImage=b\n');
    expect(image('x.container', 'a', 'b')).toBe('a');
    expect(image('x.container', 'b', 'a')).toBe('b');
    expect(image('x.container', 'missing', 'b')).toBe('b');
  });

  test('are found in sub-folders, through links, and once where links lead in a circle', () => {
    write('a/sub/deep/x.container', '[Container]\nImage=a\n');
    write('elsewhere/y.container', '[Container]\nImage=y\n');
    link('a/more', join(root, 'elsewhere'));
    link('a/sub/deep/back', join(root, 'a'));
    expect(read('a').files.map(({ name }) => name)).toEqual(['y.container', 'x.container']);
    expect(read('a').files.map(({ fragmentPath }) => fragmentPath)).toEqual([join(root, 'elsewhere/y.container'), join(root, 'a/sub/deep/x.container')]);
  });

  test('that are links to a template are instances, under their own path', () => {
    write('a/x@.container', '[Container]\nImage=t\n');
    link('a/x@one.container', 'x@.container');
    const [instance, template] = read('a').files.toSorted((left, right) => (left.name > right.name ? -1 : 1));
    expect(instance).toMatchObject({ name: 'x@one.container', fragmentPath: join(root, 'a/x@one.container') });
    expect(template).toMatchObject({ name: 'x@.container' });
    expect(image('x@one.container', 'a')).toBe('t');
  });

  test('that cannot be read to the end are refused, with the line', () => {
    write('a/x.container', '[Container]\nImage=a\nwhat\n');
    write('a/y.container', 'Image=a\n');
    link('a/z.container', 'nowhere');
    mkdirSync(join(root, 'a/w.container'));
    const { files, diagnostics } = read('a');
    expect(files).toEqual([]);
    expect(diagnostics.map(({ severity, file, line, message }) => [severity, file.slice(root.length), line, message])).toEqual([
      ['error', '/a/w.container', 0, 'Failed to read the file: EISDIR, refusing to load'],
      ['error', '/a/x.container', 3, "Missing '=' in 'what', refusing to load"],
      ['error', '/a/y.container', 1, "Assignment 'Image=' outside of a section, refusing to load"],
      ['error', '/a/z.container', 0, 'The link leads nowhere, refusing to load'],
    ]);
  });
});

describe('drop-ins of Quadlet files', () => {
  const labels = (name: string, ...dirs: readonly string[]): readonly string[] => {
    const found = read(...dirs).files.find((file) => file.name === name);
    return found === undefined ? [] : allValues(found, 'Container', 'Label').map(({ value }) => value);
  };
  const dropIn = (path: string, label: string): void => write(path, `[Container]\nLabel=${label}\n`);

  test('of all levels apply, in the order of their names', () => {
    write('a/x-y-z.container', '[Container]\nLabel=own\n');
    dropIn('a/container.d/50.conf', 'type');
    dropIn('a/x-.container.d/40.conf', 'x');
    dropIn('b/x-y-.container.d/30.conf', 'x-y');
    dropIn('a/x-y-z.container.d/20.conf', 'name');
    dropIn('a/x-y.container.d/10.conf', 'other');
    write('a/x-y-z.container.d/60.txt', 'no drop-in');
    expect(labels('x-y-z.container', 'a', 'b')).toEqual(['own', 'name', 'x-y', 'x', 'type']);
    expect(read('a', 'b').files[0]?.dropInPaths).toEqual(
      ['a/x-y-z.container.d/20.conf', 'b/x-y-.container.d/30.conf', 'a/x-.container.d/40.conf', 'a/container.d/50.conf'].map((path) => join(root, path)),
    );
  });

  test('of one name count from the most specific folder', () => {
    write('a/x-y.container', '');
    dropIn('a/container.d/10.conf', 'type');
    dropIn('a/x-.container.d/10.conf', 'x');
    expect(labels('x-y.container', 'a')).toEqual(['x']);
    dropIn('b/x-y.container.d/10.conf', 'name');
    expect(labels('x-y.container', 'a', 'b')).toEqual(['name']);
  });

  test('of a template apply to its instances, which have their own as well', () => {
    write('a/x-y@.container', '');
    link('a/x-y@one.container', 'x-y@.container');
    dropIn('a/x-y@.container.d/10.conf', 'template');
    dropIn('a/x-y@one.container.d/20.conf', 'one');
    dropIn('a/x-@.container.d/30.conf', 'templates of x');
    dropIn('a/x-.container.d/40.conf', 'all of x');
    expect(labels('x-y@one.container', 'a')).toEqual(['template', 'one', 'templates of x', 'all of x']);
    expect(labels('x-y@.container', 'a')).toEqual(['template', 'templates of x', 'all of x']);
  });

  test('make an instance of a template that has no file of its own', () => {
    write('a/x@.container', '[Container]\nLabel=template\n');
    dropIn('b/x@one.container.d/10.conf', 'one');
    dropIn('a/x@.container.d/20.conf', 'all');
    dropIn('a/y@one.container.d/10.conf', 'of no template');
    link('a/x@two.container.d', 'nowhere');
    expect(read('a', 'b').files.map(({ name }) => name)).toEqual(['x@.container', 'x@one.container']);
    expect(labels('x@one.container', 'a', 'b')).toEqual(['template', 'one', 'all']);
    expect(read('a', 'b').files[1]?.fragmentPath).toBe(join(root, 'a/x@.container'));
  });

  test('count beside the file that another is a link to', () => {
    write('elsewhere/x.container', '[Container]\nLabel=own\n');
    dropIn('elsewhere/x.container.d/10.conf', 'beside');
    dropIn('elsewhere/x.container.d/20.conf', 'hidden');
    dropIn('a/x.container.d/20.conf', 'folder');
    link('a/x.container', join(root, 'elsewhere/x.container'));
    write('a/y.container', '[Container]\nLabel=own\n');
    dropIn('elsewhere/y.container.d/10.conf', 'not linked');
    expect(labels('x.container', 'a')).toEqual(['own', 'beside', 'folder']);
    expect(labels('y.container', 'a')).toEqual(['own']);
  });

  test('that cannot be read to the end are left out, and the file counts without them', () => {
    write('a/x.container', '[Container]\nLabel=own\n');
    write('a/x.container.d/10.conf', '[Container]\nLabel=broken\nwhat\n');
    dropIn('a/x.container.d/20.conf', 'good');
    expect(labels('x.container', 'a')).toEqual(['own', 'good']);
    expect(read('a').diagnostics).toMatchObject([{ severity: 'warning', line: 3, message: "Missing '=' in 'what', leaving this drop-in out" }]);
  });

  test('are not Quadlet files themselves', () => {
    write('a/x.container', '');
    write('a/x.container.d/y.container', '');
    expect(read('a').files.map(({ name }) => name)).toEqual(['x.container']);
  });
});
