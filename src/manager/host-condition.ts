/** Tests of the machine: Condition…= and Assert…= that ask about its kernel, memory, processors and kind; systemd.unit(5). */
import { existsSync, statSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { namesIn, textOf } from '../load/quietly.js';
import { capabilityNumber } from '../unit/values/capabilities.js';
import { size } from '../unit/values/simple.js';
import { globExpression } from '../unitfile/glob.js';
import { isVirtualization } from './virtualization.js';

type Test = (value: string) => boolean;

export const HOST_TESTS: Readonly<Record<string, Test>> = {
  KernelCommandLine: (text) => words('/proc/cmdline').some((word) => word === text || (!text.includes('=') && word.startsWith(`${text}=`))),
  KernelVersion: (text) => text.split(/\s+/).every((each) => compareVersion(release(), each, globs)),
  Version: (text) => compareVersion('257', text.replace(/^systemd\s*/, ''), globs),
  CPUs: (text) => compareNumber(availableParallelism(), Number(text.replace(COMPARISON, '')), text),
  Memory: (text) => compareNumber(totalmem(), bytesOf(text.replace(COMPARISON, '')), text),
  CPUFeature: (name) => words('/proc/cpuinfo').includes(name.toLowerCase()),
  Capability: (name) => hasCapability(name),
  Security: (name) => hasSecurity(name),
  OSRelease: (text) => text.split(/\s+/).every(matchesRelease),
  Virtualization: (text) => isVirtualization(text),
  ACPower: (text) => isOnPower() === /^(yes|true|on|1|y|t)$/i.test(text),
  // It has booted long ago, and nothing here updates it offline.
  FirstBoot: (text) => /^(no|false|off|0|n|f)$/i.test(text),
  NeedsUpdate: () => false,
  ControlGroupController: (text) => text.split(/\s+/).every(hasController),
  Credential: (name) => existsSync(join(process.env['CREDENTIALS_DIRECTORY'] ?? '/run/credentials/@system', name)),
  KernelModuleLoaded: (name) => !existsSync('/sys/module') || existsSync(join('/sys/module', name.replaceAll('-', '_'))),
  Firmware: (name) => (name === 'uefi' ? existsSync('/sys/firmware/efi') : name === 'device-tree' && existsSync('/sys/firmware/devicetree')),
  PathIsEncrypted: (path) => isEncrypted(path),
  MemoryPressure: (text) => isBelowPressure('memory', text),
  CPUPressure: (text) => isBelowPressure('cpu', text),
  IOPressure: (text) => isBelowPressure('io', text),
};

const COMPARISON = /^\s*(<=|>=|==|!=|<>|<|>|=|\$=|!\$=)\s*/;

function compareNumber(own: number, other: number, text: string): boolean {
  return compared(Math.sign(own - other), COMPARISON.exec(text)?.[1] ?? '>=');
}

function compared(order: number, operator: string): boolean {
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '!=':
    case '<>':
      return order !== 0;
    default:
      return order === 0;
  }
}

/** systemd.unit(5): numbers count as numbers; without an operator, and with $=, it is a glob. */
function compareVersion(own: string, text: string, glob: (own: string, pattern: string) => boolean): boolean {
  const operator = COMPARISON.exec(text)?.[1];
  const other = text.replace(COMPARISON, '');
  if (operator === undefined || operator === '$=') return glob(own, other);
  if (operator === '!$=') return !glob(own, other);
  const parts = (version: string): readonly string[] => version.match(/\d+|[a-zA-Z]+/g) ?? [];
  const [mine, theirs] = [parts(own), parts(other)];
  for (let i = 0; i < Math.min(mine.length, theirs.length); i++) {
    const [a = '', b = ''] = [mine[i], theirs[i]];
    const order = /^\d/.test(a) && /^\d/.test(b) ? Number(a) - Number(b) : a.localeCompare(b);
    if (order !== 0) return compared(Math.sign(order), operator);
  }
  return compared(Math.sign(mine.length - theirs.length), operator);
}

function bytesOf(text: string): number {
  const parsed = size(text);
  return parsed.ok ? parsed.value : Infinity;
}

/** capabilities(7), in the order of their numbers from 0 on. */
function hasCapability(name: string): boolean {
  const bounding = /^CapBnd:\s*([0-9a-f]+)/m.exec(textOf('/proc/self/status'))?.[1];
  const number = capabilityNumber(name);
  return bounding === undefined || number === undefined ? false : ((BigInt(`0x${bounding}`) >> BigInt(number)) & 1n) === 1n;
}

function hasSecurity(name: string): boolean {
  if (name === 'uefi-secureboot' || name === 'tpm2' || name === 'cvm') return false;
  if (name === 'audit') return existsSync('/proc/self/loginuid');
  return textOf('/sys/kernel/security/lsm').split(',').includes(name) && (name !== 'selinux' || existsSync('/sys/fs/selinux/enforce'));
}

function matchesRelease(text: string): boolean {
  const [, key = '', operator = '', value = ''] = /^([A-Za-z_]+)\s*(<=|>=|==|!=|<>|<|>|=|\$=|!\$=)(.*)$/.exec(text) ?? [];
  const release = textOf('/etc/os-release') || textOf('/usr/lib/os-release');
  const own = new RegExp(`^${key}=["']?(.*?)["']?$`, 'm').exec(release)?.[1] ?? '';
  return operator === '=' ? own === value : operator === '!=' ? own !== value : compareVersion(own, `${operator}${value}`, globs);
}

/** One that no kernel has is passed over, as systemd does. */
function hasController(name: string): boolean {
  if (name === 'v2') return existsSync('/sys/fs/cgroup/cgroup.controllers');
  if (name === 'v1') return !existsSync('/sys/fs/cgroup/cgroup.controllers');
  return !CONTROLLERS.includes(name) || words('/sys/fs/cgroup/cgroup.controllers').includes(name);
}

const CONTROLLERS = ['cpu', 'cpuset', 'io', 'memory', 'pids'];

/** A machine without a supply of any kind is on power. */
function isOnPower(): boolean {
  const supplies = namesIn('/sys/class/power_supply').filter((name) => textOf(`/sys/class/power_supply/${name}/type`) === 'Mains');
  return supplies.length === 0 || supplies.some((name) => textOf(`/sys/class/power_supply/${name}/online`) === '1');
}

function isEncrypted(path: string): boolean {
  const dev = statSync(path, { throwIfNoEntry: false })?.dev;
  if (dev === undefined) return false;
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  return textOf(`/sys/dev/block/${major}:${minor}/dm/uuid`).startsWith('CRYPT-');
}

/** `10%` or `10%/5min`: how much of the time something had to wait for it lately; proc_pressure(5). */
function isBelowPressure(resource: string, text: string): boolean {
  const [, limit = '', minutes = '5'] = /^(?:.*:)?([\d.]+)%(?:\/(1|5)\s*min|\/10\s*s)?$/.exec(text.trim()) ?? [];
  const average = minutes === '1' ? 'avg60' : 'avg300';
  const now = new RegExp(`^some .*${average}=([\\d.]+)`, 'm').exec(textOf(`/proc/pressure/${resource}`))?.[1];
  return now === undefined || limit === '' || Number(now) <= Number(limit);
}

function globs(text: string, pattern: string): boolean {
  return globExpression(pattern).test(text);
}

function words(path: string): readonly string[] {
  return textOf(path).split(/\s+/).filter(Boolean);
}
