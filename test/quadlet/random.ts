/**
 * Random Quadlet files from a number, as people might write them: every key that podman 5.4.2 has, with values in every manner of
 * quoting. The same number makes the same file everywhere.
 */
import { randomFrom, type Random } from '../../src/verify/testing/fuzz.js';

/** What the random files refer to. */
export const NEIGHBOURS: Readonly<Record<string, string>> = {
  'near.volume': '[Volume]\n',
  'near.network': '[Network]\nNetworkName=near\n',
  'near.image': '[Image]\nImage=quay.io/example/near:1\n',
  'near.build': '[Build]\nImageTag=localhost/near\nSetWorkingDirectory=unit\n',
  'near.pod': '[Pod]\nPodName=near\n',
};

type Make = (random: Random) => string;

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const some = (random: Random, most: number): number => 1 + Math.floor(random() * most);
const from =
  (...list: readonly string[]): Make =>
  (random) =>
    pick(random, list);

const WORDS = ['a', 'b=c', 'x.y/z', '%h/data', '%%', '$HOME', '${A}', 'é', 'long-word', '1:2', 'k=v=w', "it's'", '--flag', '-x=1', '@', 'a,b', 'a;b', 'x#c', '100%%'];
const QUOTED = ['"a b"', "'c d'", '"a\\"b"', '"tab\\tx"', 'a"b c"d', "'single \\' x'", '"new\\nline"', '\\x41b', '"\\u00e9"', 'a\\sb', '"k=v w"', '\\\\z'];
/** Words as on a command line. */
const words: Make = (random) =>
  Array.from({ length: some(random, 4) }, () => pick(random, random() < 0.5 ? WORDS : QUOTED)).join(pick(random, [' ', '  ', '\t', ' \\\n  ', ' \\\n# between\n']));
const pairs: Make = (random) =>
  Array.from({ length: some(random, 3) }, () => `${pick(random, ['A', 'B', 'c.d', '"E'])}=`)
    .map((name) => (name.startsWith('"') ? `${name}x y"` : `${name}${pick(random, ['1', '', '%n', 'x=y', '"q r"', "'s t'", 'u\\tv'])}`))
    .join(' ');
/** One value, which may have blanks in it. */
const text: Make = (random) =>
  pick(random, ['plain', 'two words', '"quoted"', '"quoted words"', 'a\\b', "it's", '%i-%n', 'with \\\n  continuation', 'x"y"z', '$VAR', 'trailing   ', '[bracket]', 'a=b']);
const flag = from('yes', 'no', 'true', 'False', 'on', 'OFF', '1', '0', 'maybe', '');
const number = from('1', '100', '0x10', '010', '+5', 'root', '');

const COMMON: Readonly<Record<string, Make>> = { PodmanArgs: words, GlobalArgs: from('--log-level=debug', '"--a=b c"'), ContainersConfModule: from('/etc/a.conf', 'b.conf') };
const MAPPINGS: Readonly<Record<string, Make>> = {
  UserNS: from('keep-id', 'auto:size=10'),
  UIDMap: from('0:1:2', '0:1:2 3:4:5'),
  GIDMap: from('0:1:2'),
  SubUIDMap: from('u'),
  SubGIDMap: from('g'),
};
const NETWORKING: Readonly<Record<string, Make>> = {
  Network: from('host', 'near.network', 'near.network:ip=10.0.0.1', 'pasta:--map-gw', 'a.b:c'),
  DNS: from('1.1.1.1', '2606::1111'),
  DNSOption: from('ndots:1'),
  DNSSearch: from('example.com', '.'),
  NetworkAlias: from('a', 'b'),
  PublishPort: from('80', '8080:80', '[::1]:80:80/udp', '%i:80', '1-2:3-4'),
  Volume: from('/a:/b', 'near.volume:/c', './d:/e:ro', '/only', 'named:/f:Z,U', '%h/g:/h', '.:/here', ':/anonymous'),
};

