import { describe, expect, test } from 'vitest';
import { commandOf, convert, holds } from './testing/quadlets.js';

/** The options between `until` and `name`, of a file with these lines. */
function optionsOf(file: string, section: string, lines: string, others: Readonly<Record<string, string>> = {}): string {
  return commandOf(file, `[${section}]\n${lines}\n`, others).join(' ');
}

describe('a volume', () => {
  test.each([
    ['', 'volume create --ignore systemd-data'],
    ['VolumeName=db', 'volume create --ignore db'],
    ['UID=1\nGID=2', 'volume create --ignore --uid 1 --gid 2 systemd-data'],
    ['User=0x10\nGroup=010', 'volume create --ignore --opt o=uid=16,gid=8 systemd-data'],
    ['User=root\nOptions=rw', 'volume create --ignore --opt o=uid=0,rw systemd-data'],
    ['Device=tmpfs\nType=tmpfs\nCopy=false\nOptions=size=1m', 'volume create --ignore --opt nocopy --opt device=tmpfs --opt type=tmpfs --opt o=size=1m systemd-data'],
    ['Driver=image\nImage=quay.io/x/y:1', 'volume create --ignore --driver image --opt image=quay.io/x/y:1 systemd-data'],
    ['Driver=local\nLabel=b=1 a=2\nPodmanArgs=--x y', 'volume create --ignore --driver local --label a=2 --label b=1 --x y systemd-data'],
  ])('of %j is made once', (lines, expected) => {
    expect(optionsOf('data.volume', 'Volume', lines)).toBe(expected);
  });

  test('stays up after it was made, unless the file says otherwise', () => {
    const plain = convert({ 'data.volume': '' });
    expect(plain.find('data.volume').service?.name).toBe('data-volume.service');
    expect(plain.values('data.volume', 'Service', 'Type')).toEqual(['oneshot']);
    expect(plain.values('data.volume', 'Service', 'RemainAfterExit')).toEqual(['yes']);
    expect(plain.values('data.volume', 'Service', 'SyslogIdentifier')).toEqual(['%N']);
    expect(convert({ 'data.volume': '[Service]\nRemainAfterExit=no\n' }).values('data.volume', 'Service', 'RemainAfterExit')).toEqual(['no']);
  });

  test('of a folder waits for its mount point', () => {
    expect(convert({ 'data.volume': '[Volume]\nDevice=/srv/data\nType=bind\n' }).values('data.volume', 'Unit', 'RequiresMountsFor')).toEqual(['%t/containers', '/srv/data']);
  });

  test('of an image that another file builds waits for it', () => {
    const converted = convert({ 'data.volume': '[Volume]\nDriver=image\nImage=app.build\n', 'app.build': '[Build]\nImageTag=localhost/app\nFile=/x\n' });
    expect(holds(converted.command('data.volume'), '--opt', 'image=localhost/app')).toBe(true);
    expect(converted.values('data.volume', 'Unit', 'Requires')).toEqual(['app-build.service']);
  });

  test('is refused where its keys do not fit together', () => {
    expect(convert({ 'data.volume': '[Volume]\nType=xfs\n' }).error('data.volume')).toBe("key Type can't be used without Device");
    expect(convert({ 'data.volume': '[Volume]\nDriver=image\n' }).error('data.volume')).toBe('the key Image is mandatory when using the image driver');
  });

  test('of a user whose number is not known is root’s, with a warning', () => {
    expect(convert({ 'data.volume': '[Volume]\nUser=alice\n' }).warnings('data.volume')).toEqual(["Failed to parse User=, using 0: 'alice' is not a number"]);
  });
});

