/**
 * What a service's process is given: words, variables, user, folders, and listening sockets, as systemd.service(5), systemd.exec(5) and
 * sd_listen_fds(3) have them. Each test runs under rouse and under systemd itself, with the same files and the same expectations.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from './lib/host.js';
import { MANAGERS, UnitBench, WORK } from './lib/managers.js';

/** Writes the words that it was started with to the file that its first one names, one a line. */
const WORDS = `#!/bin/sh\nout=$1; shift\nfor word; do printf '[%s]\\n' "$word"; done > "${WORK}/$out"\n`;
/** Writes its environment, and what else it was given, to a file. */
const FACTS = `#!/bin/sh\n{ env; echo "ID $(id -u):$(id -g):$(id -G | tr ' ' ,)"; echo "CWD $(pwd)"; echo "UMASK $(umask)"; echo "NICE $(nice)"; echo "FILES $(ulimit -n)"; } > "${WORK}/$1"\n`;
/** Writes what sd_listen_fds(3) promises: how many, for whom, the names, and which socket each descriptor is. */
const LISTEN = `#!/bin/bash\n{ echo "count $LISTEN_FDS"; echo "mine $([ "$LISTEN_PID" = $$ ] && echo yes)"; echo "names $LISTEN_FDNAMES"; for fd in /proc/$$/fd/*; do n=\${fd##*/}; [ "$n" -ge 3 ] && [ "$n" -le 9 ] && readlink "$fd"; done; } > "${WORK}/$1.part"; mv "${WORK}/$1.part" "${WORK}/$1"\nexec sleep 1000\n`;

