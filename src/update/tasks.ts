/** Which containers are to be updated, how, and to which service each belongs: as podman-auto-update(1) finds them. */

/** podman's words; 'image' and the empty one are older ones for the same. */
const POLICIES: Readonly<Record<string, Policy | 'disabled'>> = { registry: 'registry', image: 'registry', local: 'local', disabled: 'disabled', '': 'disabled' };

export type Policy = 'registry' | 'local';
/** What became of one; podman's words for the column UPDATED. */
export type Updated = 'true' | 'false' | 'pending' | 'failed' | 'rolled back';

export interface Task {
  readonly unit: string;
  readonly containerId: string;
  readonly containerName: string;
  /** As whoever made the container wrote it. */
  readonly image: string;
  /** What it runs. */
  readonly imageId: string;
  readonly policy: Policy;
  readonly authFile: string | undefined;
}

export interface FoundTasks {
  readonly tasks: readonly Task[];
  readonly errors: readonly string[];
}

/** One of `podman ps --format json`. */
interface Listed {
  readonly Id?: string;
  readonly Names?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Image?: string;
  readonly ImageID?: string;
  readonly Pod?: string;
  readonly IsInfra?: boolean;
}

const UNIT = 'PODMAN_SYSTEMD_UNIT';
const LABEL = 'io.containers.autoupdate';

/** `listed` is what podman printed of all running containers. */
export function findTasks(listed: string): FoundTasks {
  const containers = JSON.parse(listed.trim() === '' ? '[]' : listed) as readonly Listed[];
  const tasks: Task[] = [];
  const errors: string[] = [];
  for (const container of containers) {
    const found = taskOf(container, containers);
    if (typeof found === 'string') errors.push(found);
    else if (found !== undefined) tasks.push(found);
  }
  return { tasks: tasks.sort((a, b) => compare(a.unit, b.unit) || compare(a.containerName, b.containerName)), errors };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A text says why not; undefined: it is not to be updated. */
function taskOf(container: Listed, all: readonly Listed[]): Task | string | undefined {
  const labels = container.Labels ?? {};
  const wanted = labels[LABEL];
  if (wanted === undefined || container.Id === undefined || container.ImageID === undefined) return undefined;
  const policy = POLICIES[wanted];
  const name = container.Names?.[0] ?? container.Id;
  if (policy === undefined) return `Invalid auto-update policy '${wanted}' of container ${name}: expected ${Object.keys(POLICIES).filter(Boolean).join(', ')}`;
  if (policy === 'disabled') return undefined;
  // A member of a pod may have it from its pod.
  const unit = labels[UNIT] ?? all.find(({ Pod, IsInfra }) => IsInfra === true && Pod !== '' && Pod === container.Pod)?.Labels?.[UNIT];
  if (unit === undefined) return `Container ${name} belongs to no service: it has no label ${UNIT}`;
  return { unit, containerId: container.Id, containerName: name, image: container.Image ?? '', imageId: container.ImageID, policy, authFile: labels[`${LABEL}.authfile`] };
}