describe('a network', () => {
  test.each([
    ['', 'network create --ignore systemd-net'],
    ['NetworkName=lan', 'network create --ignore lan'],
    ['DisableDNS=yes\nInternal=no\nIPv6=1', 'network create --ignore --disable-dns --internal=false --ipv6 systemd-net'],
    ['Driver=bridge\nIPAMDriver=dhcp\nInterfaceName=enp1', 'network create --ignore --driver bridge --ipam-driver dhcp --interface-name enp1 systemd-net'],
    ['DNS=1.1.1.1\nDNS=8.8.8.8', 'network create --ignore --dns 1.1.1.1 --dns 8.8.8.8 systemd-net'],
    [
      'Subnet=10.0.0.0/8\nSubnet=11.0.0.0/8\nGateway=10.0.0.1\nIPRange=10.1.0.0/16',
      'network create --ignore --subnet 10.0.0.0/8 --gateway 10.0.0.1 --ip-range 10.1.0.0/16 --subnet 11.0.0.0/8 systemd-net',
    ],
    ['Options=mtu=1 isolate=true\nLabel=a=b\nPodmanArgs=--x', 'network create --ignore --opt isolate=true --opt mtu=1 --label a=b --x systemd-net'],
  ])('of %j is made once', (lines, expected) => {
    expect(optionsOf('net.network', 'Network', lines)).toBe(expected);
  });

  test('is removed when it stops, where the file says so', () => {
    expect(convert({ 'net.network': '[Network]\nNetworkDeleteOnStop=true\n' }).command('net.network', 'ExecStopPost')).toEqual(['/usr/bin/podman', 'network', 'rm', 'systemd-net']);
    expect(convert({ 'net.network': '' }).command('net.network', 'ExecStopPost')).toEqual([]);
  });

  test.each([
    ['Gateway=10.0.0.1', 'cannot set gateway or range without subnet'],
    ['IPRange=10.0.0.0/9', 'cannot set gateway or range without subnet'],
    ['Subnet=10.0.0.0/8\nGateway=10.0.0.1\nGateway=10.0.0.2', 'cannot set more gateways than subnets'],
    ['Subnet=10.0.0.0/8\nIPRange=10.0.0.0/9\nIPRange=10.0.0.0/9', 'cannot set more ranges than subnets'],
  ])('of %j is refused', (lines, message) => {
    expect(convert({ 'net.network': `[Network]\n${lines}\n` }).error('net.network')).toBe(message);
  });
});

describe('an image', () => {
  test('is pulled with its options', () => {
    const lines =
      'Image=quay.io/x/y\nAllTags=true\nArch=arm64\nAuthFile=/a\nCertDir=/c\nCreds=u:p\nDecryptionKey=/k\nOS=linux\nPolicy=always\nVariant=v7\nRetry=5\nRetryDelay=10s\nTLSVerify=false\nPodmanArgs=--x';
    expect(optionsOf('base.image', 'Image', lines)).toBe(
      'image pull --arch arm64 --authfile /a --cert-dir /c --creds u:p --decryption-key /k --os linux --policy always --variant v7 --retry 5 --retry-delay 10s --all-tags --tls-verify=false --x quay.io/x/y',
    );
  });

  test('goes by its tag in other files', () => {
    const command = commandOf('echo.container', '[Container]\nImage=base.image\n', { 'base.image': '[Image]\nImage=docker-archive:/x.tar\nImageTag=localhost/x\n' });
    expect(command.at(-1)).toBe('localhost/x');
  });

  test('without a name is refused, and what needs it too', () => {
    const converted = convert({ 'base.image': '[Image]\n', 'echo.container': '[Container]\nImage=base.image\n' });
    expect(converted.error('base.image')).toBe('no Image key specified');
    expect(converted.error('echo.container')).toBe('cannot get the resource name of base.image');
  });
});

describe('an artifact', () => {
  test('is pulled with its options', () => {
    const lines = 'Artifact=quay.io/x/a:1\nAuthFile=/a\nCertDir=/c\nCreds=u:p\nDecryptionKey=/k\nQuiet=true\nRetry=5\nRetryDelay=10s\nTLSVerify=false\nPodmanArgs=--x';
    expect(optionsOf('conf.artifact', 'Artifact', lines)).toBe(
      'artifact pull --authfile /a --cert-dir /c --creds u:p --decryption-key /k --retry 5 --retry-delay 10s --quiet --tls-verify=false --x quay.io/x/a:1',
    );
    expect(convert({ 'conf.artifact': `[Artifact]\n${lines}\n` }).find('conf.artifact').service?.name).toBe('conf-artifact.service');
  });

  test('without a name is refused', () => {
    expect(convert({ 'conf.artifact': '' }).error('conf.artifact')).toBe('no Artifact key specified');
  });
});

