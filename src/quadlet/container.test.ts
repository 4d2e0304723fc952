import { describe, expect, test } from 'vitest';
import { commandOf, convert, holds } from './testing/quadlets.js';

const IMAGE = '[Container]\nImage=quay.io/x/echo:1\n';

/** The options that the lines add to those of a container without them. */
function options(...lines: readonly string[]): readonly string[] {
  const text = `${IMAGE}${lines.join('\n')}\n`;
  const others = {
    'data.volume': '[Volume]\n',
    'net.network': '[Network]\n',
    'base.image': '[Image]\nImage=quay.io/x/base\n',
    'app.pod': '[Pod]\n',
    'other.container': IMAGE,
    'conf.artifact': '[Artifact]\nArtifact=quay.io/x/conf\n',
  };
  const command = commandOf('echo.container', text, others);
  const plain = ['run', '--name', 'systemd-%N', '--replace', '--rm', '--cgroups=split', '--sdnotify=conmon', '-d', 'quay.io/x/echo:1'];
  return command.filter((word, at) => !plain.includes(word) || command.indexOf(word) !== at);
}

function errorOf(text: string, others: Readonly<Record<string, string>> = {}): string | undefined {
  return convert({ 'echo.container': text, ...others }).error('echo.container');
}

describe('a container', () => {
  test('with an image alone becomes a service that podman run makes ready', () => {
    const converted = convert({ 'echo.container': '[Unit]\nDescription=Echo\n\n[Container]\nImage=quay.io/x/echo:1\n\n[Service]\nRestart=always\n' });
    const { service, diagnostics } = converted.find('echo.container');
    expect(diagnostics).toEqual([]);
    expect(service?.name).toBe('echo.service');
    expect(service?.fragmentPath).toBe('');
    expect(service?.sourcePath).toBe('/q/echo.container');
    expect(service?.sections.map(({ name, assignments }) => [name, ...assignments.map(({ key, value }) => `${key}=${value}`)])).toEqual([
      ['Unit', 'Wants=network-online.target', 'After=network-online.target', 'Description=Echo', 'SourcePath=/q/echo.container', 'RequiresMountsFor=%t/containers'],
      ['X-Container', 'Image=quay.io/x/echo:1'],
      [
        'Service',
        'Restart=always',
        'Environment=PODMAN_SYSTEMD_UNIT=%n',
        'KillMode=mixed',
        'ExecStop=/usr/bin/podman rm -v -f -i systemd-%N',
        'ExecStopPost=-/usr/bin/podman rm -v -f -i systemd-%N',
        'Delegate=yes',
        'Type=notify',
        'NotifyAccess=all',
        'SyslogIdentifier=%N',
        'ExecStart=/usr/bin/podman run --name systemd-%N --replace --rm --cgroups=split --sdnotify=conmon -d quay.io/x/echo:1',
      ],
    ]);
  });

  test('says of every assignment which line brought it about', () => {
    const converted = convert({ 'echo.container': `${IMAGE}Volume=/data:/data\n` });
    const places = converted
      .find('echo.container')
      .service?.sections.flatMap(({ assignments }) => assignments.map(({ key, value, file, line }) => `${key}=${value.split(' ')[0] ?? ''} ${file}:${line}`));
    expect(places).toContain('RequiresMountsFor=/data /q/echo.container:3');
    expect(places).toContain('ExecStart=/usr/bin/podman /q/echo.container:2');
    expect(places).toContain('KillMode=mixed /q/echo.container:0');
  });

  test.each<[line: string, ...options: string[]]>([
    ['AddCapability=CAP_A CAP_B', '--cap-add', 'cap_a', '--cap-add', 'cap_b'],
    ['AddDevice=/dev/null:/dev/x:rw', '--device', '/dev/null:/dev/x:rw'],
    ['AddHost=example.com:192.0.2.1', '--add-host', 'example.com:192.0.2.1'],
    ['Annotation=a=b "c=d e"', '--annotation', 'a=b', '--annotation', 'c=d e'],
    ['AppArmor=profile', '--security-opt', 'apparmor=profile'],
    ['AutoUpdate=registry', '--label', 'io.containers.autoupdate=registry'],
    ['DNS=192.0.2.1', '--dns', '192.0.2.1'],
    ['DNSOption=ndots:1', '--dns-option', 'ndots:1'],
    ['DNSSearch=example.com', '--dns-search', 'example.com'],
    ['DropCapability=CAP_A all', '--cap-drop', 'cap_a', '--cap-drop', 'all'],
    ['Entrypoint=/foo.sh', '--entrypoint=/foo.sh'],
    ['Entrypoint=', '--entrypoint='],
    ['Environment=B=2 A=1 "C=x y" D', '--env', 'A=1', '--env', 'B=2', '--env', 'C=x y', '--env', 'D'],
    ['EnvironmentFile=/abs rel %h/env', '--env-file', '/abs', '--env-file', '/q/rel', '--env-file', '%h/env'],
    ['EnvironmentHost=true', '--env-host'],
    ['EnvironmentHost=no', '--env-host=false'],
    ['Exec=/bin/x --y "a b"', '/bin/x', '--y', 'a b'],
    ['ExposeHostPort=50-59', '--expose', '50-59'],
    ['GIDMap=0:1:10 20:30:40', '--gidmap', '0:1:10', '--gidmap', '20:30:40'],
    ['GroupAdd=keep-groups', '--group-add', 'keep-groups'],
    ['HealthCmd="curl -f x"', '--health-cmd', 'curl -f x'],
    [`HealthCmd=sh -c "echo 'hi'"`, '--health-cmd', `sh -c "echo 'hi'"`],
    ['HealthInterval=2m', '--health-interval', '2m'],
    ['HealthLogDestination=/log', '--health-log-destination', '/log'],
    ['HealthMaxLogCount=5', '--health-max-log-count', '5'],
    ['HealthMaxLogSize=500', '--health-max-log-size', '500'],
    ['HealthOnFailure=kill', '--health-on-failure', 'kill'],
    ['HealthRetries=5', '--health-retries', '5'],
    ['HealthStartPeriod=1m', '--health-start-period', '1m'],
    ['HealthStartupCmd=cmd', '--health-startup-cmd', 'cmd'],
    ['HealthStartupInterval=1m', '--health-startup-interval', '1m'],
    ['HealthStartupRetries=8', '--health-startup-retries', '8'],
    ['HealthStartupSuccess=2', '--health-startup-success', '2'],
    ['HealthStartupTimeout=1m33s', '--health-startup-timeout', '1m33s'],
    ['HealthTimeout=20s', '--health-timeout', '20s'],
    ['HostName=example.com', '--hostname', 'example.com'],
    ['HttpProxy=false', '--http-proxy=false'],
    ['IP=192.0.2.1', '--ip', '192.0.2.1'],
    ['IP6=2001:db8::1', '--ip6', '2001:db8::1'],
    ['Label=a=b', '--label', 'a=b'],
    ['LogDriver=journald', '--log-driver', 'journald'],
    ['LogOpt=path=/x max=1', '--log-opt', 'path=/x', '--log-opt', 'max=1'],
    ['Mask=/a:/b', '--security-opt', 'mask=/a:/b'],
    ['Memory=20g', '--memory', '20g'],
    ['Network=host', '--network', 'host'],
    ['NetworkAlias=web', '--network-alias', 'web'],
    ['NoNewPrivileges=true', '--security-opt=no-new-privileges'],
    ['PidsLimit=100', '--pids-limit', '100'],
    ['PodmanArgs=--x 1 "--y=a b"', '--x', '1', '--y=a b'],
    ['PublishPort=8080:80', '--publish', '8080:80'],
    ['Pull=never', '--pull', 'never'],
    ['ReadOnly=true', '--read-only'],
    ['ReadOnlyTmpfs=false', '--read-only-tmpfs=false'],
    ['Retry=5', '--retry', '5'],
    ['RetryDelay=5s', '--retry-delay', '5s'],
    ['RunInit=true', '--init'],
    ['SeccompProfile=unconfined', '--security-opt', 'seccomp=unconfined'],
    ['Secret=s,type=env', '--secret', 's,type=env'],
    ['SecurityLabelDisable=true', '--security-opt', 'label=disable'],
    ['SecurityLabelFileType=usr_t', '--security-opt', 'label=filetype:usr_t'],
    ['SecurityLabelLevel=s0:c1,c2', '--security-opt', 'label=level:s0:c1,c2'],
    ['SecurityLabelNested=true', '--security-opt', 'label=nested'],
    ['SecurityLabelType=spc_t', '--security-opt', 'label=type:spc_t'],
    ['ShmSize=100m', '--shm-size', '100m'],
    ['StopSignal=SIGINT', '--stop-signal', 'SIGINT'],
    ['StopTimeout=20', '--stop-timeout', '20'],
    ['SubGIDMap=g', '--subgidname', 'g'],
    ['SubUIDMap=u', '--subuidname', 'u'],
    ['Sysctl=a=b c=d', '--sysctl', 'a=b', '--sysctl', 'c=d'],
    ['Timezone=local', '--tz', 'local'],
    ['Tmpfs=/work', '--tmpfs', '/work'],
    ['UIDMap=0:1:10', '--uidmap', '0:1:10'],
    ['Ulimit=nofile=1:2', '--ulimit', 'nofile=1:2'],
    ['Unmask=ALL', '--security-opt', 'unmask=ALL'],
    ['User=bin', '--user', 'bin'],
    ['UserNS=keep-id:uid=200', '--userns', 'keep-id:uid=200'],
    ['VolatileTmp=yes', '--tmpfs', '/tmp:rw,size=512M,mode=1777'],
    ['Volume=/host:/data:ro,z', '-v', '/host:/data:ro,z'],
    ['Volume=./host:/data', '-v', '/q/host:/data'],
    ['Volume=%h/x:/data', '-v', '%h/x:/data'],
    ['Volume=/anonymous', '-v', '/anonymous'],
    ['Volume=data.volume:/data', '-v', 'systemd-data:/data'],
    ['WorkingDir=/srv', '--workdir', '/srv'],
    ['Network=net.network', '--network', 'systemd-net'],
    ['Network=net.network:ip=192.0.2.9', '--network', 'systemd-net:ip=192.0.2.9'],
    ['Network=other.container', '--network', 'container:systemd-other'],
    ['Pod=app.pod', '--pod', 'systemd-app'],
    ['ImageVolume=tmpfs', '--image-volume', 'tmpfs'],
    ['Umask=0027', '--umask', '0027'],
    ['Mount=type=tmpfs,destination=/x', '--mount', 'type=tmpfs,destination=/x'],
    ['Mount=type=bind,src=./y,dst=/y,ro', '--mount', 'type=bind,source=/q/y,dst=/y,ro'],
    ['Mount=type=volume,source=data.volume,dst=/d', '--mount', 'type=volume,source=systemd-data,dst=/d'],
    ['Mount=type=image,source=base.image,dst=/d', '--mount', 'type=image,source=quay.io/x/base,dst=/d'],
    ['Mount=type=artifact,source=conf.artifact,dst=/d', '--mount', 'type=artifact,source=quay.io/x/conf,dst=/d'],
    ['Mount=dst=/d,source=named', '--mount', 'type=volume,dst=/d,source=named'],
    ['Mount="type=bind,\\"source=/a,b\\",dst=/d"', '--mount', 'type=bind,"source=/a,b",dst=/d'],
  ])('turns %s into its option', (line, ...expected) => {
    expect(options(line)).toEqual(expected);
  });

  test('takes the last of a key that can be set once, and all of a list since an empty one', () => {
    expect(options('HostName=a', 'HostName=b', 'DNS=1.1.1.1', 'DNS=', 'DNS=8.8.8.8', 'Environment=A=1 B=2', 'Environment=A=3')).toEqual([
      '--hostname',
      'b',
      '--dns',
      '8.8.8.8',
      '--env',
      'A=3',
      '--env',
      'B=2',
    ]);
  });

  test('puts podman’s own options before the subcommand of every command', () => {
    const converted = convert({ 'echo.container': `${IMAGE}GlobalArgs=--log-level=debug --x\nContainersConfModule=/m.conf\nReloadSignal=SIGHUP\n` });
    for (const key of ['ExecStart', 'ExecStop', 'ExecStopPost', 'ExecReload'])
      expect(converted.command('echo.container', key).slice(1, 4)).toEqual(['--module=/m.conf', '--log-level=debug', '--x']);
  });

  test('is named by ContainerName= in every command', () => {
    const converted = convert({ 'echo.container': `${IMAGE}ContainerName=web\nReloadCmd=/bin/reload "a b"\n` });
    expect(converted.command('echo.container', 'ExecStop').at(-1)).toBe('web');
    expect(converted.command('echo.container', 'ExecReload')).toEqual(['/usr/bin/podman', 'exec', 'web', '/bin/reload', 'a b']);
    expect(holds(converted.command('echo.container'), '--name', 'web')).toBe(true);
  });

  test('of a template is named for template and instance', () => {
    expect(holds(commandOf('echo@.container', IMAGE), '--name', 'systemd-%p_%i')).toBe(true);
    expect(convert({ 'echo@.container': IMAGE }).find('echo@.container').service?.name).toBe('echo@.service');
    expect(convert({ 'echo@one.container': IMAGE }).find('echo@one.container').service?.name).toBe('echo@one.service');
  });

  test('that tells of its readiness itself, or by its health, is waited for', () => {
    expect(commandOf('echo.container', `${IMAGE}Notify=yes\n`)).toContain('--sdnotify=container');
    expect(commandOf('echo.container', `${IMAGE}Notify=Healthy\n`)).toContain('--sdnotify=healthy');
  });

  test('of a oneshot service stays in the foreground', () => {
    const command = commandOf('echo.container', `${IMAGE}[Service]\nType=oneshot\n`);
    expect(command).not.toContain('-d');
    expect(command.join(' ')).not.toContain('--sdnotify');
  });

  test('reloads with a signal where ReloadSignal= names one', () => {
    expect(commandOf('echo.container', `${IMAGE}ReloadSignal=SIGHUP\n`, {}, 'ExecReload')).toEqual(['kill', '--signal', 'SIGHUP', 'systemd-%N']);
  });

  test('can run from a folder in the place of an image', () => {
    expect(commandOf('echo.container', '[Container]\nRootfs=/srv/root:O\nExec=sh\n').slice(-3)).toEqual(['--rootfs', '/srv/root:O', 'sh']);
  });

  test('gets a device with a dash only where it exists', () => {
    const text = `${IMAGE}AddDevice=-/dev/here:/dev/x -/dev/gone\n`;
    const command = convert({ 'echo.container': text }, { exists: (path) => path === '/dev/here' }).command('echo.container');
    expect(holds(command, '--device', '/dev/here:/dev/x')).toBe(true);
    expect(command.join(' ')).not.toContain('gone');
  });

  test('has a user namespace by the deprecated keys too', () => {
    expect(options('RemapUsers=auto', 'RemapUid=0:1:2 3:4:5', 'RemapGid=6:7:8', 'RemapUidSize=20')).toEqual([
      '--userns',
      'auto:uidmapping=0:1:2,uidmapping=3:4:5,gidmapping=6:7:8,size=20',
    ]);
    expect(options('RemapUsers=keep-id', 'RemapUid=1')).toEqual(['--userns', 'keep-id:uid=1']);
    expect(options('RemapUsers=manual', 'RemapUid=0:1:2', 'RemapGid=3:4:5')).toEqual(['--uidmap', '0:1:2', '--gidmap', '3:4:5']);
  });

  test('waits for the mount points of its folders, for its network, volumes and image', () => {
    const converted = convert({
      'echo.container': '[Container]\nImage=base.image\nNetwork=net.network\nVolume=data.volume:/d\nVolume=/srv/a b:/x\nMount=type=bind,source=/srv/c,dst=/c\n',
      'data.volume': '',
      'net.network': '',
      'base.image': '[Image]\nImage=quay.io/x/base\nServiceName=pull\n',
    });
    expect(converted.values('echo.container', 'Unit', 'Requires')).toEqual(['pull.service', 'net-network.service', 'data-volume.service']);
    expect(converted.values('echo.container', 'Unit', 'After')).toEqual(['network-online.target', 'pull.service', 'net-network.service', 'data-volume.service']);
    expect(converted.values('echo.container', 'Unit', 'RequiresMountsFor')).toEqual(['%t/containers', '"/srv/a b"', '/srv/c']);
    expect(converted.command('echo.container').at(-1)).toBe('quay.io/x/base');
  });
});

