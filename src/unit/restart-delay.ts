/** How long a service waits before its next run; systemd.service(5), RestartSteps=: from RestartSec= on, by the same factor each time. */
import type { ServiceConfig } from './config.js';

type Delays = Pick<ServiceConfig, 'restartMs' | 'restartSteps' | 'restartMaxDelayMs'>;

export function restartDelayMs({ restartMs, restartSteps, restartMaxDelayMs }: Delays, restarts: number): number {
  if (restartSteps === 0 || restartMs === 0 || !Number.isFinite(restartMaxDelayMs) || restartMaxDelayMs <= restartMs) return restartMs;
  if (restarts >= restartSteps) return restartMaxDelayMs;
  return restartMs * (restartMaxDelayMs / restartMs) ** (restarts / restartSteps);
}