describe('a build', () => {
  const TAG = 'ImageTag=localhost/app';

  test.each([
    ['File=/srv/Containerfile', 'build --tag localhost/app --file /srv/Containerfile', undefined],
    ['File=%h/Containerfile', 'build --tag localhost/app --file %h/Containerfile', undefined],
    ['SetWorkingDirectory=unit', 'build --tag localhost/app /q', '/q'],
    ['File=./Containerfile\nSetWorkingDirectory=unit', 'build --tag localhost/app --file ./Containerfile /q', '/q'],
    ['File=/srv/app/Containerfile\nSetWorkingDirectory=file', 'build --tag localhost/app --file /srv/app/Containerfile', '/srv/app'],
    ['SetWorkingDirectory=ctx\nFile=x', 'build --tag localhost/app --file x ctx', '/q'],
    ['SetWorkingDirectory=/abs', 'build --tag localhost/app /abs', undefined],
    ['SetWorkingDirectory=https://example.com/x.git', 'build --tag localhost/app https://example.com/x.git', undefined],
    ['SetWorkingDirectory=github.com/x/y.git', 'build --tag localhost/app github.com/x/y.git', undefined],
    ['File=https://example.com/Containerfile', 'build --tag localhost/app --file https://example.com/Containerfile', undefined],
  ])('with %j finds its context', (lines, expected, folder) => {
    const converted = convert({ 'app.build': `[Build]\n${TAG}\n${lines}\n` });
    expect(converted.command('app.build').slice(1).join(' ')).toBe(expected);
    expect(converted.values('app.build', 'Service', 'WorkingDirectory')).toEqual(folder === undefined ? [] : [folder]);
  });

  test('keeps the working directory that [Service] has', () => {
    const converted = convert({ 'app.build': `[Build]\n${TAG}\nSetWorkingDirectory=unit\n[Service]\nWorkingDirectory=/mine\n` });
    expect(converted.values('app.build', 'Service', 'WorkingDirectory')).toEqual(['/mine']);
    expect(converted.command('app.build').at(-1)).toBe('/mine');
  });

  test('has its options, its network and its volumes', () => {
    const lines =
      'Pull=never\nArch=arm64\nAuthFile=/a\nIgnoreFile=/i\nTarget=t\nVariant=v7\nRetry=5\nRetryDelay=1s\nTLSVerify=false\nForceRM=no\nDNS=1.1.1.1\nDNSOption=ndots:1\nDNSSearch=x\nGroupAdd=keep-groups\n' +
      'ImageTag=localhost/second\nBuildArg=b=1 a=2\nEnvironment=E=1\nLabel=l=1\nAnnotation=n=1\nNetwork=net.network\nSecret=id=s,src=/s\nVolume=data.volume:/d\nFile=/f\nPodmanArgs=--x';
    expect(optionsOf('app.build', 'Build', `${TAG}\n${lines}`, { 'net.network': '', 'data.volume': '' })).toBe(
      'build --pull=never --arch arm64 --authfile /a --ignorefile /i --target t --variant v7 --retry 5 --retry-delay 1s --tls-verify=false --force-rm=false --dns 1.1.1.1 --dns-option ndots:1 --dns-search x ' +
        '--group-add keep-groups --tag localhost/app --tag localhost/second --build-arg a=2 --build-arg b=1 --env E=1 --label l=1 --annotation n=1 --network systemd-net --secret id=s,src=/s -v systemd-data:/d --file /f --x',
    );
  });

  test('goes by its first tag in other files, and is down again when it is done', () => {
    const converted = convert({ 'echo.container': '[Container]\nImage=app.build\n', 'app.build': `[Build]\nImageTag=a\nImageTag=\n${TAG}\nImageTag=c\nFile=/f\n` });
    expect(converted.command('echo.container').at(-1)).toBe('localhost/app');
    expect(converted.values('app.build', 'Service', 'RemainAfterExit')).toEqual([]);
  });

  test.each([
    ['File=/f', 'no ImageTag key specified'],
    [TAG, 'neither SetWorkingDirectory, nor File key specified'],
    [`${TAG}\nFile=rel`, 'relative path in File key requires SetWorkingDirectory key to be set'],
    [`${TAG}\nSetWorkingDirectory=file`, 'no File key specified'],
    [`${TAG}\nSetWorkingDirectory=yaml`, 'SetWorkingDirectory=yaml is only supported in .kube files'],
  ])('of %j is refused', (lines, message) => {
    expect(convert({ 'app.build': `[Build]\n${lines}\n` }).error('app.build')).toBe(message);
  });
});