describe('a container is refused', () => {
  test.each<[why: string, text: string, message: string]>([
    ['without an image', '[Container]\n', 'no Image or Rootfs key specified'],
    ['without a section', '', 'no Image or Rootfs key specified'],
    ['with an image and a folder', `${IMAGE}Rootfs=/x\n`, 'the Image And Rootfs keys conflict can not be specified together'],
    ['with a key that nobody knows', `${IMAGE}HostNam=x\n`, "unsupported key 'HostNam' in group 'Container' in /q/echo.container"],
    ['with a key that nobody knows in [Quadlet]', `${IMAGE}[Quadlet]\nX=y\n`, "unsupported key 'X' in group 'Quadlet' in /q/echo.container"],
    ['with a group and no user', `${IMAGE}Group=1\n`, 'invalid Group set without User'],
    ['with a kill mode that leaves the container', `${IMAGE}[Service]\nKillMode=none\n`, "invalid KillMode 'none'"],
    ['with a type that podman cannot serve', `${IMAGE}[Service]\nType=simple\n`, "invalid service Type 'simple'"],
    ['with two ways to reload', `${IMAGE}ReloadCmd=x\nReloadSignal=HUP\n`, 'ReloadCmd and ReloadSignal are mutually exclusive but both are set'],
    ['with a port that is none', `${IMAGE}ExposeHostPort=http\n`, "invalid port format 'http'"],
    ['in a pod of someone else', `${IMAGE}Pod=web\n`, 'pod web is not Quadlet based'],
    ['in a pod that is missing', `${IMAGE}Pod=web.pod\n`, 'quadlet pod unit web.pod does not exist'],
    ['with a network that is missing', `${IMAGE}Network=n.network\n`, 'requested Quadlet unit n.network was not found'],
    ['with a volume that is missing', `${IMAGE}Volume=v.volume:/x\n`, 'requested Quadlet source v.volume was not found'],
    ['with an image file that is missing', '[Container]\nImage=i.image\n', 'requested Quadlet image i.image was not found'],
    ['with a dependency that is missing', `[Unit]\nAfter=db.container\n${IMAGE}`, 'unable to translate dependency for db.container'],
    ['with options for a shared network', `${IMAGE}Network=echo.container:ip=1\n`, "extra options are not supported when joining another container's network"],
    ['with new and deprecated mappings', `${IMAGE}UserNS=auto\nRemapUsers=auto\n`, 'deprecated Remap keys are set along with explicit mapping keys'],
    ['with mappings for no one', `${IMAGE}RemapUid=1\n`, 'UidMap set without RemapUsers'],
    ['with group mappings for no one', `${IMAGE}RemapGid=1\n`, 'GidMap set without RemapUsers'],
    ['with a way to remap that is none', `${IMAGE}RemapUsers=all\n`, "unsupported RemapUsers option 'all'"],
    ['with two users to keep', `${IMAGE}RemapUsers=keep-id\nRemapUid=1 2\n`, 'RemapUsers=keep-id supports only a single value for UID mapping'],
    ['with a mount without a source', `${IMAGE}Mount=type=bind,dst=/x\n`, 'source parameter is required for mount type bind'],
    ['with a mount whose source is empty', `${IMAGE}Mount=type=bind,source,dst=/x\n`, 'source parameter does not include a value'],
    ['with a mount that is no list', `${IMAGE}Mount=type=bind,a\\"b\n`, 'parse error on line 1, column 12: bare " in non-quoted-field'],
    ['with a mount whose quotes do not end', `${IMAGE}Mount=type=bind,\\"é\n`, 'parse error on line 1, column 14: extraneous or missing " in quoted-field'],
    ['with a service name that is a path', `${IMAGE}ServiceName=../x\n`, "invalid service name '../x.service'"],
  ])('%s', (_, text, message) => {
    expect(errorOf(text)).toBe(message);
    expect(convert({ 'echo.container': text }).find('echo.container').service).toBeUndefined();
  });

  test('with the line that is at fault, and what it may have meant', () => {
    const [diagnostic] = convert({ 'echo.container': `${IMAGE}PublishPrt=80:80\n` }).find('echo.container').diagnostics;
    expect(diagnostic).toMatchObject({
      severity: 'error',
      code: 'unknown-key',
      file: '/q/echo.container',
      line: 3,
      section: 'Container',
      key: 'PublishPrt',
      hint: "did you mean 'PublishPort'?",
    });
    const [other] = convert({ 'echo.container': `${IMAGE}Volume=dta.volume:/x\n`, 'data.volume': '' }).find('echo.container').diagnostics;
    expect(other).toMatchObject({ code: 'missing-quadlet', line: 3, hint: "did you mean 'data.volume'?" });
  });

  test('where it joins a container whose name is not known outside of it', () => {
    expect(errorOf(`${IMAGE}Network=x@.container\n`, { 'x@.container': IMAGE })).toBe('cannot get the resource name of x@.container');
  });
});

