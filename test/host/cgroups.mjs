/**
 * The cgroup hierarchies of this machine, and which layouts a host on it can therefore have: which of v1 and v2 manages a controller is
 * decided once per kernel, and a namespace shows what is there.
 */
import { accessSync, constants, readFileSync } from 'node:fs';

/** What /proc/self/mountinfo escapes: space, tab, newline and backslash, as three octal digits. */
function unescape(path) {
  return path.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}

function isWritable(path) {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The options that name a v1 hierarchy: its controllers, or its name where it has none. */
function identity(superOptions) {
  const options = superOptions.split(',').filter((option) => !/^(r[wo]|xattr|noprefix|clone_children|release_agent=.*|cpuset_v2_mode|nsdelegate|memory_.*)$/.test(option));
  return options.some((option) => option.startsWith('name=')) ? ['none', ...options].join(',') : options.join(',');
}

/** Where v2 is mounted (undefined if nowhere writable), and the writable v1 hierarchies, each with the options to mount it again. */
export function cgroupHierarchies(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')) {
  let unified;
  const v1 = new Map();
  for (const line of mountinfo.split('\n')) {
    const [, , , , target, ...rest] = line.split(' ');
    const [type, , superOptions] = rest.slice(rest.indexOf('-') + 1);
    if (target === undefined || !type?.startsWith('cgroup') || !isWritable(unescape(target))) continue;
    if (type === 'cgroup2') unified ??= unescape(target);
    else if (!v1.has(identity(superOptions))) v1.set(identity(superOptions), unescape(target));
  }
  return { unified, v1: [...v1].map(([options, path]) => ({ options, path })) };
}

/** Each layout with whether this machine can make it and, if not, why not. */
export function cgroupLayouts(hierarchies = cgroupHierarchies()) {
  const { unified, v1 } = hierarchies;
  const noV2 = unified === undefined ? 'no cgroup v2 hierarchy is mounted writable here' : undefined;
  const noV1 = v1.length === 0 ? 'this machine is purely cgroup v2: no v1 hierarchy is mounted writable here, and a namespace cannot add one' : undefined;
  const layout = (why) => (why === undefined ? { possible: true } : { possible: false, why });
  return { delegated: layout(noV2), undelegated: layout(noV2), hybrid: layout(noV2 ?? noV1) };
}