describe('a kube file', () => {
  test('is played when the service starts and taken down when it stops', () => {
    const converted = convert({ 'app.kube': '[Kube]\nYaml=app.yml /srv/b.yml\nKubeDownForce=true\n' });
    expect(converted.command('app.kube').slice(1)).toEqual(['kube', 'play', '--replace', '--service-container=true', '/q/app.yml', '/srv/b.yml']);
    expect(converted.command('app.kube', 'ExecStopPost').slice(1)).toEqual(['kube', 'down', '--force', '/q/app.yml', '/srv/b.yml']);
    expect(converted.values('app.kube', 'Service', 'Type')).toEqual(['notify']);
    expect(converted.values('app.kube', 'Service', 'KillMode')).toEqual(['mixed']);
  });

  test('has its options', () => {
    const lines =
      'Yaml=/a.yml\nExitCodePropagation=any\nLogDriver=journald\nLogOpt=tag=x\nUserNS=auto\nNetwork=host\nAutoUpdate=registry web/local\nConfigMap=c.yml /d.yml\nPublishPort=80:80\nPodmanArgs=--x';
    expect(optionsOf('app.kube', 'Kube', lines)).toBe(
      'kube play --replace --service-container=true --service-exit-code-propagation=any --log-driver journald --log-opt tag=x --userns auto --network host ' +
        '--annotation=io.containers.autoupdate=registry --annotation=io.containers.autoupdate/web=local --configmap /q/c.yml --configmap /d.yml --publish 80:80 --x /a.yml',
    );
  });

  test('runs where SetWorkingDirectory= says', () => {
    const folder = (lines: string): readonly string[] => convert({ 'app.kube': `[Kube]\n${lines}\n` }).values('app.kube', 'Service', 'WorkingDirectory');
    expect(folder('Yaml=./sub/app.yml\nSetWorkingDirectory=yaml')).toEqual(['/q/sub']);
    expect(folder('Yaml=/srv/app.yml\nSetWorkingDirectory=unit')).toEqual(['/q']);
    expect(folder('Yaml=/srv/app.yml')).toEqual([]);
  });

  test.each([
    ['', 'no Yaml key specified'],
    ['Yaml=a b\nSetWorkingDirectory=yaml', 'SetWorkingDirectory=yaml is only supported when a single Yaml key is provided'],
    ['Yaml=a\nSetWorkingDirectory=file', 'SetWorkingDirectory=file is only supported in .build files'],
    ['Yaml=a\nSetWorkingDirectory=/x', 'unsupported value for WorkingDirectory: /x '],
    ['Yaml=a\nRemapUsers=manual', 'RemapUsers=manual is not supported'],
    ['Yaml=a\nUIDMap=0:1:2', "unsupported key 'UIDMap' in group 'Kube' in /q/app.kube"],
  ])('of %j is refused', (lines, message) => {
    expect(convert({ 'app.kube': `[Kube]\n${lines}\n` }).error('app.kube')).toBe(message);
  });
});

