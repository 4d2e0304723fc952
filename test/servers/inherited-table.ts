/**
 * Servers that take the sockets they inherit, as Debian packages them, with the unit files of their package or their documentation, and each
 * with a client that was made for it. Those that take none are served by what rouse has for them, and say so in `way`.
 */
import { DOCUMENTED } from './inherited-documented.js';
import { PACKAGED } from './inherited-packaged.js';
import type { InheritedRow } from './inherited-row.js';

export const INHERITED: readonly InheritedRow[] = [...PACKAGED, ...DOCUMENTED];
