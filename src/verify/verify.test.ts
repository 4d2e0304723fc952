import { describe, expect, test } from 'vitest';
import { CHECKS } from './checks.js';
import { lineOf, verifyTexts, type Setting, type Texts } from './testing/verify-texts.js';

/** Every check: what it finds, to the column, and the same files without the slip, of which it says nothing. */
interface Row {
  readonly code: string;
  readonly title: string;
  readonly files: Texts;
  readonly found: readonly string[];
  readonly good: Texts;
  readonly setting?: Setting;
}

const C = '[Container]\nImage=quay.io/x/y:1\n';
const S = '[Service]\nExecStart=/bin/sh\n';

function container(lines: string, more: Texts = {}): Texts {
  return { 'web.container': `${C}${lines}`, ...more };
}

function socket(lines: string, more: Texts = {}): Texts {
  return { 'web.socket': `[Socket]\n${lines}`, 'web.service': S, ...more };
}

const ROWS: readonly Row[] = [
  {
    code: 'unknown-key',
    title: 'every key that Quadlet does not know',
    files: container('Volum=x:/y\n  Restart=always\n'),
    found: [
      "web.container:3:1 error unknown-key: Unknown key 'Volum' in section [Container], refusing to load",
      "web.container:4:3 error unknown-key: Unknown key 'Restart' in section [Container], refusing to load",
    ],
    good: container('Volume=x:/y\n[Service]\nRestart=always\n'),
  },
  {
    code: 'unknown-key',
    title: 'a key of a unit in the wrong section',
    files: socket('ListenStream=80\nWantedBy=sockets.target\n'),
    found: ["web.socket:3:1 warning unknown-key: Unknown key 'WantedBy' in section [Socket], ignoring"],
    good: socket('ListenStream=80\n[Install]\nWantedBy=sockets.target\n'),
  },
  {
    code: 'unknown-section',
    title: 'a section that nothing reads',
    files: container('[Instal]\nWantedBy=default.target\n'),
    found: ['web.container:3:1 warning unknown-section: Unknown section [Instal], ignoring all that is in it'],
    good: container('[Install]\nWantedBy=default.target\n[X-Mine]\nA=b\n'),
  },
  {
    code: 'overridden-key',
    title: 'a single value that is set twice in one file',
    files: container('HostName=a\nHostName=b\nVolume=a:/a\nVolume=b:/b\n'),
    found: ['web.container:3:1 warning overridden-key: HostName= is set again in line 4, using that one'],
    good: container('HostName=b\nEnvironment=A=1\nEnvironment=B=2\n', { 'web.container.d/1.conf': '[Container]\nHostName=c\n' }),
  },
  {
    code: 'deprecated-key',
    title: 'a key that another has replaced',
    files: container('RemapUsers=auto\n[Unit]\nStartLimitInterval=10\n'),
    found: [
      'web.container:3:1 warning deprecated-key: RemapUsers= in section [Container] is deprecated',
      'web.container:5:1 warning deprecated-key: StartLimitInterval= in section [Unit] is deprecated',
    ],
    good: container('UserNS=auto\n[Unit]\nStartLimitIntervalSec=10\n'),
  },
  {
    code: 'joined-section',
    title: 'a section header behind a backslash',
    files: container('Exec=echo one \\\n\n# and on\n[Service]\n'),
    found: ['web.container:6:1 warning joined-section: [Service] is a part of the value of Exec=: the backslash before it joins the lines, and no section begins'],
    good: container('Exec=echo [one] \\\n  "[Two]"\n\n[Service]\nRestart=no\n'),
  },
  {
    code: 'trailing-comment',
    title: 'a comment behind a value',
    files: container('HostName=web # the name\n'),
    found: ["web.container:3:14 warning trailing-comment: '# the name' is a part of the value of HostName=: there are no comments behind a value"],
    good: container('# the name\nHostName=web\nEnvironment="A=b # c"\nExec=echo # x\n[Unit]\nDescription=# 1\n'),
  },
  {
    code: 'unclosed-quote',
    title: 'a quote that is never closed, on the line on which it stands',
    files: container('Environment=A=1 \\\n  B="two words\n'),
    found: ['web.container:4:5 warning unclosed-quote: A " in Environment= is never closed, closing it at the end of the line'],
    good: container('Environment=A=1 \\\n  "B=two words"\n'),
  },
  {
    code: 'typographic-character',
    title: 'quotes of a word processor',
    files: container('Environment=A=“x”\n'),
    found: ["web.container:3:15 warning typographic-character: Environment= holds the character '“', which counts as a letter"],
    good: container('Environment="A=x"\n[Unit]\nDescription=“x”\n'),
  },
  {
    code: 'unknown-specifier',
    title: 'a % that begins no specifier, and what follows from it',
    files: { ...container('HostName=%X\n'), 'a.service': '[Service]\nEnvironment=A=%X\nExecStart=/bin/sh\n' },
    found: [
      "a.service:2:15 warning unknown-specifier: '%X' in Environment= is not a specifier, ignoring the line",
      "web.container:3:10 error unknown-specifier: '%X' in HostName= is not a specifier, refusing to load",
    ],
    good: { ...container('HostName=%%X\n'), 'a.service': '[Service]\nEnvironment=A=%n\nExecStart=/bin/sh\n' },
  },
  {
    code: 'date-format',
    title: 'the format of a date',
    files: { 'a.service': '[Service]\nExecStart=/bin/date +%H:%M\n' },
    found: ["a.service:2:21 warning date-format: '+%H:%M' in ExecStart= is no format of a date: each % begins a specifier of the unit"],
    good: { 'a.service': '[Service]\nExecStart=/bin/date +%%H:%%M\n' },
  },
  {
    code: 'instance-of-nothing',
    title: 'an instance where there is none',
    files: container('HostName=web-%i\n'),
    found: ["web.container:3:14 warning instance-of-nothing: '%i' in HostName= is empty: web.container is no template and has no instance"],
    good: { 'web@.container': `${C}HostName=web-%i\n` },
  },
  {
    code: 'shell-syntax',
    title: 'what only a shell understands',
    files: container('Exec=a && b\n'),
    found: ["web.container:3:8 warning shell-syntax: '&&' in Exec= is an argument of the program: no shell reads this line"],
    good: container("Exec=sh -c 'a && b'\n"),
  },
  {
    code: 'podman-value',
    title: 'values that podman refuses',
    files: {
      ...container('HealthCmd=x\nHealthInterval=30\nAddCapability=NET_ADMIN NET_ADM\nIP=1.2.3\nShmSize=big\n'),
      'n.network': '[Network]\nSubnet=10.0.0.0\nNetworkName=a b\n',
    },
    found: [
      "web.container:4:16 error podman-value: '30' in HealthInterval= is not a duration such as 30s or 1m30s, or 'disable': podman will refuse it, and web.service will fail",
      "web.container:5:25 error podman-value: 'NET_ADM' in AddCapability= is not a capability such as CAP_NET_ADMIN; capabilities(7): podman will refuse it, and web.service will fail",
      "web.container:6:4 error podman-value: '1.2.3' in IP= is not an IPv4 address: podman will refuse it, and web.service will fail",
      "web.container:7:9 error podman-value: 'big' in ShmSize= is not a size such as 512m or 2g: podman will refuse it, and web.service will fail",
      "n.network:2:8 error podman-value: '10.0.0.0' in Subnet= is not a subnet such as 10.89.0.0/24: podman will refuse it, and n-network.service will fail",
      "n.network:3:13 error podman-value: 'a b' in NetworkName= is not a name of letters, digits and _.- that begins with a letter or digit: podman will refuse it, and n-network.service will fail",
    ],
    good: {
      ...container(
        'HealthCmd=x\nHealthInterval=1m30s\nAddCapability=NET_ADMIN cap_chown all\nIP=1.2.3.4\nShmSize=64m\nStopSignal=sigterm\nUlimit=nofile=1:2\nUlimit=host\nUserNS=keep-id:uid=1\nTimezone=local\nPull=newer\nSysctl=a=b c=d\nHostName=%H\nContainerName=web-%i\nAddHost=a:host-gateway\nMemory=1.5g\nPidsLimit=-1\nWorkingDir=$HOME\n',
      ),
      'n.network': '[Network]\nSubnet=10.0.0.0/24\nIPRange=10.0.0.10-10.0.0.20\nDNS=1.1.1.1\n',
    },
  },
  {
    code: 'subnet',
    title: 'a gateway and a range outside of their subnet',
    files: { 'n.network': '[Network]\nSubnet=10.9.0.0/24\nGateway=10.8.0.1\nIPRange=10.8.0.0/25\n' },
    found: [
      'n.network:3:9 error subnet: Gateway=10.8.0.1 is not in Subnet=10.9.0.0/24: podman will refuse it, and n-network.service will fail',
      'n.network:4:9 error subnet: IPRange=10.8.0.0/25 is not in Subnet=10.9.0.0/24: podman will refuse it, and n-network.service will fail',
    ],
    good: { 'n.network': '[Network]\nSubnet=fd00::/64\nGateway=fd00::1\nSubnet=10.9.0.0/24\nGateway=10.9.0.1\nIPRange=fd00::10/125\nIPRange=10.9.0.0/25\n' },
  },
  {
    code: 'podman-args',
    title: 'an option that Quadlet gives podman itself',
    files: container('PodmanArgs=--cpus=2 --name=x --restart always\n'),
    found: [
      'web.container:3:21 warning podman-args: --name=x in PodmanArgs= contradicts what Quadlet tells podman itself',
      'web.container:3:30 warning podman-args: --restart in PodmanArgs= contradicts what Quadlet tells podman itself',
    ],
    good: container('PodmanArgs=--cpus=2 --pod=x\nContainerName=x\n'),
  },
  {
    code: 'health-command',
    title: 'a health check without a command',
    files: { ...container('Notify=healthy\n'), 'b.container': `${C}HealthRetries=3\n` },
    found: [
      'web.container:3:8 warning health-command: Notify=healthy without HealthCmd=: podman will refuse it, and web.service will fail, unless the image has a health check of its own',
      'b.container:3:15 warning health-command: HealthRetries= without HealthCmd= has no effect, unless the image has a health check of its own',
    ],
    good: { ...container('Notify=healthy\nHealthCmd=true\n'), 'b.container': `${C}HealthCmd=true\nHealthRetries=3\n` },
  },
  {
    code: 'health-on-failure',
    title: 'an unwell container that nothing starts again, or that two do',
    files: { ...container('HealthCmd=x\nHealthOnFailure=kill\n'), 'b.container': `${C}HealthCmd=x\nHealthOnFailure=restart\n[Service]\nRestart=always\n` },
    found: [
      'web.container:4:17 warning health-on-failure: HealthOnFailure=kill without Restart=: a container that is unwell is stopped, and nothing starts it again',
      'b.container:4:17 warning health-on-failure: HealthOnFailure=restart beside Restart=always: podman and the manager both restart the container',
    ],
    good: container('HealthCmd=x\nHealthOnFailure=kill\n[Service]\nRestart=always\n'),
  },
  {
    code: 'stop-timeout',
    title: 'a manager that is less patient than podman',
    files: container('StopTimeout=120\n'),
    found: ['web.container:3:13 warning stop-timeout: StopTimeout=120 is not less than TimeoutStopSec=90 of the service, which kills the container first'],
    good: container('StopTimeout=120\n[Service]\nTimeoutStopSec=3min\n'),
  },
  {
    code: 'without-effect',
    title: 'keys that need another beside them',
    files: { ...container('StartWithPod=yes\n'), ...socket('ListenStream=80\nMaxConnections=3\nSocketMode=0600\n', { 'web.service': '' }), 'a.service': `${S}RestartSec=1\n` },
    found: [
      'a.service:3:1 warning without-effect: RestartSec= without Restart= has no effect',
      'web.container:3:1 warning without-effect: StartWithPod= without Pod= has no effect',
      'web.socket:3:1 warning without-effect: MaxConnections= without Accept=yes has no effect',
      'web.socket:4:1 warning without-effect: SocketMode= without a path to listen on has no effect',
    ],
    good: { 'a.service': `${S}Restart=always\nRestartSec=1\n`, ...socket('ListenStream=80\nListenStream=/run/x\nSocketMode=0600\n') },
  },
  {
    code: 'short-image-name',
    title: 'an image without a registry',
    files: { 'web.container': '[Container]\nImage=nginx\n', 'x.image': '[Image]\nImage=me/nginx:1\n' },
    found: [
      "web.container:2:7 warning short-image-name: Image=nginx names no registry: which image that is depends on the host's registries.conf",
      "x.image:2:7 warning short-image-name: Image=me/nginx:1 names no registry: which image that is depends on the host's registries.conf",
    ],
    good: { 'web.container': '[Container]\nImage=x.image\n', 'x.image': '[Image]\nImage=docker.io/me/nginx:1\n', 'y.container': '[Container]\nImage=localhost/x\n' },
  },
  {
    code: 'auto-update',
    title: 'updates that never come',
    files: {
      'a.container': '[Container]\nImage=x\nAutoUpdate=registry\n',
      'b.container': '[Container]\nImage=localhost/x\nAutoUpdate=registry\n',
      'c.container': '[Container]\nImage=q.io/x@sha256:0\nAutoUpdate=yes\n',
    },
    found: [
      'a.container:3:12 error auto-update: AutoUpdate=registry needs an image with its registry, and Image=x has none: podman will refuse it, and a.service will fail',
      'b.container:3:12 warning auto-update: AutoUpdate=registry, but Image=localhost/x is built on this host and in no registry',
      "c.container:3:12 warning auto-update: 'yes' in AutoUpdate= is not registry or local: podman auto-update will fail",
      'c.container:3:12 warning auto-update: AutoUpdate=yes, but q.io/x@sha256:0 is one image for ever: its digest is a part of its name',
    ],
    good: { 'a.container': '[Container]\nImage=q.io/x:1\nAutoUpdate=registry\n', 'b.container': '[Container]\nImage=localhost/x\nAutoUpdate=local\n' },
  },
  {
    code: 'publish-without-network',
    title: 'ports of a container without a network of its own',
    files: {
      ...container('Network=none\nPublishPort=8080:80\nIP=10.0.0.1\n'),
      'b.container': `${C}Network=web.container\nPublishPort=81:81\n`,
      'p.pod': '[Pod]\nNetwork=host\nPublishPort=82:82\n',
    },
    found: [
      'web.container:4:13 warning publish-without-network: PublishPort=8080:80 beside Network=none publishes nothing: it has no network',
      'web.container:5:4 error publish-without-network: IP= beside Network=none: podman will refuse it, and web.service will fail',
      'b.container:4:13 warning publish-without-network: PublishPort=81:81 beside Network=web.container publishes nothing: its ports are those of the other container',
      'p.pod:3:13 error publish-without-network: PublishPort=82:82 beside Network=host: podman will refuse it, and p-pod.service will fail',
    ],
    good: container('Network=n.network\nPublishPort=8080:80\nIP=10.89.0.9\n', { 'n.network': '[Network]\nSubnet=10.89.0.0/24\n' }),
  },
  {
    code: 'key-of-pod',
    title: 'what only the pod can say',
    files: container('Pod=p.pod\nPublishPort=8080:80\nNetwork=host\n', { 'p.pod': '[Pod]\n' }),
    found: [
      'web.container:4:1 error key-of-pod: PublishPort= of a container in a pod: it is the pod’s to say, and podman will refuse it, and web.service will fail',
      'web.container:5:1 warning key-of-pod: Network= of a container in a pod has no effect: it has the pod’s network',
    ],
    good: container('Pod=p.pod\n', { 'p.pod': '[Pod]\nPublishPort=8080:80\nNetwork=bridge\n' }),
  },
  {
    code: 'file-name-without-type',
    title: 'the name of a file without its type',
    files: container('Volume=data:/data:ro\nNetwork=net\n', { 'data.volume': '[Volume]\n', 'net.network': '[Network]\n' }),
    found: [
      "web.container:3:8 warning file-name-without-type: Volume=data:/data:ro is not the volume of data.volume: podman makes or takes another one that is called 'data'",
      "web.container:4:9 warning file-name-without-type: Network=net is not the network of net.network: podman makes or takes another one that is called 'net'",
    ],
    good: container('Volume=data.volume:/data:ro\nVolume=named:/named\nNetwork=net.network\n', {
      'data.volume': '[Volume]\n',
      'named.volume': '[Volume]\nVolumeName=named\n',
      'net.network': '[Network]\n',
    }),
  },
  {
    code: 'publish-port',
    title: 'ports that podman cannot read',
    files: container('PublishPort=80:80:80\nPublishPort=70000:80\nPublishPort=8080-8081:80\n'),
    found: ['80:80:80', '70000:80', '8080-8081:80'].map(
      (text, i) =>
        `web.container:${i + 3}:13 error publish-port: '${text}' in PublishPort= is not [[IP:][HOSTPORT]:]PORT[/PROTOCOL] with ports from 1 to 65535: podman will refuse it, and web.service will fail`,
    ),
    good: container('PublishPort=80\nPublishPort=127.0.0.1::80\nPublishPort=[::1]:8080:80/udp\nPublishPort=8090-8091:90-91/tcp\nPublishPort=%i:80\n'),
  },
  {
    code: 'listen-twice',
    title: 'two sockets with one address, or one with it twice',
    files: socket('ListenStream=[::]:80\nListenStream=/run/x\nListenStream=/run/x\n', { 'b.socket': '[Socket]\nListenStream=127.0.0.1:80\nService=web.service\n' }),
    found: [
      "b.socket:2:14 error listen-twice: '127.0.0.1:80' is listened on by web.socket already: of the two only the first can",
      "web.socket:4:14 error listen-twice: '/run/x' is listened on by line 3 already: of the two only the first can",
    ],
    good: socket('ListenStream=80\nListenDatagram=80\nBindIPv6Only=ipv6-only\n', {
      'b.socket': '[Socket]\nListenStream=127.0.0.1:80\nService=web.service\n',
      'c.socket': '[Socket]\nListenStream=127.0.0.2:80\nService=web.service\n',
    }),
  },
  {
    code: 'publish-held-port',
    title: 'a port that a socket unit listens on',
    files: container('PublishPort=8080:80\n', { 'web.socket': '[Socket]\nListenStream=8080\n' }),
    found: ['web.container:3:13 error publish-held-port: PublishPort=8080:80 is a port that web.socket listens on: podman will refuse it, and web.service will fail'],
    good: container('PublishPort=8081:80\nPublishPort=8080:80/udp\n', { 'web.socket': '[Socket]\nListenStream=8080\n' }),
  },
  {
    code: 'publish-twice',
    title: 'one port of two files, also where one stands on the search path',
    files: container('PublishPort=8080-8081:80-81\n', { 'path/b.container': `${C}PublishPort=8081:80\n` }),
    found: ['web.container:3:13 error publish-twice: PublishPort=8080-8081:80-81 is a port that b.container publishes as well: of the two only the first can run'],
    good: container('PublishPort=127.0.0.1:8081:81\n', { 'path/b.container': `${C}PublishPort=127.0.0.2:8081:80\n` }),
  },
  {
    code: 'privileged-port',
    title: 'a port for root in a unit of a user',
    files: container('PublishPort=8080:80\nPublishPort=80:80\n', { 'web.socket': '[Socket]\nListenStream=443\n' }),
    found: [
      'web.container:4:13 warning privileged-port: Port 80 is for root: a user’s manager may not listen below 1024',
      'web.socket:2:14 warning privileged-port: Port 443 is for root: a user’s manager may not listen below 1024',
    ],
    good: container('PublishPort=8080:80\n'),
    setting: { mode: 'user', host: false },
  },
  {
    code: 'missing-path',
    title: 'paths that are not there',
    files: {
      ...container('Volume=ROOT/none:/x\nVolume=./here:/y\nEnvironmentFile=gone.env\nMount=type=bind,source=./gone,target=/z\n', { 'here/file': '' }),
      'k.kube': '[Kube]\nYaml=gone.yml\n',
      'b.build': '[Build]\nImageTag=localhost/x\nFile=./Containerfile\nSetWorkingDirectory=unit\n',
    },
    found: [
      "web.container:3:8 warning missing-path: Volume= names 'ROOT/none', which does not exist: podman will refuse it, and web.service will fail",
      "web.container:5:17 warning missing-path: EnvironmentFile= names 'ROOT/gone.env', which does not exist: podman will refuse it, and web.service will fail",
      "web.container:6:24 warning missing-path: Mount= names 'ROOT/gone', which does not exist: podman will refuse it, and web.service will fail",
      "k.kube:2:6 warning missing-path: Yaml= names 'ROOT/gone.yml', which does not exist: podman will refuse it, and k.service will fail",
      "b.build:3:6 warning missing-path: File= names 'ROOT/Containerfile', which does not exist: podman will refuse it, and b-build.service will fail",
    ],
    good: {
      ...container('Volume=/var/lib/rouse-test:/x\nVolume=./here:/y\nVolume=named:/z\nVolume=%t/x:/w\n[Service]\nStateDirectory=rouse-test\n', { 'here/file': '' }),
      'k.kube': '[Kube]\nYaml=here.yml\n',
      'here.yml': '',
    },
  },
  {
    code: 'volume',
    title: 'volumes that podman cannot read',
    files: container('Volume=data\nVolume=a/b:/c\nVolume=a:/b:ro,rx\nVolume=a:/b:ro:z\n'),
    found: [
      "web.container:3:8 error volume: 'data' is no absolute path in the container in Volume=: podman will refuse it, and web.service will fail",
      "web.container:4:8 error volume: 'a/b' is neither a path nor the name of a volume in Volume=: podman will refuse it, and web.service will fail",
      "web.container:5:16 error volume: 'rx' is no option of a volume in Volume=: podman will refuse it, and web.service will fail",
      "web.container:6:8 error volume: 'a:/b:ro:z' has too many parts in Volume=: podman will refuse it, and web.service will fail",
    ],
    good: container('Volume=/data\nVolume=a:/b:ro,Z,U,idmap=uids=0-1-2\nVolume=%h/x:/c\n'),
  },
  {
    code: 'mount',
    title: 'mounts that podman cannot read',
    files: container('Mount=type=bnd,source=/tmp,target=/x\nMount=type=tmpfs\n'),
    found: [
      "web.container:3:12 error mount: 'bnd' in Mount= is no type of a mount: podman will refuse it, and web.service will fail",
      'web.container:4:7 error mount: Mount= has no target=: podman will refuse it, and web.service will fail',
    ],
    good: container('Mount=type=bind,source=/tmp,dst=/x\nMount=type=tmpfs,destination=/y\nMount=target=/z\n'),
  },
  {
    code: 'secret',
    title: 'secrets that podman cannot read',
    files: container('Secret=a,typ=env\nSecret=a/b\n'),
    found: [
      "web.container:3:10 error secret: 'typ=env' in Secret= is no option of a secret: podman will refuse it, and web.service will fail",
      "web.container:4:8 error secret: 'a/b' in Secret= is no name of a secret: podman will refuse it, and web.service will fail",
    ],
    good: container('Secret=a,type=env,target=A\nSecret=b\n'),
  },
  {
    code: 'service-name-twice',
    title: 'two files that make one service',
    files: { ...container(''), 'web.kube': '[Kube]\nYaml=ROOT/x.yml\n', 'b.container': C, 'path/b.service': S },
    found: [
      'web.container:0:- error service-name-twice: web.kube makes a web.service as well, and only one of the two counts',
      'web.kube:0:- error service-name-twice: web.container makes a web.service as well, and only one of the two counts',
      'b.container:0:- error service-name-twice: There is a unit file b.service as well, which is used in place of this file',
    ],
    good: { ...container(''), 'web.kube': '[Kube]\nServiceName=other\nYaml=ROOT/x.yml\n' },
  },
  {
    code: 'container-name-twice',
    title: 'two containers with one name',
    files: { 'a.container': `${C}ContainerName=x\n`, 'b.container': `${C}ContainerName=x\n` },
    found: [
      'a.container:3:15 warning container-name-twice: b.container has ContainerName=x as well: each replaces the other’s container when it starts',
      'b.container:3:15 warning container-name-twice: a.container has ContainerName=x as well: each replaces the other’s container when it starts',
    ],
    good: { 'a.container': `${C}ContainerName=x\n`, 'b.container': `${C}ContainerName=y\n` },
  },
  {
    code: 'environment-of-podman',
    title: 'a variable that does not reach the container',
    files: container('[Service]\nEnvironment=TMPDIR=/x FOO=1\n'),
    found: ['web.container:4:23 warning environment-of-podman: Environment= in section [Service] is podman’s own: FOO does not reach the container'],
    good: container('Environment=BAR\nExec=run ${FOO}\n[Service]\nEnvironment=FOO=1 BAR=2 CONTAINERS_CONF=/x\n'),
  },
  {
    code: 'quadlet-command',
    title: 'a command beside that of Quadlet',
    files: container('[Service]\nExecStart=/bin/sh\n'),
    found: ['web.container:4:1 error quadlet-command: ExecStart= is Quadlet’s to write, and a second one makes web.service impossible to load'],
    good: container('Exec=/bin/sh\n[Service]\nExecStartPre=/bin/sh\n'),
  },
  {
    code: 'socket-without-service',
    title: 'a socket that starts nothing',
    files: {
      'web.socket': '[Socket]\nListenStream=80\n',
      'b.socket': '[Socket]\nListenStream=81\nAccept=yes\n',
      'c.socket': '[Socket]\nListenStream=82\nService=ba.service\n',
      'ba.container': '[Container]\n',
    },
    found: [
      'b.socket:3:8 error socket-without-service: There is no b@.service: whoever connects waits for nothing',
      'c.socket:3:9 error socket-without-service: ba.service, which ba.container should make, does not load: whoever connects waits for nothing',
      'web.socket:1:1 error socket-without-service: There is no web.service: whoever connects waits for nothing',
    ],
    good: {
      'web.socket': '[Socket]\nListenStream=80\n',
      'web.container': C,
      'b.socket': '[Socket]\nListenStream=81\nAccept=yes\n',
      'b@.service': S,
      'c.socket': '[Socket]\nListenStream=82\n',
      'path/c.container': C,
    },
  },
  {
    code: 'oneshot-behind-socket',
    title: 'a service that ends behind a socket',
    files: { 'web.socket': '[Socket]\nListenStream=80\n', 'web.service': `${S}Type=oneshot\n` },
    found: [
      'web.socket:1:1 warning oneshot-behind-socket: web.service has Type=oneshot: clients wait until its program has ended, and one that it has not served starts it again and again',
    ],
    good: { 'web.socket': '[Socket]\nListenStream=80\nAccept=yes\n', 'web@.service': `${S}Type=oneshot\n` },
  },
  {
    code: 'socket-folder',
    title: 'a folder that is missing or no folder',
    files: socket('ListenStream=ROOT/none/x\nListenStream=ROOT/file/y\n', { file: '' }),
    found: ["web.socket:3:14 error socket-folder: 'ROOT/file' is no folder: 'ROOT/file/y' cannot be made in it"],
    good: socket('ListenStream=/run/none/x\nListenStream=ROOT/here/y\n', { 'here/file': '' }),
  },
  {
    code: 'socket-not-required',
    title: 'a service that something starts without its socket',
    files: {
      'web.socket': '[Socket]\nListenStream=80\n',
      'web.service': `${S}[Install]\nWantedBy=multi-user.target\n`,
      'b.socket': '[Socket]\nListenStream=81\n',
      'b.container': C,
    },
    found: [
      'web.service:0:- warning socket-not-required: multi-user.target starts web.service also, without web.socket: then it gets no socket',
      'b.container:0:- info socket-not-required: b.service can be started by name, without b.socket: then it gets no socket',
    ],
    good: { 'web.socket': '[Socket]\nListenStream=80\n', 'web.service': `[Unit]\nRequires=web.socket\n${S}` },
  },
  {
    code: 'template-without-instance',
    title: 'a template where an instance is needed',
    files: { 'web.socket': '[Socket]\nListenStream=80\nService=a@.service\n', 'a@.service': S, 'b@.container': `${C}[Install]\nWantedBy=default.target\n` },
    found: [
      'web.socket:3:9 error template-without-instance: a@.service is a template and cannot be started',
      'b@.container:4:10 warning template-without-instance: WantedBy= of a template without DefaultInstance= starts nothing',
    ],
    good: { 'b@.container': `${C}[Install]\nDefaultInstance=x\nWantedBy=default.target\n` },
  },
  {
    code: 'missing-program',
    title: 'programs that cannot be started',
    files: {
      'a.service': '[Service]\nType=oneshot\nExecStart=/no/such/sh\nExecStart=no-such-program\nExecStart=-/etc/passwd\n',
      ...container('[Service]\nExecStartPre=/no/such/program -x\n'),
    },
    found: [
      "a.service:3:11 error missing-program: The program '/no/such/sh' does not exist: a.service will fail",
      "a.service:4:11 error missing-program: There is no program 'no-such-program' in /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin: a.service will fail",
      "a.service:5:12 warning missing-program: The file '/etc/passwd' is not executable: leaving it out",
      "web.container:4:14 error missing-program: The program '/no/such/program' does not exist: web.service will fail",
    ],
    good: { 'a.service': '[Service]\nExecStart=sh -c true\n', ...container('[Service]\nExecStartPre=/bin/sh\n') },
  },
  {
    code: 'unknown-user',
    title: 'users and groups that do not exist',
    files: { 'a.service': `${S}User=no-such-user\nGroup=no-such-group\n` },
    found: [
      "a.service:3:6 warning unknown-user: There is no user 'no-such-user' on this host: a.service will fail",
      "a.service:4:7 warning unknown-user: There is no group 'no-such-group' on this host: a.service will fail",
    ],
    good: { 'a.service': `${S}User=root\nGroup=1234\n` },
  },
  {
    code: 'missing-file',
    title: 'files and folders of a service that do not exist',
    files: { 'a.service': `${S}EnvironmentFile=ROOT/none\nWorkingDirectory=ROOT/gone\n` },
    found: [
      "a.service:3:17 warning missing-file: The file 'ROOT/none' does not exist: a.service will fail",
      "a.service:4:18 warning missing-file: The folder 'ROOT/gone' does not exist: a.service will fail",
    ],
    good: { 'a.service': `${S}EnvironmentFile=-ROOT/none\nWorkingDirectory=ROOT\n` },
  },
  {
    code: 'kill-mode',
    title: 'processes that are left behind',
    files: { 'a.service': `${S}KillMode=none\n` },
    found: ['a.service:3:10 warning kill-mode: KillMode=none leaves processes of a.service behind when it is stopped'],
    good: { 'a.service': `${S}KillMode=mixed\n` },
  },
  {
    code: 'guessed-process',
    title: 'a process that has to be guessed',
    files: { 'a.service': `${S}Type=forking\n` },
    found: ['a.service:3:6 info guessed-process: Type=forking without PIDFile=: the manager guesses which of its processes the service is'],
    good: { 'a.service': `${S}Type=forking\nPIDFile=%t/a.pid\n` },
  },
  {
    code: 'needless-kill',
    title: 'a signal that the manager would send itself',
    files: { 'a.service': `${S}ExecStop=/bin/kill -INT $MAINPID\n` },
    found: ['a.service:3:10 info needless-kill: ExecStop= sends a signal that the manager would send itself, and does not wait for the end'],
    good: { 'a.service': `${S}KillSignal=SIGINT\nExecReload=/bin/kill -HUP $MAINPID\n` },
  },
  {
    code: 'unknown-dependency',
    title: 'units that do not exist, where it matters',
    files: { 'a.service': `[Unit]\nRequires=gone.service\nAfter=gone.service daatabase.service\nWants=database.service\n${S}`, 'database.service': S },
    found: [
      'a.service:2:10 error unknown-dependency: There is no unit gone.service: a.service will not start',
      'a.service:3:20 warning unknown-dependency: There is no unit daatabase.service: ignoring',
    ],
    good: {
      'a.service': `[Unit]\nRequires=database.service\nAfter=database.service optional.service network-online.target\nWants=network-online.target\n${S}`,
      'database.service': S,
    },
  },
  {
    code: 'quadlet-file-in-unit',
    title: 'a Quadlet file in the dependencies of a unit',
    files: { 'a.service': `[Unit]\nAfter=sh.service db.volume\n${S}`, 'db.volume': '[Volume]\nServiceName=store\n' },
    found: ['a.service:2:18 error quadlet-file-in-unit: db.volume in After= is no unit, ignoring: only Quadlet files name Quadlet files'],
    good: container('[Unit]\nAfter=db.volume\n', { 'db.volume': '[Volume]\n' }),
  },
  {
    code: 'dependency-without-type',
    title: 'a dependency without its type',
    files: container('[Unit]\nAfter=network-online\n'),
    found: ["web.container:4:7 warning dependency-without-type: 'network-online' in After= is no name of a unit: systemd ignores it"],
    good: container('[Unit]\nAfter=network-online.target %N.socket\n'),
  },
  {
    code: 'required-without-order',
    title: 'two that start at the same time though one needs the other',
    files: { 'a.service': `[Unit]\nRequires=b.service\n${S}`, 'b.service': S },
    found: ['a.service:2:10 warning required-without-order: Requires=b.service without After=b.service: both start at the same time'],
    good: {
      'a.service': `[Unit]\nRequires=b.service c.service a.socket\nAfter=b.service\n${S}`,
      'b.service': S,
      'c.service': `[Unit]\nBefore=a.service\n${S}`,
      'a.socket': '[Socket]\nListenStream=80\n',
    },
  },
  {
    code: 'contradiction',
    title: 'a unit that can never start',
    files: { 'a.service': `[Unit]\nRequires=b.service\nConflicts=b.service\nAfter=b.service\n${S}`, 'b.service': S },
    found: ['a.service:3:11 error contradiction: Conflicts=b.service though line 2 requires it: a.service can never start'],
    good: { 'a.service': `[Unit]\nConflicts=b.service\n${S}`, 'b.service': S },
  },
  {
    code: 'ordering-cycle',
    title: 'units in a circle, once',
    files: { 'a.service': `[Unit]\nAfter=b.service\n${S}`, 'b.service': `[Unit]\nAfter=c.container\nAfter=c.service\n${S}`, 'c.container': `${C}[Unit]\nAfter=a.service\n` },
    found: ['a.service:2:7 error ordering-cycle: Ordering in a circle: a.service before c.service before b.service before a.service: one of them will not be started'],
    good: { 'a.service': `[Unit]\nAfter=b.service\n${S}`, 'b.service': `[Unit]\nAfter=c.service\n${S}`, 'c.container': C },
  },
  {
    code: 'unknown-target',
    title: 'a target that never starts it',
    files: container('[Install]\nWantedBy=multi-user.target defalt.target\n'),
    found: [
      'web.container:4:10 warning unknown-target: There is no unit multi-user.target of a user’s: web.service will never be started by it',
      'web.container:4:28 warning unknown-target: There is no unit defalt.target of a user’s: web.service will never be started by it',
    ],
    good: container('[Install]\nWantedBy=default.target\n'),
    setting: { mode: 'user' },
  },
  {
    code: 'started-anyway',
    title: 'a service that does not wait for its socket',
    files: container('[Install]\nWantedBy=default.target\n', { 'web.socket': '[Socket]\nListenStream=80\n' }),
    found: ['web.container:4:10 warning started-anyway: WantedBy=default.target starts web.service with the manager, though web.socket would start it when somebody connects'],
    good: container('', { 'web.socket': '[Socket]\nListenStream=80\n[Install]\nWantedBy=sockets.target\n' }),
  },
  {
    code: 'never-started',
    title: 'what nothing starts',
    files: { ...container(''), 'b.socket': '[Socket]\nListenStream=81\nService=web.service\n', 'c.container': C },
    found: [
      'b.socket:0:- info never-started: Nothing starts b.socket by itself: it has no [Install] section',
      'c.container:0:- info never-started: Nothing starts c.service by itself: there is no [Install] section and no socket',
    ],
    good: { ...container('Pod=p.pod\n'), 'p.pod': '[Install]\nWantedBy=default.target\n', 'c.container': C, 'd.service': `[Unit]\nWants=c.service\n${S}` },
  },
];

function found(code: string, files: Texts, setting?: Setting): readonly string[] {
  return verifyTexts(files, setting)
    .filter((each) => each.code === code)
    .map(lineOf);
}

describe('a check finds', () => {
  test.each(ROWS.map((row) => [row.code, row.title, row] as const))('%s: %s', (code, _, row) => {
    expect([...found(code, row.files, row.setting)].sort()).toEqual([...row.found].sort());
    expect(found(code, row.good, row.setting)).toEqual([]);
  });

  test('something in every row of the table of checks', () => {
    expect([...new Set(CHECKS.map(({ code }) => code))].filter((code) => !ROWS.some((row) => row.code === code))).toEqual([]);
  });
});