describe('a pod', () => {
  test('is made, started, stopped and removed by name', () => {
    const converted = convert({ 'app.pod': '' });
    expect(converted.find('app.pod').service?.name).toBe('app-pod.service');
    expect(converted.command('app.pod', 'ExecStartPre').slice(1).join(' ')).toBe(
      'pod create --infra-conmon-pidfile=%t/%N.pid --replace --exit-policy stop --infra-name systemd-app-infra --name systemd-app',
    );
    expect(converted.command('app.pod').slice(1)).toEqual(['pod', 'start', 'systemd-app']);
    expect(converted.command('app.pod', 'ExecStop').slice(1)).toEqual(['pod', 'stop', '--ignore', '--time=10', 'systemd-app']);
    expect(converted.command('app.pod', 'ExecStopPost').slice(1)).toEqual(['pod', 'rm', '--ignore', '--force', 'systemd-app']);
    for (const [key, value] of [
      ['Type', 'forking'],
      ['Restart', 'on-failure'],
      ['PIDFile', '%t/%N.pid'],
      ['Environment', 'PODMAN_SYSTEMD_UNIT=%n'],
    ] as const) {
      expect(converted.values('app.pod', 'Service', key)).toEqual([value]);
    }
  });

  test('has its options', () => {
    const lines =
      'PodName=web\nExitPolicy=continue\nUserNS=auto\nPublishPort=80:80\nLabel=a=b\nNetwork=host\nIP=192.0.2.1\nIP6=::1\nShmSize=1m\nNetworkAlias=n\nDNS=1.1.1.1\nDNSOption=o\nDNSSearch=s\nAddHost=a:1\nHostName=h\nVolume=/a:/b\nStopTimeout=20\nPodmanArgs=--cpus=2';
    expect(commandOf('app.pod', `[Pod]\n${lines}\n`, {}, 'ExecStartPre').join(' ')).toBe(
      'pod create --infra-conmon-pidfile=%t/%N.pid --replace --exit-policy continue --userns auto --publish 80:80 --label a=b --network host --ip 192.0.2.1 --ip6 ::1 --shm-size 1m --network-alias n ' +
        '--dns 1.1.1.1 --dns-option o --dns-search s --add-host a:1 --hostname h -v /a:/b --infra-name web-infra --name web --cpus=2',
    );
    expect(commandOf('app.pod', `[Pod]\n${lines}\n`, {}, 'ExecStop')).toContain('--time=20');
  });

  test('starts its containers, except templates and those that start alone', () => {
    const inPod = '[Container]\nImage=quay.io/x/y\nPod=app.pod\n';
    const converted = convert({
      'app.pod': '',
      'a.container': inPod,
      'b.container': `${inPod}StartWithPod=no\n`,
      'c@.container': inPod,
      'c@one.container': inPod,
      'd.container': `${inPod}ServiceName=renamed\n`,
      'e.container': '[Container]\nImage=quay.io/x/y\n',
    });
    expect(converted.values('app.pod', 'Unit', 'Before')).toEqual(['a.service', 'c@one.service', 'renamed.service']);
    expect(converted.values('app.pod', 'Unit', 'Wants')).toEqual(['network-online.target', 'a.service', 'c@one.service', 'renamed.service']);
    expect(converted.values('b.container', 'Unit', 'BindsTo')).toEqual(['app-pod.service']);
    expect(converted.values('b.container', 'Unit', 'After')).toEqual(['network-online.target', 'app-pod.service']);
  });

  test('may be named for the service of its container', () => {
    const converted = convert({ 'app.pod': '', 'app.container': '[Container]\nImage=quay.io/x/y\nPod=%N.pod\n', 'web.container': '[Container]\nImage=quay.io/x/y\nPod=%N.pod\n' });
    expect(holds(converted.command('app.container'), '--pod', 'systemd-app')).toBe(true);
    expect(converted.values('app.pod', 'Unit', 'Before')).toEqual(['app.service']);
    expect(converted.error('web.container')).toBe('quadlet pod unit web.pod does not exist');
  });
});
