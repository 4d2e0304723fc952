/** The containers that one service's podman command has started, as podman knows them, and podman's commands about them. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseInspected, type InspectedContainer } from '../exec/health.js';
import type { ServiceConfig } from '../unit/config.js';
import { runPodman, type PodmanResult } from './podman-command.js';
import type { ServiceUnit } from './service.js';

/** The longest that a podman command may take which only asks. */
const ASK_MS = 30_000;

export class UnitContainers {
  #found: Promise<readonly InspectedContainer[]> | undefined;

  constructor(readonly unit: ServiceUnit) {}

  /** Asks podman once in a run. Rejects when podman cannot be started. */
  find(config: ServiceConfig): Promise<readonly InspectedContainer[]> {
    return (this.#found ??= this.#find(config));
  }

  /** The run is over: the next one has others. */
  end(): void {
    this.#found = undefined;
  }

  /** Beside conmon: where podman has divided the cgroup of the unit, nothing may run in the cgroup itself. */
  podman(config: ServiceConfig, args: readonly string[], timeoutMs = ASK_MS): Promise<PodmanResult> {
    const command = config.execStart[0];
    if (command === undefined) return Promise.reject(new Error('There is no ExecStart='));
    const { cgroup } = this.unit;
    const beside = cgroup === undefined ? undefined : join(cgroup, 'runtime');
    const request = { unit: this.unit.name, config, command, args: [...globalWords(command.argv), ...args], timeoutMs };
    return runPodman(this.unit.manager, { ...request, cgroup: beside !== undefined && existsSync(beside) ? beside : cgroup });
  }

  async #find(config: ServiceConfig): Promise<readonly InspectedContainer[]> {
    const names = containerName(config) ?? (await this.#labelled(config));
    if (names.length === 0) return [];
    const { output } = await this.podman(config, ['container', 'inspect', ...names]);
    return parseInspected(output) ?? [];
  }

  /** Those of a Kubernetes file: podman labels them with their service. */
  async #labelled(config: ServiceConfig): Promise<readonly string[]> {
    const { output } = await this.podman(config, ['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=PODMAN_SYSTEMD_UNIT=${this.unit.name}`]);
    return output.split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line));
  }
}

/** podman's own words before the command (GlobalArgs=). */
function globalWords(argv: readonly string[]): readonly string[] {
  const at = argv.findIndex((word, i) => word === 'run' || (word === 'kube' && argv[i + 1] === 'play'));
  return basename(argv[0] ?? '') === 'podman' && at > 0 ? argv.slice(1, at) : [];
}

/** The container that the command runs; undefined for a Kubernetes file. */
function containerName({ execStart }: ServiceConfig): readonly string[] | undefined {
  const argv = execStart[0]?.argv ?? [];
  const at = argv.indexOf('--name');
  const name = argv[at + 1];
  return argv.includes('run') && at > 0 && name !== undefined ? [name] : undefined;
}
