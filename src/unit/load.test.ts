import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeUnitFiles } from '../unitfile/drop-in.js';
import { parseUnitFile } from '../unitfile/parse.js';
import { loadUnit, serviceOf } from './load.js';
import { FACTS, loadText, service, socketUnit } from './testing/load-text.js';

function dependencies(name: string, text: string): readonly string[] {
  return loadText(name, text).config?.dependencies.map((dependency) => `${dependency.kind} ${dependency.name}`) ?? [];
}

describe('a loaded unit', () => {
  it('is frozen to its last part', () => {
    const config = service('Environment=A=1\nLimitNOFILE=1\nSuccessExitStatus=1');
    expect(() => Object.assign(config, { description: 'x' })).toThrow(TypeError);
    expect(Object.isFrozen(config.exec.limits[0])).toBe(true);
    expect(Object.isFrozen(config.successExitStatus.codes)).toBe(true);
  });

  it('leaves the defaults of the next one alone', () => {
    service('Environment=A=1\nExecStartPre=/bin/a\nRuntimeDirectory=x\nLimitNOFILE=5');
    const next = service();
    expect([next.exec.environment, next.execStartPre, next.exec.runtimeDirectory.names, next.exec.limits]).toEqual([[], [], [], []]);
  });

  it('knows where each of its parts was written', () => {
    const fragment = parseUnitFile('/etc/web.service', '[Unit]\nAfter=a.service\n[Service]\nExecStart=/bin/a\n').value;
    const dropIn = parseUnitFile('/etc/web.service.d/b.conf', '[Service]\nExecStart=\nExecStart=/bin/b\nExecStartPre=rel/x\n').value;
    const good = loadUnit(mergeUnitFiles('web.service', fragment, []), { facts: FACTS });
    expect(good.value?.dependencies[0]?.place).toMatchObject({ file: '/etc/web.service', line: 2 });
    const bad = loadUnit(mergeUnitFiles('web.service', fragment, [dropIn]), { facts: FACTS });
    expect(bad.diagnostics).toEqual([expect.objectContaining({ file: '/etc/web.service.d/b.conf', line: 4, severity: 'error', section: 'Service', key: 'ExecStartPre' })]);
  });

  it('never throws, whatever its file holds', () => {
    const key = fc.constantFrom(
      'ExecStart',
      'Environment',
      'ListenStream',
      'LimitNOFILE',
      'After',
      'ConditionPathExists',
      'RestartSec',
      'RuntimeDirectory',
      'SuccessExitStatus',
      'Delegate',
      'Symlinks',
      'IPTOS',
    );
    const line = fc.tuple(key, fc.string({ unit: 'grapheme' })).map(([name, value]) => `${name}=${value.replaceAll('\n', ' ')}`);
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('web.socket', 'web.service', 'web.target', 'a@b.service'), (lines, name) => {
        const { config, diagnostics } = loadText(name, `[Unit]\n${lines.join('\n')}\n[Socket]\n${lines.join('\n')}\n[Service]\n${lines.join('\n')}\n`);
        expect(config !== undefined || diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
      }),
    );
  });
});

describe('a socket', () => {
  it('triggers the service of its name, or the one that it names', () => {
    expect(serviceOf(socketUnit())).toBe('web.service');
    expect(serviceOf(socketUnit('Service=other@x.service'))).toBe('other@x.service');
    expect(serviceOf(socketUnit('', 'web@x.socket'))).toBe('web@x.service');
  });

  it('allows more activations where each connection is one', () => {
    expect(socketUnit()).toMatchObject({ triggerLimitBurst: 20, pollLimitBurst: 15 });
    expect(socketUnit('Accept=yes')).toMatchObject({ triggerLimitBurst: 200, pollLimitBurst: 150 });
    expect(socketUnit('Accept=yes\nTriggerLimitBurst=1')).toMatchObject({ triggerLimitBurst: 1 });
  });
});

describe('dependencies that nobody wrote', () => {
  const SHUTDOWN = ['conflicts shutdown.target', 'before shutdown.target'];

  // As systemd 257 shows them, without slices, mounts and the journal.
  it.each([
    ['web.socket', '[Socket]\nListenStream=1', ['before web.service', 'before sockets.target', 'requires sysinit.target', 'after sysinit.target', ...SHUTDOWN]],
    ['web.socket', '[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=1\nService=x.service', ['before x.service']],
    ['web.service', '[Service]\nExecStart=/bin/a', ['requires sysinit.target', 'after sysinit.target', 'after basic.target', ...SHUTDOWN]],
    ['web.service', '[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/a\nSockets=a.socket', ['wants a.socket', 'after a.socket']],
    ['web.target', '[Unit]\nWants=a.service', ['wants a.service', ...SHUTDOWN]],
    ['web.target', '[Unit]\nDefaultDependencies=no\nWants=a.service', ['wants a.service']],
  ])('of %s with %j', (name, text, expected) => {
    expect(dependencies(name, text)).toEqual(expected);
  });

  it('come after those of .wants folders', () => {
    const contents = mergeUnitFiles('web.target', parseUnitFile('/etc/web.target', '[Unit]\nDefaultDependencies=no\n').value, []);
    const extra = { kind: 'wants', name: 'a.service', place: { file: '/etc/web.target.wants/a.service', line: 0 } } as const;
    expect(loadUnit(contents, { facts: FACTS, extraDependencies: [extra] }).value?.dependencies).toEqual([extra]);
  });

  it('are never on the unit itself', () => {
    expect(dependencies('sysinit.target', '[Unit]\nWants=sysinit.target').filter((each) => each.endsWith('sysinit.target'))).toEqual([]);
    expect(dependencies('shutdown.target', '[Unit]')).toEqual([]);
  });
});