const CONTAINER: Readonly<Record<string, Make>> = {
  ...COMMON,
  ...MAPPINGS,
  ...NETWORKING,
  AddCapability: from('CAP_A', 'CAP_B cap_c', 'all'),
  AddDevice: from('/dev/null', '-/dev/absent', '-/dev/null:/dev/x:r', '/dev/a /dev/b'),
  AddHost: from('a:1.2.3.4', 'b:host-gateway'),
  Annotation: pairs,
  AutoUpdate: from('registry', 'local'),
  CgroupsMode: from('no-conmon', 'split'),
  ContainerName: from('name', '%p-%i', '"quoted-name"'),
  DropCapability: from('ALL', 'CAP_A CAP_B'),
  Environment: pairs,
  EnvironmentFile: from('/a', './b', 'c', '%h/d', '/a "/b c"'),
  EnvironmentHost: flag,
  Exec: words,
  ExposeHostPort: from('80', '50-59', '53/udp'),
  GroupAdd: from('keep-groups', 'a'),
  HealthCmd: from('/bin/true', 'CMD-SHELL curl -f x || exit 1', '"quoted cmd"', "sh -c 'a b'"),
  HealthInterval: from('2m', 'disable'),
  HealthOnFailure: from('kill', 'none'),
  HealthRetries: number,
  HealthStartPeriod: from('1m'),
  HealthStartupCmd: from('/bin/a b'),
  HealthTimeout: from('20s'),
  HostName: text,
  IP: from('10.0.0.1'),
  IP6: from('fd00::1'),
  Label: pairs,
  LogDriver: from('journald', 'k8s-file'),
  LogOpt: from('a=b', 'c=d e=f', '"g=h i"'),
  Mask: from('/proc/a:/proc/b', '"/proc/c d"'),
  Mount: from(
    'type=bind,source=/a,destination=/b',
    'type=volume,source=near.volume,dst=/c',
    'type=tmpfs,tmpfs-size=1M,dst=/d',
    'type=image,source=near.image,dst=/e',
    'type=bind,src=./f,dst=/g',
    '"type=bind,source=/h i,dst=/j"',
    'type=glob,src=/k*,dst=/l,ro',
  ),
  NoNewPrivileges: flag,
  Notify: from('yes', 'no', 'healthy', 'Healthy', 'true'),
  PidsLimit: number,
  Pull: from('never', 'newer'),
  ReadOnly: flag,
  ReadOnlyTmpfs: flag,
  RunInit: flag,
  SeccompProfile: from('/tmp/s.json', 'unconfined'),
  Secret: from('a', 'b,type=env', '"c,target=d e"', 'f g'),
  SecurityLabelDisable: flag,
  SecurityLabelFileType: from('t'),
  SecurityLabelLevel: from('s0:c1,c2'),
  SecurityLabelNested: flag,
  SecurityLabelType: from('spc_t'),
  ShmSize: from('100m'),
  StopSignal: from('SIGINT'),
  StopTimeout: number,
  Sysctl: from('a.b=1', 'c.d=2 e.f=3'),
  Timezone: from('local', 'Europe/Oslo'),
  Tmpfs: from('/a', '/b:rw,size=1M'),
  Ulimit: from('nofile=1:2', 'host'),
  Unmask: from('ALL', '/proc/a:/proc/b'),
  User: from('bin', '1000', '%U'),
  VolatileTmp: flag,
  WorkingDir: text,
};

interface Kind {
  readonly section: string;
  /** What a file of the kind cannot do without. */
  readonly needs: readonly string[];
  readonly keys: Readonly<Record<string, Make>>;
}

