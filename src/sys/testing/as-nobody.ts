/** Tests of what somebody without rights gets to see: root becomes nobody, and root again. */

const NOBODY = 65534;

/** Not where Node may use io_uring, which would go on with root's rights: it refuses then. */
export const canBecomeNobody: boolean = (() => {
  try {
    process.seteuid?.(process.geteuid?.() ?? 0);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
})();

export async function asNobody<T>(action: () => T | Promise<T>): Promise<T> {
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
