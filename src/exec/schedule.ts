/** What systemd.exec(5), "SCHEDULING" asks for, in rouse-spawn's words (native/rouse-spawn/sandbox.h). */
import type { SchedulingConfig } from '../unit/scheduling.js';

const RESET_ON_FORK = 0x40000000;
const BEST_EFFORT = 2;
const USUAL_PRIORITY = 4;

export function scheduleWords(scheduling: SchedulingConfig): readonly string[] {
  const { policy, priority, resetOnFork, ioClass, ioPriority, processors, timerSlackNs, coredumpFilter } = scheduling;
  return [
    ...(policy === undefined ? [] : [`h${policy | (resetOnFork ? RESET_ON_FORK : 0)}:${policy === 1 || policy === 2 ? Math.max(1, priority) : 0}`]),
    ...(ioClass === undefined && ioPriority === undefined ? [] : [`H${((ioClass ?? BEST_EFFORT) << 13) | (ioPriority ?? USUAL_PRIORITY)}`]),
    ...(processors.length === 0 ? [] : [`z${processorMask(processors)}`]),
    ...(timerSlackNs === undefined ? [] : [`T${timerSlackNs}`]),
    ...(coredumpFilter === undefined ? [] : [`O0x${coredumpFilter.toString(16)}`]),
  ];
}

/** The lowest processors come first, eight in a byte. */
export function processorMask(processors: readonly number[]): string {
  const bytes = Buffer.alloc(Math.ceil((Math.max(...processors) + 1) / 64) * 8);
  for (const each of processors) bytes.writeUInt8(bytes.readUInt8(each >> 3) | (1 << (each & 7)), each >> 3);
  return bytes.toString('hex');
}
