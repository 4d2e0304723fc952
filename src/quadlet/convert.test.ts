import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitWords } from '../unitfile/words.js';
import { ARTIFACT_KEYS } from './artifact.js';
import { BUILD_KEYS } from './build.js';
import { CONTAINER_KEYS } from './container.js';
import { convertQuadlets, QUADLET_TYPES } from './convert.js';
import { IMAGE_KEYS } from './image.js';
import { installLinks } from './install-links.js';
import { KUBE_KEYS } from './kube.js';
import { NETWORK_KEYS } from './network.js';
import { quoteArg } from './podman-args.js';
import { POD_KEYS } from './pod.js';
import { contentsOf, convert, holds, SYSTEM } from './testing/quadlets.js';
import { VOLUME_KEYS } from './volume.js';

const IMAGE = '[Container]\nImage=quay.io/x/y\n';

describe('files that refer to each other', () => {
  test('leave a container that is refused out of what its pod starts', () => {
    const converted = convert({ 'g.pod': '', 'good.container': `${IMAGE}Pod=g.pod\n`, 'bad.container': `${IMAGE}Pod=g.pod\nNoSuchKey=1\n` });
    expect(converted.values('g.pod', 'Unit', 'Wants')).toEqual(['network-online.target', 'good.service']);
  });

  test('have their dependencies translated to the services, in one line, after those of the network', () => {
    const converted = convert({
      'web.container': `[Unit]\nAfter=db.container sys.service\nAfter=data.volume\nRequires=db.container\nBefore=x.service\n${IMAGE}`,
      'db.container': `${IMAGE}ServiceName=database\n`,
      'data.volume': '',
    });
    expect(converted.values('web.container', 'Unit', 'After')).toEqual(['network-online.target', 'database.service sys.service data-volume.service']);
    expect(converted.values('web.container', 'Unit', 'Requires')).toEqual(['database.service']);
    expect(converted.values('web.container', 'Unit', 'Before')).toEqual(['x.service']);
  });

  test('convert in any order', () => {
    const files = {
      'a.container': '[Container]\nImage=b.build\nVolume=v.volume:/v\n',
      'b.build': '[Build]\nImageTag=localhost/b\nFile=/f\nVolume=v.volume:/v\n',
      'v.volume': '[Volume]\nDriver=image\nImage=b.build\n',
    };
    const forth = convert(files);
    const back = convert(Object.fromEntries(Object.entries(files).reverse()));
    for (const name of Object.keys(files)) {
      expect(forth.find(name).diagnostics).toEqual([]);
      expect(back.find(name)).toEqual(forth.find(name));
    }
  });

  test('may be templates: the instance is the same in both', () => {
    const converted = convert({ 'app@.container': `${IMAGE}Volume=data@.volume:/d\nNetwork=net@.network\nPod=grp@.pod\n`, 'data@.volume': '', 'net@.network': '', 'grp@.pod': '' });
    const command = converted.command('app@.container');
    expect(holds(command, '-v', 'systemd-data-%i:/d')).toBe(true);
    expect(holds(command, '--network', 'systemd-net-%i')).toBe(true);
    expect(holds(command, '--pod', 'systemd-grp-%i')).toBe(true);
    expect(converted.values('app@.container', 'Unit', 'Requires')).toEqual(['net-network@.service', 'data-volume@.service']);
    expect(converted.command('data@.volume').at(-1)).toBe('systemd-data-%i');
    expect(convert({ 'data@one.volume': '' }).command('data@one.volume').at(-1)).toBe('systemd-data-one');
  });
});

describe('every service', () => {
  test('waits for the network, by what its manager can see of it', () => {
    expect(convert({ 'a.container': IMAGE }).values('a.container', 'Unit', 'Wants')).toEqual(['network-online.target']);
    expect(convert({ 'a.container': IMAGE }, { mode: 'user' }).values('a.container', 'Unit', 'After')).toEqual(['podman-user-wait-network-online.service']);
    expect(convert({ 'a.container': `${IMAGE}[Quadlet]\nDefaultDependencies=no\n` }).values('a.container', 'Unit', 'Wants')).toEqual([]);
    expect(convert({ 'a.container': `[Unit]\nAfter=\n${IMAGE}` }).values('a.container', 'Unit', 'After')).toEqual(['network-online.target', '']);
  });

  test('keeps the sections of its file, its own under a name that systemd skips', () => {
    const { service } = convert({ 'a.container': `${IMAGE}[X-Container]\nA=b\n[Quadlet]\nDefaultDependencies=yes\n[Install]\nWantedBy=x.target\n` }).find('a.container');
    const sections = Object.fromEntries((service?.sections ?? []).map(({ name, assignments }) => [name, assignments.map(({ key }) => key)]));
    expect(sections['X-Container']).toEqual(['A', 'Image']);
    expect(sections['X-Quadlet']).toEqual(['DefaultDependencies']);
    expect(sections['Install']).toEqual(['WantedBy']);
    expect(Object.keys(sections)).not.toContain('Container');
  });

  test('runs the podman that it is told', () => {
    expect(convert({ 'a.container': IMAGE }, { podman: '/opt/podman' }).command('a.container')[0]).toBe('/opt/podman');
  });

  test('of a file that is not Quadlet’s is none', () => {
    expect(convert({ 'a.socket': '' }).error('a.socket')).toBe('unsupported file type "a.socket"');
  });
});

