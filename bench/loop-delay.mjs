// Loaded into the manager by bench/crowd.mjs (node --import): the longest turns of its event loop, in processor time and in wall time. Written to
// $LOOP_DELAY_FILE at each SIGUSR2, and then counted anew.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { writeFileSync } from 'node:fs';

const file = process.env.LOOP_DELAY_FILE;
if (file !== undefined && process.argv.includes('daemon')) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let longestCpuMs = 0;
  let cpu = process.cpuUsage();
  let wall = performance.now();
  let longestMs = 0;
  // One look each two milliseconds: what passed beyond them was a turn of somebody else's.
  const PERIOD_MS = 2;
  const look = () => {
    const used = process.cpuUsage(cpu);
    const now = performance.now();
    longestCpuMs = Math.max(longestCpuMs, Math.min((used.user + used.system) / 1000, now - wall - PERIOD_MS));
    longestMs = Math.max(longestMs, now - wall - PERIOD_MS);
    cpu = process.cpuUsage();
    wall = performance.now();
    setTimeout(look, PERIOD_MS).unref();
  };
  delay.enable();
  look();
  process.on('SIGUSR2', () => {
    writeFileSync(file, JSON.stringify({ longestCpuMs, longestMs, p99Ms: delay.percentile(99) / 1e6 }));
    longestCpuMs = longestMs = 0;
    delay.reset();
  });
}
