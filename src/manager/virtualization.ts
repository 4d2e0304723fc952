/** In what the machine runs; ConditionVirtualization= of systemd.unit(5), systemd-detect-virt(1). */
import { existsSync } from 'node:fs';
import { textOf } from '../load/quietly.js';

/** What a container's engine leaves for those inside. */
const CONTAINER_FILES: readonly (readonly [path: string, name: string])[] = [
  ['/run/.containerenv', 'podman'],
  ['/.dockerenv', 'docker'],
];

/** By what the machine's maker is said to be, in /sys/class/dmi/id. */
const MACHINES: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/KVM|QEMU/, 'kvm'],
  [/Amazon EC2/, 'amazon'],
  [/VMware|VMW/, 'vmware'],
  [/innotek GmbH|VirtualBox|Oracle Corporation/, 'oracle'],
  [/Xen/, 'xen'],
  [/Bochs/, 'bochs'],
  [/Parallels/, 'parallels'],
  [/BHYVE/, 'bhyve'],
  [/Hyper-V|Microsoft Corporation/, 'microsoft'],
  [/Google/, 'google'],
];

export function isVirtualization(text: string): boolean {
  const [container, machine] = [containerKind(), machineKind()];
  switch (text.toLowerCase()) {
    case 'vm':
      return container === undefined && machine !== undefined;
    case 'container':
      return container !== undefined;
    case 'private-users':
      return !/^\s*0\s+0\s+4294967295\s*$/.test(textOf('/proc/self/uid_map'));
    case 'yes':
    case 'true':
    case '1':
    case 'on':
      return (container ?? machine) !== undefined;
    case 'no':
    case 'false':
    case '0':
    case 'off':
      return (container ?? machine) === undefined;
    default:
      return text === (container ?? machine);
  }
}

/** 'container:podman', 'vm:kvm', as generators are told; systemd.generator(7), $SYSTEMD_VIRTUALIZATION. */
export function virtualization(): string | undefined {
  const container = containerKind();
  const machine = container === undefined ? machineKind() : undefined;
  return container === undefined ? machine && `vm:${machine}` : `container:${container}`;
}

function containerKind(): string | undefined {
  const file = CONTAINER_FILES.find(([path]) => existsSync(path));
  if (file !== undefined) return file[1];
  if (/microsoft/i.test(textOf('/proc/sys/kernel/osrelease'))) return 'wsl';
  return textOf('/run/systemd/container') || process.env['container'] || undefined;
}

function machineKind(): string | undefined {
  if (existsSync('/proc/xen') || existsSync('/sys/hypervisor/type')) return 'xen';
  const maker = ['sys_vendor', 'product_name', 'board_vendor', 'bios_vendor'].map((name) => textOf(`/sys/class/dmi/id/${name}`)).join('\n');
  const known = MACHINES.find(([pattern]) => pattern.test(maker))?.[1];
  return known ?? (/^flags\s*:.*\bhypervisor\b/m.test(textOf('/proc/cpuinfo')) ? 'vm-other' : undefined);
}