describe('[Install] of a generated service', () => {
  const links = (name: string, install: string): readonly string[] => {
    const { service } = convert({ [name]: `${IMAGE}[Install]\n${install}\n` }).find(name);
    return service === undefined ? [] : installLinks(service).map(({ path, target }) => `${path} -> ${target}`);
  };

  test('becomes links', () => {
    expect(links('a.container', 'WantedBy=x.target y.target\nRequiredBy=z.target\nUpheldBy=u.target\nAlias=b.service ./sub/c.service')).toEqual([
      'b.service -> a.service',
      'sub/c.service -> ../a.service',
      'x.target.wants/a.service -> ../a.service',
      'y.target.wants/a.service -> ../a.service',
      'z.target.requires/a.service -> ../a.service',
      'u.target.upholds/a.service -> ../a.service',
    ]);
  });

  test('of a template counts for its default instance', () => {
    expect(links('a@.container', 'WantedBy=x.target\nDefaultInstance=one')).toEqual(['x.target.wants/a@one.service -> ../a@.service']);
    expect(links('a@.container', 'WantedBy=x.target')).toEqual([]);
    expect(links('a@one.container', 'WantedBy=x.target')).toEqual(['x.target.wants/a@one.service -> ../a@one.service']);
  });

  test('leads nowhere outside', () => {
    expect(links('a.container', 'WantedBy=../x\nAlias=../b.service /etc/c.service sub/../../d.service')).toEqual([]);
  });
});

describe('a word of a command', () => {
  test.each([
    ['plain', 'plain'],
    ['a b', '"a b"'],
    ['', '""'],
    [`it's`, `"it's"`],
    ['a"b', '"a\\"b"'],
    ['a\\b', '"a\\\\b"'],
    ['a\tb\x1b', '"a\\tb\\x1b"'],
    ['%n $HOME é a;b', '"%n $HOME é a;b"'],
    ['%i', '%i'],
    [';', '\\;'],
  ])('%j is written as %s', (word, text) => {
    expect(quoteArg(word)).toBe(text);
  });

  test('comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }).filter((word) => word !== ';' && !word.includes('\0'))), (words) => {
        expect(splitWords(words.map(quoteArg).join(' '))).toEqual({ words });
      }),
    );
  });
});

describe('whatever a file says', () => {
  const KEYS: Readonly<Record<string, readonly string[]>> = {
    container: CONTAINER_KEYS,
    volume: VOLUME_KEYS,
    network: NETWORK_KEYS,
    kube: KUBE_KEYS,
    image: IMAGE_KEYS,
    build: BUILD_KEYS,
    pod: POD_KEYS,
    artifact: ARTIFACT_KEYS,
  };
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '',
      'yes',
      'auto',
      'keep-id',
      'unit',
      'a.container',
      'b@.volume',
      'c.pod',
      'd.network:ip=1',
      'e.build',
      'f.image',
      '"',
      "'",
      '\\',
      'a\\',
      '%i',
      'type=bind,source=a.volume',
      'type="',
      './x:/y',
      ':',
      '=',
      '-',
      'x=y z',
    ),
  );
  const file = fc.constantFrom(...QUADLET_TYPES).chain((type) => {
    const section = `${type[0]?.toUpperCase() ?? ''}${type.slice(1)}`;
    const own = fc.tuple(fc.constant(section), fc.constantFrom(...(KEYS[type] ?? [])), value);
    const other = fc.tuple(
      fc.constantFrom('Unit', 'Service', 'Quadlet', 'Install', `X-${section}`),
      fc.constantFrom('After', 'Type', 'KillMode', 'WorkingDirectory', 'DefaultDependencies', 'Requires'),
      value,
    );
    return fc.record({
      type: fc.constant(type),
      name: fc.constantFrom('a', 'b@', 'b@i', 'c', 'd', 'e', 'f', 'g-h'),
      lines: fc.array(fc.oneof({ weight: 5, arbitrary: own }, other), { maxLength: 12 }),
    });
  });

  test('a service with places in the file comes out, or a reason why not', () => {
    fc.assert(
      fc.property(fc.array(file, { maxLength: 8 }), fc.constantFrom('system' as const, 'user' as const), (files, mode) => {
        const contents = files.map(({ type, name, lines }) =>
          contentsOf(`${name}.${type}`, lines.map(([section, key, text]) => `[${section}]\n${key}=${text.replaceAll('\n', ' ')}\n`).join('')),
        );
        const all = convertQuadlets(contents, { ...SYSTEM, mode });
        expect(all).toHaveLength(files.length);
        for (const { service, source, diagnostics } of all) {
          expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(service === undefined);
          const lines = source.sections.flatMap(({ place, assignments }) => [place.line, ...assignments.map(({ line }) => line)]);
          for (const { section } of diagnostics) expect(section).toBeDefined();
          for (const { assignments } of service?.sections ?? []) {
            for (const { line, value: text } of assignments) {
              expect(line === 0 || lines.includes(line)).toBe(true);
              expect(text).not.toMatch(/\n/);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
