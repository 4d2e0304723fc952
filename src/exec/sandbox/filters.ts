/** Which seccomp filters a unit's settings ask for; systemd.exec(5), "SYSTEM CALL FILTERING" and the Restrict… keys. */
import { arch, constants } from 'node:os';
import type { SandboxConfig } from '../../unit/sandbox.js';
import { NAMESPACE_FLAGS, NAMESPACE_KINDS } from '../../unit/values/namespaces.js';
import { systemCallNames, systemCalls } from '../../unit/values/system-calls.js';
import { ALLOW, compileFilter, fail, KILL, type ArgumentTest, type Rule } from './filter.js';

const EPERM = fail(constants.errno.EPERM);

/** A filter before it is compiled: names in place of numbers. */
interface Draft {
  readonly rules: readonly (Omit<Rule, 'call'> & { readonly call: string })[];
  readonly otherwise: number;
}

/** Each as rouse-spawn reads it; [] on a machine whose system calls rouse does not know. */
export function seccompFilters(sandbox: SandboxConfig): readonly string[] {
  const machine = arch();
  if (machine !== 'x64' && machine !== 'arm64') return [];
  const numbers = systemCalls(machine);
  return drafts(sandbox).map(({ rules, otherwise }) => {
    const known = rules.flatMap((rule) => {
      const call = numbers.get(rule.call);
      return call === undefined ? [] : [{ ...rule, call }];
    });
    return compileFilter(machine, known, otherwise);
  });
}

function drafts(sandbox: SandboxConfig): readonly Draft[] {
  return [
    ...(sandbox.systemCallArchitectures.length > 0 ? [denying([])] : []),
    ...calls(sandbox),
    ...families(sandbox),
    ...namespaces(sandbox),
    ...(sandbox.protectHostname ? [denying(['sethostname', 'setdomainname'])] : []),
    ...(sandbox.protectClock ? [denying(systemCallNames('@clock') ?? [])] : []),
    ...(sandbox.protectKernelModules ? [denying(systemCallNames('@module') ?? [])] : []),
    ...(sandbox.protectKernelLogs ? [denying(['syslog'])] : []),
    ...(sandbox.privateDevices ? [denying(systemCallNames('@raw-io') ?? [])] : []),
    ...(sandbox.restrictRealtime ? [REALTIME] : []),
    ...(sandbox.memoryDenyWriteExecute ? [WRITE_EXECUTE] : []),
    ...(sandbox.restrictSuidSgid ? [SET_ID] : []),
    ...(sandbox.lockPersonality ? [PERSONALITY] : []),
  ];
}

/** Only this argument's value is refused, or with no test the call. */
function refuse(call: string, ...tests: readonly ArgumentTest[]): Draft['rules'][number] {
  return { call, tests, action: EPERM };
}

function denying(names: readonly string[]): Draft {
  return { rules: names.map((name) => refuse(name)), otherwise: ALLOW };
}

/** A program has to be started, and to be able to end. */
const ALWAYS = ['execve', 'exit', 'exit_group', 'rt_sigreturn'];

function calls({ systemCallFilter: filter, systemCallErrorNumber }: SandboxConfig): readonly Draft[] {
  if (filter === undefined) return [];
  const refused = actionOf(systemCallErrorNumber);
  const entries = [...filter.calls];
  if (!filter.allow) return [{ rules: entries.map(([call, errno]) => ({ call, tests: [], action: errno === undefined ? refused : actionOf(errno) })), otherwise: ALLOW }];
  const allowed = [...new Set([...entries.filter(([, errno]) => errno === undefined).map(([call]) => call), ...ALWAYS])];
  const special = entries.flatMap(([call, errno]) => (errno === undefined ? [] : [{ call, tests: [], action: actionOf(errno) }]));
  return [{ rules: [...special, ...allowed.map((call) => ({ call, tests: [], action: ALLOW }))], otherwise: refused }];
}

function actionOf(errno: string | undefined): number {
  if (errno === undefined || errno === 'kill') return KILL;
  return fail(Number(errno) || (constants.errno as Readonly<Record<string, number>>)[errno] || constants.errno.EPERM);
}

/** <bits/socket.h>; the families of Linux that units name. */
const FAMILIES: Readonly<Record<string, number>> = {
  AF_UNIX: 1,
  AF_LOCAL: 1,
  AF_INET: 2,
  AF_AX25: 3,
  AF_IPX: 4,
  AF_APPLETALK: 5,
  AF_NETROM: 6,
  AF_X25: 9,
  AF_INET6: 10,
  AF_ROSE: 11,
  AF_DECnet: 12,
  AF_KEY: 15,
  AF_NETLINK: 16,
  AF_ROUTE: 16,
  AF_PACKET: 17,
  AF_RDS: 21,
  AF_SNA: 22,
  AF_PPPOX: 24,
  AF_LLC: 26,
  AF_CAN: 29,
  AF_TIPC: 30,
  AF_BLUETOOTH: 31,
  AF_IUCV: 32,
  AF_RXRPC: 33,
  AF_ISDN: 34,
  AF_PHONET: 35,
  AF_IEEE802154: 36,
  AF_CAIF: 37,
  AF_ALG: 38,
  AF_NFC: 39,
  AF_VSOCK: 40,
  AF_KCM: 41,
  AF_QIPCRTR: 42,
  AF_SMC: 43,
  AF_XDP: 44,
  AF_MCTP: 45,
};