describe.each(MANAGERS)('processes under $title', (kind) => {
  let bench: UnitBench;
  const isRoot = kind.user === 'root';
  const home = isRoot ? '/root' : '/home/tester';
  beforeAll(async () => {
    bench = await UnitBench.start(kind);
    for (const [name, text] of [
      ['words', WORDS],
      ['facts', FACTS],
      ['listen', LISTEN],
    ] as const)
      bench.account.write(`${WORK}/${name}`, text, 0o755);
  });
  afterAll(() => bench.stop());

  /** Starts a service, which must work, and returns the lines that it wrote to the file of its name. */
  async function run(name: string, text: string): Promise<readonly string[]> {
    await bench.units({ [`${name}.service`]: text });
    const { status, stderr } = await bench.account.rouse(['start', name]);
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    return bench.lines(name);
  }

  const words = (name: string, line: string, more = ''): Promise<readonly string[]> => run(name, `[Service]\nType=oneshot\n${more}ExecStart=${WORK}/words ${name} ${line}\n`);

  /** The facts of a service as a record: variables by their names, and the rest by theirs. */
  async function facts(name: string, text: string): Promise<Record<string, string>> {
    const lines = await run(name, `[Service]\nType=oneshot\n${text}ExecStart=${WORK}/facts ${name}\n`);
    return Object.fromEntries(lines.map((line) => /^(\w+)[ =](.*)$/.exec(line)?.slice(1) as [string, string] | undefined).filter((pair) => pair !== undefined));
  }

  describe('words', () => {
    test.each<readonly [title: string, line: string, words: readonly string[]]>([
      ['are split at spaces, and quotes keep them together', `one  'two three' "four five" six"seven eight"`, ['one', 'two three', 'four five', 'sixseven eight']],
      ['have escapes inside and outside of quotes', String.raw`a\x41 "tab\there" 'it\'s' back\\slash \101 a\sb`, ['aA', 'tab\there', "it's", 'back\\slash', 'A', 'a b']],
      ['go on in the next line', 'one \\\n  two \\\n# a comment between\n  three', ['one', 'two', 'three']],
      ['have specifiers', '%n %N %p %% %h', ['specifiers.service', 'specifiers', 'specifiers', '%', home]],
      [
        'have variables, which are split where they stand alone',
        '$TWO x$TWO ${TWO} "${TWO}" "$TWO" $NONE ${NONE} $$TWO $EMPTY',
        ['a', 'b', 'x$TWO', 'a b', 'a b', 'a', 'b', '', '$TWO'],
      ],
      ['keep what no shell looks at', '* > | & ~ `x`', ['*', '>', '|', '&', '~', '`x`']],
    ])('%s', async (title, line, expected) => {
      const name = title.replace(/\W+/g, '-');
      const unit = title.startsWith('have specifiers') ? 'specifiers' : name;
      expect(await words(unit, line, `Environment="TWO=a b" EMPTY=\n`)).toEqual(expected.map((word) => `[${word}]`));
    });

    test('a lone semicolon begins the next command, and an escaped one does not', async () => {
      expect(await run('semicolon', `[Service]\nType=oneshot\nExecStart=${WORK}/words first a \\; b ; ${WORK}/words semicolon c\n`)).toEqual(['[c]']);
      expect(bench.lines('first')).toEqual(['[a]', '[;]', '[b]']);
    });

    test('an empty ExecStart= forgets those before it', async () => {
      expect(await run('emptied', `[Service]\nType=oneshot\nExecStart=${WORK}/words never x\nExecStart=\nExecStart=${WORK}/words emptied y\n`)).toEqual(['[y]']);
      expect(bench.file('never')).toBe('');
    });

    test('the prefixes set argv[0], ignore a failure and leave variables alone', async () => {
      expect(
        await run(
          'prefixes',
          `[Service]\nType=oneshot\nEnvironment=X=y\nExecStart=@/bin/sh first -c 'echo "$0" > ${WORK}/prefixes'\nExecStart=-/bin/false\nExecStart=:/bin/sh -c 'X=z; echo $X >> ${WORK}/prefixes'\nExecStart=@-/bin/sh last -c 'echo "$0" >> ${WORK}/prefixes; exit 3'\n`,
        ),
      ).toEqual(['first', 'z', 'last']);
    });

    test('a program is found in PATH', async () => expect(await run('path', `[Service]\nType=oneshot\nExecStart=sh -c 'echo found > ${WORK}/path'\n`)).toEqual(['found']));

    test('drop-ins add and replace, in the order of their names', async () => {
      await bench.units({
        'dropped.service.d/20-b.conf': '[Service]\nEnvironment=A=late\n',
        'dropped.service.d/10-a.conf': `[Service]\nEnvironment=A=early B=b\nExecStart=\nExecStart=${WORK}/words dropped $A $B\n`,
      });
      expect(await run('dropped', `[Service]\nType=oneshot\nExecStart=${WORK}/words dropped original\n`)).toEqual(['[late]', '[b]']);
    });

    test('a template knows its instance', async () => {
      await bench.units({ 'made@.service': `[Service]\nType=oneshot\nExecStart=${WORK}/words made %i %I %p %n %j\n` });
      expect(await bench.code('start', 'made@a-b\\x20c.service')).toBe(0);
      expect(bench.lines('made')).toEqual(['[a-b\\x20c]', '[a/b c]', '[made]', '[made@a-b\\x20c.service]', '[made]']);
    });
  });

  describe('variables', () => {
    test('come from Environment= and EnvironmentFile=, the later one winning', async () => {
      bench.account.write(
        `${WORK}/vars`,
        `# a comment\nFILE=from file\nBOTH=file\nQUOTED="two words"\nSINGLE='$not expanded'\nCONTINUED=one\\\n two\n; another\nexport EXPORTED=1\n BAD LINE\n`,
      );
      const found = await facts(
        'variables',
        `Environment=BOTH=unit ONE=1 "SPACED=a b" 'DOLLAR=$ONE'\nEnvironmentFile=-/nowhere\nEnvironmentFile=${WORK}/vars\nEnvironment=TWO=2\nUnsetEnvironment=TWO\n`,
      );
      expect(found).toMatchObject({ FILE: 'from file', BOTH: 'file', QUOTED: 'two words', SINGLE: '$not expanded', CONTINUED: 'one two', ONE: '1', SPACED: 'a b', DOLLAR: '$ONE' });
      expect(Object.keys(found)).not.toContain('TWO');
    });

    test('a missing EnvironmentFile= fails the start', async () => {
      await bench.units({ 'no-file.service': `[Service]\nType=oneshot\nEnvironmentFile=/nowhere\nExecStart=${WORK}/facts no-file\n` });
      expect(await bench.code('start', 'no-file')).toBe(1);
      expect(bench.file('no-file')).toBe('');
    });

    test('are those that systemd sets', async () => {
      const found = await facts('standard', 'Environment=HERE=%t:%S:%C:%L:%E\n');
      expect(found['INVOCATION_ID']).toMatch(/^[0-9a-f]{32}$/);
      expect(found['PATH']).toContain('/usr/bin');
      expect(found['HERE']).toBe(isRoot ? '/run:/var/lib:/var/cache:/var/log:/etc' : `/run/user/1000:${home}/.local/state:${home}/.cache:${home}/.local/state/log:${home}/.config`);
      expect(Object.keys(found).filter((name) => name.startsWith('ROUSE_') || name === 'LISTEN_FDS')).toEqual([]);
    });
  });

  describe('folders and limits', () => {
    test('WorkingDirectory=, UMask=, Nice= and LimitNOFILE= count', async () => {
      expect(await facts('limits', `WorkingDirectory=${WORK}\nUMask=0027\nNice=5\nLimitNOFILE=200\n`)).toMatchObject({ CWD: WORK, UMASK: '0027', NICE: '5', FILES: '200' });
    });

    test('WorkingDirectory=~ is the home, and a missing one fails the start unless it may be missing', async () => {
      expect((await facts('home', `WorkingDirectory=~\n${isRoot ? 'User=root\n' : ''}`))['CWD']).toBe(home);
      expect((await facts('maybe', 'WorkingDirectory=-/nowhere\n'))['CWD']).toBe('/');
      await bench.units({ 'nowhere.service': '[Service]\nType=oneshot\nWorkingDirectory=/nowhere\nExecStart=/bin/true\n' });
      expect(await bench.code('start', 'nowhere')).toBe(1);
      expect(await bench.account.property('nowhere.service', 'ExecMainStatus')).toBe('200');
    });

    test('RuntimeDirectory= is there while the service runs, StateDirectory= stays', async () => {
      const [runtime, state] = isRoot ? ['/run', '/var/lib'] : ['/run/user/1000', `${home}/.local/state`];
      await bench.units({
        'folders.service': `[Service]\nType=oneshot\nRemainAfterExit=yes\nRuntimeDirectory=folders/deep second\nRuntimeDirectoryMode=0750\nStateDirectory=folders-state\nExecStart=${WORK}/facts folders\n`,
      });
      expect(await bench.code('start', 'folders')).toBe(0);
      expect(bench.file('folders')).toContain(`RUNTIME_DIRECTORY=${runtime}/folders/deep:${runtime}/second\n`);
      expect(bench.file('folders')).toContain(`STATE_DIRECTORY=${state}/folders-state\n`);
      expect(await bench.account.sh(`stat -c %a ${runtime}/folders/deep ${runtime}/second`)).toBe('750\n750');
      expect(await bench.code('stop', 'folders')).toBe(0);
      expect([`${runtime}/folders/deep`, `${runtime}/second`, `${state}/folders-state`].map((path) => bench.host.exists(path))).toEqual([false, false, true]);
    });

    test('StandardOutput= and StandardInput= lead to files', async () => {
      bench.account.write(`${WORK}/input`, 'typed\n');
      await bench.units({
        'files.service': `[Service]\nType=oneshot\nStandardInput=file:${WORK}/input\nStandardOutput=append:${WORK}/files\nStandardError=truncate:${WORK}/errors\nExecStart=/bin/sh -c 'cat; echo wrong >&2'\n`,
      });
      expect(await bench.code('start', 'files')).toBe(0);
      expect(await bench.code('start', 'files')).toBe(0);
      expect([bench.lines('files'), bench.lines('errors')]).toEqual([['typed', 'typed'], ['wrong']]);
    });
  });

  if (isRoot) {
    describe('users', () => {
      test('User=, Group= and SupplementaryGroups= count, with the home and name of the user', async () => {
        bench.host.write(`${WORK}/user`, '', { uid: 1000 });
        expect(await facts('user', 'User=tester\nSupplementaryGroups=audio\n')).toMatchObject({
          ID: '1000:1000:1000,29',
          HOME: '/home/tester',
          USER: 'tester',
          LOGNAME: 'tester',
          CWD: '/',
        });
        bench.host.write(`${WORK}/group`, '', { uid: 1000 });
        expect(await facts('group', 'User=1000\nGroup=audio\n')).toMatchObject({ ID: '1000:29:29' });
      });

      test('a user that is not there fails the start with 217', async () => {
        await bench.units({ 'nobody-here.service': '[Service]\nType=oneshot\nUser=nobody-here\nExecStart=/bin/true\n' });
        expect(await bench.code('start', 'nobody-here')).toBe(1);
        expect(await bench.account.property('nobody-here.service', 'ExecMainStatus')).toBe('217');
      });

      test('the prefix + keeps the rights of the manager', async () => {
        await bench.units({ 'plus.service': `[Service]\nType=oneshot\nUser=tester\nExecStart=+/bin/sh -c 'id -u > ${WORK}/plus'\nExecStart=/bin/sh -c 'id -u > ${WORK}/minus'\n` });
        bench.host.write(`${WORK}/minus`, '', { uid: 1000 });
        expect(await bench.code('start', 'plus')).toBe(0);
        expect([bench.file('plus'), bench.file('minus')]).toEqual(['0\n', '1000\n']);
      });

      test('the user owns RuntimeDirectory=', async () => {
        await bench.units({ 'owned.service': '[Service]\nUser=tester\nRuntimeDirectory=owned\nExecStart=/bin/sleep 1000\n' });
        expect(await bench.code('start', 'owned')).toBe(0);
        expect(await bench.account.sh('stat -c %U:%G /run/owned')).toBe('tester:tester');
      });
    });
  }

  describe('listening sockets', () => {
    /** The kernel's number of the socket that listens there. */
    const inode = async (filter: string): Promise<string> => {
      const found = /ino:(\d+)/.exec(await bench.account.sh(`ss -Hlnpe ${filter}`))?.[1];
      return `socket:[${found ?? `none with ${filter}`}]`;
    };

    test('are descriptors from 3 on, in the order of the file, for the process itself', async () => {
      await bench.units({
        'handed.socket': `[Socket]\nListenStream=127.0.0.1:5001\nListenDatagram=127.0.0.1:5002\nListenStream=${WORK}/handed.sock\n`,
        'handed.service': `[Service]\nExecStart=${WORK}/listen handed\n`,
      });
      await bench.account.ok('start', 'handed.socket');
      const inodes = [
        await inode('-t sport = :5001'),
        await inode('-u sport = :5002'),
        `socket:[${await bench.account.sh(`awk '$8 == "${WORK}/handed.sock" { print $7 }' /proc/net/unix`)}]`,
      ];
      await bench.account.sh('echo x > /dev/udp/127.0.0.1/5002');
      await until('the service has them', () => bench.file('handed') !== '');
      expect(bench.lines('handed')).toEqual(['count 3', 'mine yes', 'names handed.socket:handed.socket:handed.socket', ...inodes]);
    });

    test('of several units go to one service, each with its name', async () => {
      await bench.units({
        'multi-b.socket': '[Socket]\nListenStream=127.0.0.1:5012\nService=multi.service\nFileDescriptorName=bee\n',
        'multi-a.socket': '[Socket]\nListenStream=127.0.0.1:5011\nService=multi.service\nFileDescriptorName=ay\n',
        'multi.service': `[Service]\nSockets=multi-b.socket multi-a.socket\nExecStart=${WORK}/listen multi\n`,
      });
      await bench.account.ok('start', 'multi-a.socket', 'multi-b.socket');
      const sockets = new Map([
        ['ay', await inode('-t sport = :5011')],
        ['bee', await inode('-t sport = :5012')],
      ]);
      await bench.account.sh('exec 3<>/dev/tcp/127.0.0.1/5011');
      await until('the service has them', () => bench.file('multi') !== '');
      const [count, mine, names = '', ...inodes] = bench.lines('multi');
      expect([count, mine]).toEqual(['count 2', 'mine yes']);
      const order = names.replace('names ', '').split(':');
      expect(order.toSorted()).toEqual(['ay', 'bee']);
      expect(inodes).toEqual(order.map((name) => sockets.get(name)));
      expect(await bench.account.property('multi-b.socket', 'SubState')).toBe('running');
    });

    test('go to a service that is started by hand, too', async () => {
      await bench.units({ 'byhand.socket': '[Socket]\nListenStream=127.0.0.1:5021\n', 'byhand.service': `[Service]\nExecStart=${WORK}/listen byhand\n` });
      await bench.account.ok('start', 'byhand.socket');
      await bench.account.ok('start', 'byhand.service');
      await until('the service has them', () => bench.file('byhand') !== '');
      expect(bench.lines('byhand').slice(0, 2)).toEqual(['count 1', 'mine yes']);
      expect(await bench.account.property('byhand.socket', 'SubState')).toBe('running');
    });

    test('are watched again when the service has ended', async () => {
      await bench.units({ 'once.socket': '[Socket]\nListenStream=127.0.0.1:5031\n', 'once.service': '[Service]\nExecStart=socat ACCEPT-FD:3 PIPE\n' });
      await bench.account.ok('start', 'once.socket');
      for (const word of ['one', 'two', 'three']) {
        expect(await bench.account.sh(`echo ${word} | socat -t 10 - tcp:127.0.0.1:5031`)).toBe(word);
        await until('the socket listens again', async () => (await bench.account.property('once.socket', 'SubState')) === 'listening');
      }
      expect(await bench.account.property('once.service', 'ActiveState')).toBe('inactive');
    });

    test('are not those of a service without any', async () => {
      const found = await facts('bare', '');
      expect(Object.keys(found).filter((name) => name.startsWith('LISTEN_'))).toEqual([]);
    });
  });
});
