/** All situations, numbered. In names and texts `X-` stands for the situation's own prefix. */
import { EXECUTION } from './execution.mjs';
import { FAILURES } from './failures.mjs';
import { FILES } from './files.mjs';
import { JOBS } from './jobs.mjs';
import { NOTIFICATIONS } from './notifications.mjs';
import { ORDER } from './order.mjs';
import { RESTARTS } from './restarts.mjs';
import { SOCKETS } from './sockets.mjs';

const GROUPS = { jobs: JOBS, order: ORDER, failures: FAILURES, restarts: RESTARTS, notifications: NOTIFICATIONS, sockets: SOCKETS, files: FILES, execution: EXECUTION };

export const SITUATIONS = Object.entries(GROUPS)
  .flatMap(([group, situations]) => situations.map((situation) => ({ ...situation, group })))
  .map((situation, number) => ({ ...situation, number }));