function families({ restrictAddressFamilies: filter }: SandboxConfig): readonly Draft[] {
  if (filter === undefined) return [];
  const refused = fail(constants.errno.EAFNOSUPPORT);
  const named = filter.words.flatMap((word) => FAMILIES[word] ?? []);
  const rules = named.map((family) => ({ call: 'socket', tests: [{ index: 0, equals: family }], action: filter.allow ? ALLOW : refused }));
  return [{ rules: filter.allow ? [...rules, { call: 'socket', tests: [], action: refused }] : rules, otherwise: ALLOW }];
}

function namespaces({ restrictNamespaces: allowed }: SandboxConfig): readonly Draft[] {
  if (allowed === undefined) return [];
  const refused = NAMESPACE_KINDS.filter((kind) => !allowed.includes(kind)).map((kind) => NAMESPACE_FLAGS[kind] ?? 0);
  const set =
    (index: number) =>
    (flag: number): ArgumentTest => ({ index, mask: flag, equals: flag });
  const rules = refused.flatMap((flag) => [
    refuse('unshare', set(0)(flag)),
    // CLONE_NEWTIME is no flag of clone(2): there it is part of the signal's number.
    ...(flag === NAMESPACE_FLAGS['time'] ? [] : [refuse('clone', set(0)(flag))]),
    refuse('setns', set(1)(flag)),
  ]);
  // Its flags are in memory, which a filter cannot see: C libraries then use clone(2). setns(2) without a kind could be any.
  const unseen = [{ call: 'clone3', tests: [], action: fail(constants.errno.ENOSYS) }, refuse('setns', { index: 1, equals: 0 })];
  return [{ rules: [...rules, ...unseen], otherwise: ALLOW }];
}

/** sched_setscheduler(2): SCHED_OTHER, SCHED_BATCH and SCHED_IDLE are not realtime. */
const REALTIME: Draft = {
  rules: [
    ...[0, 3, 5].map((policy) => ({ call: 'sched_setscheduler', tests: [{ index: 1, equals: policy }], action: ALLOW })),
    refuse('sched_setscheduler'),
    refuse('sched_setattr'),
  ],
  otherwise: ALLOW,
};

const PROT_WRITE = 2;
const PROT_EXEC = 4;
const SHM_EXEC = 0o100000;

const WRITE_EXECUTE: Draft = {
  rules: [
    refuse('mmap', { index: 2, mask: PROT_WRITE | PROT_EXEC, equals: PROT_WRITE | PROT_EXEC }),
    refuse('mprotect', { index: 2, mask: PROT_EXEC, equals: PROT_EXEC }),
    refuse('pkey_mprotect', { index: 2, mask: PROT_EXEC, equals: PROT_EXEC }),
    refuse('shmat', { index: 2, mask: SHM_EXEC, equals: SHM_EXEC }),
  ],
  otherwise: ALLOW,
};

/** Which argument of a call is the mode of a file. */
const MODES: readonly (readonly [call: string, index: number])[] = [
  ['chmod', 1],
  ['fchmod', 1],
  ['fchmodat', 2],
  ['fchmodat2', 2],
  ['mkdir', 1],
  ['mkdirat', 2],
  ['mknod', 1],
  ['mknodat', 2],
  ['creat', 1],
];
const O_CREAT = 0o100;

const SET_ID: Draft = {
  rules: [0o4000, 0o2000].flatMap((bit) => [
    ...MODES.map(([call, index]) => refuse(call, { index, mask: bit, equals: bit })),
    refuse('open', { index: 1, mask: O_CREAT, equals: O_CREAT }, { index: 2, mask: bit, equals: bit }),
    refuse('openat', { index: 2, mask: O_CREAT, equals: O_CREAT }, { index: 3, mask: bit, equals: bit }),
    { call: 'openat2', tests: [], action: fail(constants.errno.ENOSYS) },
  ]),
  otherwise: ALLOW,
};

/** To ask for it is no change. */
const PERSONALITY: Draft = {
  rules: [
    { call: 'personality', tests: [{ index: 0, equals: 0 }], action: ALLOW },
    { call: 'personality', tests: [{ index: 0, equals: 0xffffffff }], action: ALLOW },
    refuse('personality'),
  ],
  otherwise: ALLOW,
};
