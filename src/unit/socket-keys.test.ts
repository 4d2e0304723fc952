import { describe, expect, it } from 'vitest';
import { serviceOf } from './load.js';
import { loadText, socketUnit } from './testing/load-text.js';

const messages = (lines: string): readonly string[] => loadText('web.socket', `[Socket]\n${lines}\n`).diagnostics.map(({ message }) => message);
const LISTEN = 'ListenStream=/run/web.sock';

describe('what a socket unit listens on', () => {
  it.each([
    ['ListenFIFO=/run//fifo', 'fifo', '/run/fifo'],
    ['ListenSpecial=/dev/input/event0', 'special', '/dev/input/event0'],
    ['ListenNetlink=kobject-uevent  1', 'netlink', 'kobject-uevent 1'],
    ['ListenNetlink=route', 'netlink', 'route'],
    ['ListenNetlink=15 3', 'netlink', '15 3'],
    ['ListenMessageQueue=/queue', 'message-queue', '/queue'],
  ])('%s', (line, kind, text) => {
    expect(socketUnit(line).listen).toMatchObject([{ kind, text, address: undefined }]);
  });

  it.each([
    'ListenFIFO=fifo',
    'ListenSpecial=event0',
    'ListenNetlink=no-such 1',
    'ListenNetlink=route many',
    'ListenNetlink=99',
    'ListenMessageQueue=queue',
    'ListenMessageQueue=/a/b',
  ])('not on %s, which is said', (line) => {
    expect(messages(`${LISTEN}\n${line}`)).toEqual([expect.stringMatching(/^Failed to parse Listen\w+=, ignoring: '.*' is not /)]);
  });

  it('not on USB functions, and why', () => {
    expect(messages(`${LISTEN}\nListenUSBFunction=/dev/ffs`)).toEqual([
      'ListenUSBFunction=/dev/ffs, which rouse cannot hold: a USB function begins with descriptors that must be written to its endpoints, refusing to load',
    ]);
  });
});

describe('keys that have no effect', () => {
  it.each([
    ['SmackLabel=x', 'SmackLabel= is not supported, ignoring: its sockets have the label of the manager'],
    ['SELinuxContextFromNet=yes', 'SELinuxContextFromNet= is not supported, ignoring: an instance has the security context of its service'],
    ['XAttrListen=user.a=b', 'XAttrListen= is not supported, ignoring: no extended attribute is set'],
    ['DeferTrigger=yes', 'DeferTrigger= is not supported, ignoring: a connection is not put off while a job stands in its way'],
  ])('are said: %s', (line, message) => {
    expect(messages(`${LISTEN}\n${line}`)).toEqual([message]);
  });

  it('are not said where they are switched off', () => {
    expect(messages(`${LISTEN}\nSELinuxContextFromNet=no\nDeferTrigger=no`)).toEqual([]);
  });
});

describe('[X-Rouse] OnLimit=', () => {
  it('is rest unless it is fail', () => {
    expect(socketUnit().onLimit).toBe('rest');
    expect(socketUnit('[X-Rouse]\nOnLimit=fail').onLimit).toBe('fail');
  });

  it('is looked for where it is to stand', () => {
    const { diagnostics } = loadText('web.socket', `[Socket]\n${LISTEN}\nOnLimit=fail\n[X-Rouse]\nOnLimit=never\nOnLimits=rest\n`);
    expect(diagnostics.map(({ message, hint }) => [message, hint])).toEqual([
      ["Unknown key 'OnLimit' in section [Socket], ignoring", 'it stands in section [X-Rouse]'],
      ["Failed to parse OnLimit=, ignoring: 'never' is not rest or fail", undefined],
      ["Unknown key 'OnLimits' in section [X-Rouse], ignoring", "did you mean 'OnLimit'?"],
    ]);
  });
});

describe('the service of a socket with Accept=yes', () => {
  it('is an instance of the template of the same name, also for a socket that is an instance itself', () => {
    expect(serviceOf(socketUnit('Accept=yes'))).toBe('web@.service');
    expect(serviceOf(socketUnit('Accept=yes', 'web@x.socket'))).toBe('web@.service');
  });

  it('is not among the units that the socket is ordered before: nobody knows its name yet', () => {
    expect(socketUnit('Accept=yes').dependencies.some(({ name }) => name.startsWith('web'))).toBe(false);
    expect(socketUnit('').dependencies).toContainEqual(expect.objectContaining({ kind: 'before', name: 'web.service' }));
  });
});
