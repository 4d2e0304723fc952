/** Folders of unit files that exist for one test: an administrator's, a volatile and a packager's, as systemd has them. */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { Scope } from '../scope.js';
import { UnitStore } from '../unit-store.js';

export const SERVICE = '[Service]\nExecStart=/bin/true\n';

export class UnitTree {
  readonly root = mkdtempSync(join(tmpdir(), 'rouse-units-'));

  path(name: string): string {
    return join(this.root, name);
  }

  /** 'etc/web.service': text; a target that begins with `->` makes a link, to the rest as it is written. */
  add(files: Readonly<Record<string, string>>): this {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(this.path(name)), { recursive: true });
      if (text.startsWith('->')) symlinkSync(text.slice(2).replace(/^~/, this.root), this.path(name));
      else writeFileSync(this.path(name), text);
    }
    return this;
  }

  get scope(): Scope {
    const folder = (name: string): string => this.path(name);
    return {
      mode: 'system',
      uid: 0,
      gid: 0,
      userName: 'root',
      home: folder('root'),
      runtimeDir: folder('run-dir'),
      rouseDir: folder('run-dir/rouse'),
      controlSocket: folder('run-dir/rouse/control.sock'),
      logDir: folder('log'),
      configUnitDir: folder('etc'),
      unitDirs: ['etc', 'run', 'usr'].map(folder),
      generatorDirs: [],
      quadletDirs: [folder('quadlets')],
      notice: undefined,
      warnings: [],
    };
  }

  store(): UnitStore {
    return new UnitStore(this.scope, { PATH: '/usr/bin' });
  }

  /** A path within, without the root. */
  short(path: string): string {
    return path.startsWith(this.root) ? relative(this.root, path) : path;
  }

  /** 'multi-user.target.wants/web.service -> usr/web.service' for every link in the administrator's folder. */
  links(folder = 'etc'): readonly string[] {
    const entries = readdirSync(this.path(folder), { recursive: true, encoding: 'utf8' }).sort();
    return entries
      .filter((name) => lstatSync(this.path(join(folder, name))).isSymbolicLink())
      .map((name) => `${name} -> ${this.short(readlinkSync(this.path(join(folder, name))))}`);
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
