/** The service of a pod whose member is armed (Arm=yes): it is started for that, without what hangs on it, and goes with the member's socket. */
import { isInactive } from './active-state.js';
import type { Manager } from './manager.js';

/** Whether the pod runs. */
export function startPod(manager: Manager, pod: string): Promise<boolean> {
  if (manager.find(pod)?.activeState === 'active') return Promise.resolve(true);
  // Somebody is stopping it.
  if (manager.jobs.has(pod)) return Promise.resolve(false);
  return new Promise((resolve) => manager.queue(pod, 'start', 'ignore-dependencies', ({ result }) => resolve(result === 'done')));
}

/** Unless another member uses it. */
export function stopPod(manager: Manager, pod: string): void {
  const used = manager.graph.get(pod, 'bindsTo-inverse').some((member) => !isInactive(manager.find(member)?.activeState ?? 'inactive'));
  if (!used && !manager.stopping) manager.queue(pod, 'stop', 'replace', () => undefined);
}
