import { describe, expect, it } from 'vitest';
import { convertQuadlets } from '../quadlet/convert.js';
import { loadUnit } from '../unit/load.js';
import { FACTS } from '../unit/testing/load-text.js';
import { mergeUnitFiles } from '../unitfile/drop-in.js';
import { parseUnitFile } from '../unitfile/parse.js';
import { ComposeError } from './compose-file.js';
import { importCompose, type Imported } from './import.js';
import { interpolate } from './interpolate.js';

const AROUND = { path: '/srv/shop/compose.yaml', home: '/home/me', env: { TAG: '1.27', EMPTY: '' }, name: undefined, profiles: [] };
const read = (source: string, more: object = {}): Imported => importCompose(source, { ...AROUND, ...more });
const textOf = ({ files }: Imported, name: string): string =>
  files.find((file) => file.name === name)?.text.replace(/^#.*\n/, '') ?? `no ${name} among ${files.map((file) => file.name).join(', ')}`;
const words = ({ notes }: Imported): readonly string[] => notes.map(({ line, key, message }) => `${line}: ${key}: ${message}`);
/** Lines of the .container of a service that has just these keys. */
const lines = (yaml: string): readonly string[] =>
  textOf(read(`services:\n  a:\n    image: i\n    network_mode: none\n${yaml.replace(/^/gm, '    ')}\n`), 'shop-a.container')
    .split('\n')
    .filter((line) => /^[A-Z]\w*=/.test(line) && !/^(Description|Image|Network|WantedBy)=/.test(line));

const SHOP = `
services:
  web:
    image: nginx:\${TAG}
    ports: ["8080:80", "127.0.0.1:8443:443"]
    volumes: ["./html:/usr/share/nginx/html:ro", "cache:/var/cache/nginx"]
    depends_on:
      app: {condition: service_healthy}
    restart: unless-stopped
  app:
    build: {context: ./app, args: {LEVEL: "2"}}
    environment: {DATABASE: "postgres://me:pa$$word@db:5432/shop"}
    healthcheck: {test: [CMD, curl, -f, "http://localhost/"], interval: 5s, retries: 3}
  db:
    image: postgres
    ports: ["5432:5432"]
    volumes: [data:/var/lib/postgresql/data]
  worker:
    image: ghcr.io/shop/worker
    command: sh -c "work --fast 100%"
    restart: always
volumes: {cache: , data: {name: shop-data}}
`;

describe('a compose file', () => {
  const shop = read(SHOP);

  it('becomes sockets, containers, volumes, builds and a network', () => {
    expect(shop.files.map(({ name }) => name)).toEqual([
      'shop-web.socket',
      'shop-web.container',
      'shop-app.container',
      'shop-db.container',
      'shop-worker.container',
      'shop-app.build',
      'shop-cache.volume',
      'shop-data.volume',
      'shop-default.network',
    ]);
  });

  it('has its ports held, and adopted', () => {
    expect(textOf(shop, 'shop-web.socket')).toContain(
      '[Socket]\nListenStream=8080\nListenStream=127.0.0.1:8443\n\n[X-Rouse]\nAdopt=80\nAdopt=443\n\n[Install]\nWantedBy=sockets.target\n',
    );
  });

  it('has what it asks for in the container, and what it depends on before it', () => {
    const web = textOf(shop, 'shop-web.container');
    expect(web).toContain('Requires=shop-app.service\nAfter=shop-app.service\n');
    expect(web).toContain(
      'Image=docker.io/library/nginx:1.27\nNetwork=shop-default.network\nNetworkAlias=web\nVolume=/srv/shop/html:/usr/share/nginx/html:ro\nVolume=shop-cache.volume:/var/cache/nginx\n',
    );
    expect(web).toContain('Restart=on-failure');
    expect(textOf(shop, 'shop-app.container')).toMatch(/Notify=healthy/);
    expect(textOf(shop, 'shop-worker.container')).toContain('Exec=sh -c "work --fast 100%%"');
    expect(textOf(shop, 'shop-worker.container')).toContain('WantedBy=default.target');
    expect(textOf(shop, 'shop-data.volume')).toContain('VolumeName=shop-data');
    expect(textOf(shop, 'shop-cache.volume')).toContain('VolumeName=shop_cache');
  });

  it('leaves ports to podman where other services need them inside of the network, and says so', () => {
    expect(textOf(shop, 'shop-db.container')).toContain('PublishPort=5432:5432');
    expect(words(shop)).toEqual([expect.stringContaining('16: services.db.ports: podman publishes them, and nothing is held: app reaches db inside of the network')]);
  });

  it('is what podman and rouse read without a complaint, with every value as it was meant', () => {
    const contents = shop.files.map(({ name, text }) => mergeUnitFiles(name, parseUnitFile(`/etc/${name}`, text).value, []));
    const quadlets = convertQuadlets(
      contents.filter(({ name }) => !name.endsWith('.socket')),
      { mode: 'user', uid: 1000, podman: '/usr/bin/podman' },
    );
    expect(quadlets.flatMap(({ diagnostics }) => diagnostics.map(({ message }) => message))).toEqual([]);
    const app = quadlets.find(({ service }) => service?.name === 'shop-app.service')?.service;
    const { value, diagnostics } = app === undefined ? { value: undefined, diagnostics: [] } : loadUnit(app, { facts: FACTS });
    expect(diagnostics).toEqual([]);
    const argv = value?.type === 'service' ? (value.execStart[0]?.argv ?? []).map((word) => word.replaceAll('$$', '$')) : [];
    expect(argv).toEqual(expect.arrayContaining(['--env', 'DATABASE=postgres://me:pa$word@db:5432/shop', '--health-cmd', '["curl","-f","http://localhost/"]']));
  });
});

describe('a key of a service', () => {
  it.each([
    ['command: [a, "b c"]', ['Exec=a "b c"']],
    ['command: echo $$HOME', ['Exec=echo "$$HOME"']],
    ['entrypoint: /run.sh', ['Entrypoint=/run.sh']],
    ['entrypoint: [sh, -c]', ['Entrypoint=["sh","-c"]']],
    ['environment: [A=1, TAG, GONE]', ['Environment=A=1', 'Environment=TAG=1.27']],
    ['environment: {A: "b c", N: 5}', ['Environment="A=b c"', 'Environment=N=5']],
    ['env_file: [.env, {path: other.env}]', ['EnvironmentFile=/srv/shop/.env', 'EnvironmentFile=/srv/shop/other.env']],
    ['user: "1000:100"', ['User=1000', 'Group=100']],
    ['cap_add: [NET_ADMIN]\ncap_drop: [ALL]', ['AddCapability=NET_ADMIN', 'DropCapability=ALL']],
    ['stop_grace_period: 1m30s\nstop_signal: SIGINT', ['StopTimeout=90', 'StopSignal=SIGINT']],
    ['healthcheck: {disable: true}', ['HealthCmd=none']],
    ['healthcheck: {test: curl x, timeout: 3s}', ['HealthCmd=curl x', 'HealthTimeout=3s']],
    ['labels: {a.b: c}', ['Label=a.b=c']],
    ['privileged: true\nread_only: true\ninit: true', ['PodmanArgs=--privileged', 'ReadOnly=true', 'RunInit=true']],
    ['tmpfs: /tmp', ['Tmpfs=/tmp']],
    ['ulimits: {nproc: 100, nofile: {soft: 1, hard: 2}}', ['Ulimit=nproc=100', 'Ulimit=nofile=1:2']],
    ['security_opt: ["no-new-privileges:true", "label:disable"]', ['NoNewPrivileges=true', 'PodmanArgs=--security-opt=label:disable']],
    ['extra_hosts: ["a:1.2.3.4"]', ['AddHost=a:1.2.3.4']],
    ['deploy: {resources: {limits: {memory: 64m, cpus: "0.5"}}}', ['PodmanArgs=--memory=64m', 'PodmanArgs=--cpus=0.5']],
    ['volumes: [{type: bind, source: ./a, target: /a, read_only: true}, {type: tmpfs, target: /t}, /anonymous]', ['Volume=/srv/shop/a:/a:ro', 'Tmpfs=/t', 'Volume=/anonymous']],
    ['logging: {driver: journald, options: {tag: x}}', ['LogDriver=journald', 'PodmanArgs=--log-opt=tag=x']],
    ['tty: true\nstdin_open: true\nx-mine: 1\nexpose: [80]', []],
  ])('%s', (yaml, expected) => {
    expect(lines(yaml)).toEqual(expected);
  });

  it.each([
    ['ports: ["53:53/udp", {target: 80, published: "8080", host_ip: 127.0.0.1}, 9000]', ['ListenDatagram=53', 'ListenStream=127.0.0.1:8080', 'ListenStream=9000']],
    ['ports: ["8000-8001:80-81"]', ['ListenStream=8000', 'ListenStream=8001']],
  ])('%s is held', (yaml, expected) => {
    const imported = read(`services:\n  a:\n    image: i\n    ${yaml}\n`);
    expect(
      textOf(imported, 'shop-a.socket')
        .split('\n')
        .filter((line) => line.startsWith('Listen')),
    ).toEqual(expected);
    expect(imported.notes).toEqual([]);
  });
});

describe('what cannot be carried over', () => {
  it.each([
    ['services:\n  a:\n    image: i\n    unheard: 1\n', '4: services.a.unheard: Not carried over'],
    ['services:\n  a:\n    image: i\n    deploy: {replicas: 3}\n', '2: services.a: One of its 3 instances is carried over'],
    ['services:\n  a:\n    image: i\n    ports: [80/sctp]\n', "4: services.a.ports.0: Not carried over: '80/sctp'"],
    ['services:\n  a:\n    image: i\n    ports: [80]\n    network_mode: host\n', '4: services.a.ports: They mean nothing with network_mode: host, ignoring'],
    ['services:\n  a:\n    image: i\n    volumes: [gone:/x]\n', '4: services.a.volumes.0: Not carried over: gone:/x'],
    ['services:\n  a:\n    image: i$GONE\n', '3: ${GONE}: The variable is not set, using nothing'],
    ['include: [b.yaml]\nservices:\n  a: {image: i}\n', '1: include: Not carried over'],
    ['services:\n  a:\n    profiles: [debug]\n    image: i\n  b: {image: i}\n', '2: services.a: It belongs to a profile, ignoring'],
  ])('%j is said, with its line', (source, expected) => {
    expect(words(read(source))).toEqual([expected]);
  });

  it('is a file that is none', () => {
    expect(() => read('services: [')).toThrow(ComposeError);
    expect(() => read('- a')).toThrow('It is no map of services');
    expect(() => read('services: {a: {image: "${GONE:?say it}"}}')).toThrow('GONE is not set: say it');
  });
});

it.each([
  ['$TAG-${TAG}', '1.27-1.27'],
  ['$$TAG', '$TAG'],
  ['${GONE:-a ${TAG}}', 'a 1.27'],
  ['${EMPTY-a}|${EMPTY:-a}', '|a'],
  ['${TAG:+yes}${GONE+no}', 'yes'],
  ['${GONE}', ''],
])('%s is %s', (written, expected) => {
  expect(interpolate(written, AROUND.env).text).toBe(expected);
});
