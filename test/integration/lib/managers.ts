/**
 * The managers that a test of units runs under: rouse with a cgroup for each unit and without, and systemd itself, which says whether what the
 * test expects is right.
 */
import { cgroupLayouts, whyNoHost } from '../../host/host.mjs';
import type { Account, UserName } from './account.js';
import { RouseHost } from './host.js';

export interface ManagerKind {
  readonly title: string;
  readonly user: UserName;
  readonly systemd: boolean;
  readonly cgroups: 'delegated' | 'undelegated';
}

const ALL: readonly ManagerKind[] = [
  { title: 'rouse, for the system', user: 'root', systemd: false, cgroups: 'delegated' },
  { title: 'rouse, for a user without cgroups', user: 'tester', systemd: false, cgroups: 'undelegated' },
  { title: 'systemd, for the system', user: 'root', systemd: true, cgroups: 'delegated' },
];

/** None where there can be no host. */
export const MANAGERS: readonly ManagerKind[] = whyNoHost() === undefined && cgroupLayouts().delegated.possible ? ALL : [];

/** Folder of the test's own files, writable for both users. */
export const WORK = '/tmp/work';

/** A manager in a host of its own, with units that a test writes and the files that they leave in `WORK`. */
export class UnitBench {
  private constructor(
    readonly host: RouseHost,
    readonly account: Account,
    readonly kind: ManagerKind,
  ) {}

  static async start(kind: ManagerKind): Promise<UnitBench> {
    const host = await RouseHost.start({ systemd: kind.systemd, cgroups: kind.cgroups });
    const user = host.as(kind.user);
    host.mkdir(WORK, user.uid);
    const account = kind.systemd ? user.systemctl : user;
    return new UnitBench(host, account, kind);
  }

  async stop(): Promise<void> {
    await this.host.stop();
  }

  /** Writes unit files, by name, and lets the manager read those that it cannot know to be new. */
  async units(files: Readonly<Record<string, string>>): Promise<void> {
    const names = Object.keys(files);
    const areNew = names.every((name) => !name.includes('/') && !this.host.exists(`${this.account.units}/${name}`));
    for (const name of names) this.account.unit(name, files[name] ?? '');
    if (!areNew) await this.account.ok('daemon-reload');
  }

  /** Exit code of a verb. */
  async code(...args: readonly string[]): Promise<number> {
    return (await this.account.rouse(args)).status;
  }

  /** A file in WORK; '' when there is none. */
  file(name: string): string {
    const path = `${WORK}/${name}`;
    return this.host.exists(path) ? this.host.read(path) : '';
  }

  lines(name: string): readonly string[] {
    return this.file(name).split('\n').filter(Boolean);
  }

  touch(name: string): void {
    this.account.write(`${WORK}/${name}`, '');
  }

  /** Of a unit: 'active (running) success'. */
  async state(unit: string): Promise<string> {
    const { ActiveState, SubState, Result } = await this.account.show(unit, 'ActiveState', 'SubState', 'Result');
    return `${ActiveState} (${SubState}) ${Result}`;
  }
}
