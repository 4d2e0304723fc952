/**
 * Our services beside those of podman 5.4.2, for the sample files of test/quadlet: whatever is different has a row in
 * test/quadlet/differences.ts, or is a bug.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Host, startHost, whyNoHost } from '../host/host.mjs';
import { compareServices, readService, type Service } from '../quadlet/compare.js';
import { NEIGHBOURS, randomQuadlet } from '../quadlet/random.js';
import { DIFFERENCES } from '../quadlet/differences.js';

const SAMPLES = join(import.meta.dirname, '../quadlet/samples');
const NEWER = join(import.meta.dirname, '../quadlet/newer');
const GENERATORS = { podman: ['/usr/libexec/podman/quadlet'], rouse: ['/rouse/bin/rouse', 'generator'] } as const;
const MODES = [[], ['--user']] as const;

const quadlets = readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.[a-z]+$/.test(name) && !/\.(d|conf)$/.test(name))
  .map((name) => basename(name));

const RANDOM_FILES = Number(process.env['RANDOM_FILES'] ?? 300);
const FIRST_RANDOM = Number(process.env['RANDOM_FIRST'] ?? 1);
const WRITE_FILES = `const fs = require('fs'); fs.mkdirSync(process.argv[1]); for (const [name, text] of JSON.parse(fs.readFileSync(0, 'utf8'))) fs.writeFileSync(process.argv[1] + '/' + name, text);`;

/** Services by name, and links with where they lead. */
interface Generated {
  readonly services: ReadonlyMap<string, Service>;
  readonly links: readonly string[];
  readonly status: number;
  readonly stderr: string;
}

async function generate(host: Host, generator: keyof typeof GENERATORS, mode: readonly string[], folder: string): Promise<Generated> {
  const out = `/tmp/${generator}${mode.join('')}-${basename(folder)}`;
  const { status, stderr } = await host.exec([...GENERATORS[generator], ...mode, '-no-kmsg-log', out], { env: { QUADLET_UNIT_DIRS: folder } });
  const listed = await host.exec([
    'sh',
    '-c',
    `mkdir -p ${out} && cd ${out} && for f in *.service; do [ ! -e "$f" ] || { printf '\\0%s\\n' "$f"; cat "$f"; }; done; printf '\\0\\0'; find . -type l -printf '%P -> %l\\n' | sort`,
  ]);
  const [files = '', links = ''] = listed.stdout.split('\0\0');
  const services = files.split('\0').flatMap((part) => {
    const at = part.indexOf('\n');
    return at < 0 ? [] : [[part.slice(0, at), readService(part.slice(0, at), part.slice(at + 1))] as const];
  });
  return { services: new Map(services), links: links.split('\n').filter(Boolean), status, stderr };
}

/** podman 5.4.2's service as the newest podman would write it. */
function asNewest(service: Service): Service {
  return DIFFERENCES.reduce((changed, { apply }) => apply(changed, quadlets), service);
}

