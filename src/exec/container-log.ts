/**
 * A container's output, where no journal takes it: conmon writes it into a file (`--log-driver=k8s-file`), so that
 * `podman logs` works, and this follows the file into the unit's log. The format is that of Kubernetes' CRI logs:
 * `TIMESTAMP stdout|stderr F|P text`.
 */
import { closeSync, fstatSync, openSync, readSync, rmSync, watch, writeFileSync, type FSWatcher } from 'node:fs';
import { LineSplitter, type UnitLog } from './output.js';

const ENTRY = /^(\S+) (?:stdout|stderr) ([FP]) (.*)$/s;
const CHUNK = 64 * 1024;

export interface ContainerLogOptions {
  /** podman has made the file already, and removes it with the container. */
  readonly made?: boolean;
  /** Another manager has followed it until then: nothing is made, and earlier lines are passed over. Milliseconds since the epoch. */
  readonly sinceMs?: number;
}

export class ContainerLog {
  #fd: number;
  #at = 0;
  #partial = '';
  #splitter = new LineSplitter();
  #watcher: FSWatcher;
  #closed = false;

  /**
   * Makes the file, unless it is there already, so that there is something to watch before podman does. Throws Node's file errors.
   */
  constructor(
    readonly path: string,
    readonly log: UnitLog,
    readonly identify: () => { identifier: string; pid: number },
    readonly options: ContainerLogOptions = {},
  ) {
    const isThere = options.made === true || options.sinceMs !== undefined;
    if (!isThere) {
      rmSync(path, { force: true });
      writeFileSync(path, '', { mode: 0o600 });
    }
    this.#fd = openSync(path, 'r');
    this.#watcher = this.#watch();
    if (isThere) this.#read();
  }

  /** Reads what is left, and removes the file unless podman made it; once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watcher.close();
    this.#read();
    closeSync(this.#fd);
    if (this.options.made !== true) rmSync(this.path, { force: true });
  }

  #watch(): FSWatcher {
    const watcher = watch(this.path, () => this.#onChange());
    return watcher.on('error', () => watcher.close());
  }

  #onChange(): void {
    this.#read();
    // conmon renames a new file over the old one when it is full; a watch stays with the old one.
    if (fstatSync(this.#fd).nlink === 0) this.#reopen();
  }

  #reopen(): void {
    try {
      const fd = openSync(this.path, 'r');
      closeSync(this.#fd);
      this.#fd = fd;
      this.#at = 0;
      this.#watcher.close();
      this.#watcher = this.#watch();
    } catch {
      // It was removed, and nothing took its place: there is nothing to follow.
      return;
    }
    this.#onChange();
  }

  #read(): void {
    const buffer = Buffer.allocUnsafe(CHUNK);
    if (fstatSync(this.#fd).size < this.#at) this.#at = 0;
    for (let got = readSync(this.#fd, buffer, 0, CHUNK, this.#at); got > 0; got = readSync(this.#fd, buffer, 0, CHUNK, this.#at)) {
      this.#at += got;
      this.#splitter.push(buffer.subarray(0, got), (line) => this.#onLine(line));
    }
  }

  #onLine(line: string): void {
    const match = ENTRY.exec(line);
    if (match?.[3] === undefined || Date.parse(match[1] ?? '') < (this.options.sinceMs ?? 0)) return;
    this.#partial += match[3];
    if (match[2] === 'P') return;
    const { identifier, pid } = this.identify();
    this.log.write(identifier, pid, this.#partial);
    this.#partial = '';
  }
}
