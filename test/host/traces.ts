/** What a host leaves, or does not leave, on the machine that it ran on. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hostPath } from './host.mjs';

const store = dirname(hostPath());

/** What is there of a host outside: cgroups, processes, mounts, loop devices, and files in the store. */
export function traces(name: string, pidNamespace: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const cgroups = mounts.filter((line) => / - cgroup2? /.test(line)).map((line) => join(line.split(' ')[4] ?? '', name));
  const loops = readdirSync('/sys/block').map((device) => `/sys/block/${device}/loop/backing_file`);
  return [
    ...cgroups.filter((path) => existsSync(path)),
    ...processes((pid) => readlinkSync(`/proc/${pid}/ns/pid`) === pidNamespace || readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`NAME=${name}`)),
    ...mounts.filter((line) => line.includes(store) || line.includes(name)),
    ...loops.filter((path) => existsSync(path) && readFileSync(path, 'utf8').startsWith(store)),
    ...readdirSync(store).filter((file) => !/^(root-([a-z]+-)?[0-9a-f]+|mnt|lock|[a-z]+\.log)$/.test(file)),
    ...readdirSync(join(store, 'mnt')),
  ];
}

/** The processes for which `matches` holds; a zombie is its parent's business. */
export function processes(matches: (pid: string) => boolean): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^[0-9]+$/.test(pid)) return false;
    try {
      return matches(pid) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false; // It has ended in the meantime.
    }
  });
}

export function pidNamespace(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/pid`);
}