describe('a container is warned of', () => {
  test.each<[why: string, text: string, message: string]>([
    ['a label with an escape that is none', `${IMAGE}Label=a=\\?\n`, "Failed to parse Label=, ignoring 'a=\\?': unsupported escape char"],
    [
      'a label that was meant to be in quotes',
      `${IMAGE}Label=rule=Host && Path\n`,
      `Label=: token "&&" has no '=' and follows a KEY=VALUE on the same line; this usually means an earlier value contained unquoted whitespace and was truncated`,
    ],
    ['a word list with an open quote', `${IMAGE}Sysctl="a=b\n`, `Failed to parse Sysctl=, ignoring '"a=b': a " is not closed`],
    ['a boolean that is none', `${IMAGE}RunInit=maybe\n`, "Failed to parse RunInit=, using no: 'maybe' is not a boolean"],
    ['a user of the service', `${IMAGE}[Service]\nUser=me\n`, 'using key User in the Service group is not supported - use at your own risk'],
  ])('%s', (_, text, message) => {
    const converted = convert({ 'echo.container': text });
    expect(converted.warnings('echo.container')).toEqual([message]);
    expect(converted.find('echo.container').service).toBeDefined();
  });

  test.each([
    ['echo', true],
    ['library/echo', true],
    ['quay.io/x', false],
    ['localhost/x', false],
    ['host:5000/x', false],
    ['sha256:abc', false],
    ['a'.repeat(64), false],
  ])('an image without a registry: %s', (image, warned) => {
    const messages = convert({ 'echo.container': `[Container]\nImage=${image}\n` }).warnings('echo.container');
    expect(messages.some((message) => message.startsWith(`echo.container specifies the image "${image}" which not a fully qualified image name.`))).toBe(warned);
  });
});