describe.skipIf(whyNoHost() !== undefined)('a service that Quadlet makes', () => {
  let host: Host;
  const generated = new Map<string, { podman: Generated; rouse: Generated }>();
  beforeAll(async () => {
    host = await startHost();
    for (const mode of MODES)
      generated.set(mode.join(''), {
        podman: await generate(host, 'podman', mode, '/rouse/test/quadlet/samples'),
        rouse: await generate(host, 'rouse', mode, '/rouse/test/quadlet/samples'),
      });
  });
  afterAll(() => host.stop());

  test.each(MODES.map((mode) => mode.join('')))('is podman 5.4.2’s word by word, but for what newer podmans do (%s)', (mode) => {
    const { podman, rouse } = generated.get(mode) ?? {};
    expect(podman).toMatchObject({ status: 0, stderr: '' });
    expect(rouse).toMatchObject({ status: 0, stderr: '' });
    expect(podman?.services.size).toBeGreaterThan(50);
    const theirs = [...(podman?.services.values() ?? [])].map(asNewest);
    const different = theirs.flatMap((service) => {
      const ours = rouse?.services.get(service.name);
      return ours === undefined ? [`${service.name}: we have none`] : compareServices(service, ours).map((line) => `${service.name}: ${line}`);
    });
    expect(different).toEqual([]);
    expect([...(rouse?.services.keys() ?? [])].sort()).toEqual(theirs.map(({ name }) => name).sort());
    expect(rouse?.links).toEqual(podman?.links);
  });

  test.each(DIFFERENCES.map(({ why }, i) => [why, i] as const))('is different somewhere: %s', (_, i) => {
    const services = [...(generated.get('')?.podman.services.values() ?? [])];
    const before = services.map((service) => DIFFERENCES.slice(0, i).reduce((changed, { apply }) => apply(changed, quadlets), service));
    expect(before.filter((service) => DIFFERENCES[i]?.apply(service, quadlets) !== service)).not.toEqual([]);
  });

  test('is podman 5.4.2’s word by word for random files, too', async () => {
    const folder = '/tmp/random';
    const files = [
      ...Object.entries(NEIGHBOURS),
      ...Array.from({ length: RANDOM_FILES }, (_, i) => randomQuadlet(FIRST_RANDOM + i)).map(({ name, text }) => [name, text] as const),
    ];
    await host.exec(['node', '-e', WRITE_FILES, folder], { input: JSON.stringify(files) });
    const podman = await generate(host, 'podman', [], folder);
    const rouse = await generate(host, 'rouse', [], folder);
    const different = [...podman.services.values()].map(asNewest).flatMap((service) => {
      const ours = rouse.services.get(service.name);
      return ours === undefined ? [`${service.name}: we have none`] : compareServices(service, ours).map((line) => `${service.name}: ${line}`);
    });
    // A number makes its file again: randomQuadlet(NUMBER).
    expect(different).toEqual([]);
    expect([...rouse.services.keys()].sort()).toEqual([...podman.services.keys()].sort());
    expect(rouse.links).toEqual(podman.links);
  });

  test.each([
    ['podman-system-generator', 'network-online.target'],
    ['podman-user-generator', 'podman-user-wait-network-online.service'],
  ])('is made by a link to us that is called %s', async (name, network) => {
    await host.exec(['ln', '-s', '/rouse/bin/rouse', `/tmp/${name}`]);
    const { status, stderr } = await host.exec([`/tmp/${name}`, '-no-kmsg-log', `/tmp/${name}.out`, '/tmp/early', '/tmp/late'], {
      env: { QUADLET_UNIT_DIRS: '/rouse/test/quadlet/samples' },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect((await host.exec(['cat', `/tmp/${name}.out/minimal.service`])).stdout).toContain(`After=${network}\n`);
  });

  test.each(readdirSync(NEWER))('comes of a file that podman 5.4.2 does not know yet: %s', async (name) => {
    const folder = `/tmp/newer-${name}`;
    await host.exec(['sh', '-c', `mkdir ${folder} && cat >${folder}/${name}`], { input: readFileSync(join(NEWER, name), 'utf8') });
    const podman = await generate(host, 'podman', [], folder);
    const rouse = await generate(host, 'rouse', [], folder);
    expect(podman.services.size).toBe(0);
    expect([rouse.status, rouse.stderr, rouse.services.size]).toEqual([0, '', 1]);
  });
});

describe.skipIf(whyNoHost() !== undefined)('a real systemd', () => {
  let host: Host;
  beforeAll(async () => {
    host = await startHost({ systemd: true });
  });
  afterAll(() => host.stop());

  test('runs our generator in the place of podman’s, and what it makes', async () => {
    const sh = async (script: string): Promise<string> => {
      const { status, stdout, stderr } = await host.exec(['sh', '-ec', script]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return stdout;
    };
    await sh(`sh /rouse/test/host/busybox-image.sh >/dev/null 2>&1
      mkdir -p /etc/containers/systemd /etc/systemd/system-generators
      ln -s /rouse/bin/rouse /etc/systemd/system-generators/podman-system-generator
      printf '[Container]\\nImage=localhost/busybox\\nExec=sleep 1000\\nNetwork=none\\nStopTimeout=0\\nHttpProxy=false\\n[Quadlet]\\nDefaultDependencies=no\\n' > /etc/containers/systemd/ours.container
      systemctl daemon-reload
      systemctl start ours.service`);
    expect(await sh('head -1 /run/systemd/generator/ours.service; podman ps --format "{{.Names}}"')).toBe('# Automatically generated by rouse generator\nsystemd-ours\n');
    expect(await sh('systemctl stop ours.service; podman ps --all --quiet')).toBe('');
  });
});