const KINDS: Readonly<Record<string, Kind>> = {
  container: { section: 'Container', needs: ['Image=quay.io/example/x:1', 'Image=near.image', 'Image=near.build', 'Rootfs=/r'], keys: CONTAINER },
  pod: {
    section: 'Pod',
    needs: [''],
    keys: { ...COMMON, ...MAPPINGS, ...NETWORKING, AddHost: from('a:1.2.3.4'), IP: from('10.0.0.1'), IP6: from('fd00::1'), PodName: from('p', '%p'), ShmSize: from('1m') },
  },
  volume: {
    section: 'Volume',
    needs: ['', 'Device=/dev/x', 'Driver=image\nImage=near.image', 'Driver=local'],
    keys: { ...COMMON, Copy: flag, Group: number, Label: pairs, User: number, VolumeName: from('v', '%p') },
  },
  network: {
    section: 'Network',
    needs: ['', 'Subnet=10.0.0.0/8', 'Subnet=10.0.0.0/8\nGateway=10.0.0.1\nIPRange=10.1.0.0/16', 'Subnet=10.0.0.0/8\nSubnet=fd00::/64\nGateway=10.0.0.1'],
    keys: {
      ...COMMON,
      DisableDNS: flag,
      DNS: from('1.1.1.1'),
      Driver: from('bridge', 'macvlan'),
      IPAMDriver: from('dhcp'),
      IPv6: flag,
      Internal: flag,
      Label: pairs,
      NetworkName: from('n'),
      Options: pairs,
    },
  },
  kube: {
    section: 'Kube',
    needs: ['Yaml=a.yml', 'Yaml=/b.yml', 'Yaml=%h/c.yml'],
    keys: {
      ...COMMON,
      AutoUpdate: from('registry', 'name/local', 'a/registry b/local'),
      ConfigMap: from('a.yml', '/b.yml', './c.yml %h/d.yml'),
      ExitCodePropagation: from('all'),
      KubeDownForce: flag,
      LogDriver: from('journald'),
      LogOpt: from('a=b'),
      Network: from('near.network', 'host'),
      PublishPort: from('80'),
      SetWorkingDirectory: from('yaml', 'unit', 'YAML'),
      UserNS: from('auto'),
    },
  },
  image: {
    section: 'Image',
    needs: ['Image=quay.io/example/i:1'],
    keys: {
      ...COMMON,
      AllTags: flag,
      Arch: from('arm64'),
      AuthFile: from('/a'),
      CertDir: from('/c'),
      Creds: from('a:b'),
      DecryptionKey: from('/k'),
      ImageTag: from('x:1'),
      OS: from('linux'),
      TLSVerify: flag,
      Variant: from('v8'),
    },
  },
  build: {
    section: 'Build',
    needs: [
      'ImageTag=localhost/x\nFile=/f',
      'ImageTag=localhost/x\nImageTag=localhost/y\nSetWorkingDirectory=unit',
      'ImageTag=localhost/x\nFile=./f\nSetWorkingDirectory=file',
      'ImageTag=a\nSetWorkingDirectory=https://example.com/x.git',
      'ImageTag=a\nFile=f\nSetWorkingDirectory=/ctx',
    ],
    keys: {
      ...COMMON,
      Annotation: pairs,
      Arch: from('arm64'),
      AuthFile: from('/a'),
      DNS: from('1.1.1.1'),
      DNSOption: from('ndots:1'),
      DNSSearch: from('a'),
      Environment: pairs,
      ForceRM: flag,
      GroupAdd: from('a'),
      Label: pairs,
      Network: from('host', 'near.network'),
      Pull: from('never'),
      Secret: from('id=a,src=/b'),
      Target: from('t'),
      TLSVerify: flag,
      Variant: from('v8'),
      Volume: NETWORKING['Volume'] as Make,
    },
  },
};

const UNIT: Readonly<Record<string, Make>> = { Description: text, After: from('a.service', 'b.service c.target', ''), Wants: from('d.service'), RequiresMountsFor: from('/m') };
const SERVICE: Readonly<Record<string, Make>> = {
  Restart: from('always', 'no'),
  TimeoutStartSec: from('90', '15min'),
  Environment: pairs,
  ExecStartPre: words,
  SyslogIdentifier: from('x'),
  KillMode: from('mixed', 'control-group'),
  Type: from('notify', 'oneshot'),
};
const INSTALL: Readonly<Record<string, Make>> = {
  WantedBy: from('default.target', 'a.target b.target', '"c.target"'),
  RequiredBy: from('d.target'),
  Alias: (random) => pick(random, ['', 'sub/', './']) + `alias-${Math.floor(random() * 2 ** 32)}.service`,
};

export interface RandomFile {
  readonly name: string;
  readonly text: string;
}

export function randomQuadlet(seed: number): RandomFile {
  const random = randomFrom(seed);
  const type = pick(random, random() < 0.5 ? ['container'] : Object.keys(KINDS));
  const { section, needs, keys } = KINDS[type] as Kind;
  const parts = [
    block(random, 'Unit', UNIT, 0.5),
    `[${section}]\n${pick(random, needs)}\n${lines(random, keys, some(random, 8))}`,
    block(random, 'Service', type === 'container' || type === 'kube' ? SERVICE : { Restart: from('on-failure'), TimeoutStartSec: from('90') }, 0.4),
    block(random, 'Install', INSTALL, 0.3),
    random() < 0.1 ? '[X-Own]\nKey=value\n' : '',
  ];
  return { name: `r${seed}.${type}`, text: parts.filter(Boolean).join(random() < 0.5 ? '\n' : '') };
}

function block(random: Random, section: string, keys: Readonly<Record<string, Make>>, chance: number): string {
  return random() < chance ? `[${section}]\n${lines(random, keys, some(random, 3))}` : '';
}

/** podman hands an empty value of these on, as a word that is none. */
const NEVER_EMPTY = ['LogDriver', 'SeccompProfile', 'Driver', 'Restart'];

/** A key may come several times, and an empty one takes back what stands before it. */
function lines(random: Random, keys: Readonly<Record<string, Make>>, count: number): string {
  return Array.from({ length: count }, () => {
    const key = pick(random, Object.keys(keys));
    const blank = pick(random, ['', '', '', ' ']);
    return `${key}${blank}=${blank}${random() < 0.05 && !NEVER_EMPTY.includes(key) ? '' : (keys[key] as Make)(random)}\n`;
  }).join('');
}
