// Thousands of socket units: rouse beside systemd, in one run on one throw-away host. For each the time to load and listen, the memory a pair
// of units takes, the time to read all files again, and the first byte of one activation among them beside that of one that is alone.
//
//   node bench/many.mjs [--counts 2000,10000] [--runs 30] [--longest 300] [--write] [--json]
//
// A manager that takes longer than --longest seconds for one step is not waited for any longer.
//
// With --write the result becomes docs/scale.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { formatTable, summarize } from './table.mjs';

const option = (name, fallback) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : fallback);
const COUNTS = option('--counts', '2000,10000').split(',').map(Number);
const RUNS = Number(option('--runs', '30'));
const LONGEST_S = Number(option('--longest', '300'));
const HALF_HOUR_MS = 1_800_000;

/** A step took too long; the processor time is what the manager had taken by then. */
class TooLong extends Error {
  constructor(step, cpuSeconds) {
    super(step);
    this.cpuSeconds = cpuSeconds;
  }
}

/** Units i of a manager: a socket that listens on a port of its own, its service, and a target that pulls all of them in. */
const PAIRS = `
make() { # FOLDER COUNT FIRST-PORT
  mkdir -p $1
  awk -v folder=$1 -v count=$2 -v first=$3 'BEGIN {
    for (i = 0; i < count; i++) {
      socket = folder "/many" i ".socket"; service = folder "/many" i ".service"
      printf "[Unit]\\nDescription=Socket %d\\n[Socket]\\nListenStream=127.0.0.1:%d\\nTriggerLimitBurst=0\\n", i, first + i > socket
      printf "[Unit]\\nDescription=Service %d\\nStartLimitIntervalSec=0\\n[Service]\\nExecStart=/bench/echo-once\\n", i > service
      close(socket); close(service)
      wants = wants " many" i ".socket"
      if (i % 500 == 499) { lines = lines "Wants=" wants "\\n"; wants = "" }
    }
    printf "[Unit]\\n%sWants=%s\\n", lines, wants > (folder "/many.target")
  }'
}
`;

const MANAGERS = [
  { name: 'systemd 257', firstPort: 10_000, units: '/run/systemd/system', ctl: 'systemctl' },
  { name: 'rouse', firstPort: 20_000, units: '/bench/units', ctl: 'node /rouse/bin/rouse' },
];
const ENV = {
  ROUSE_UNIT_PATH: '/bench/units',
  ROUSE_RUNTIME_DIR: '/bench/run',
  ROUSE_LOG_DIR: '/bench/log',
  SYSTEMD_UNIT_PATH: '/none',
  QUADLET_UNIT_DIRS: '/none',
};

class Bench {
  constructor(host, { name, firstPort, units, ctl }) {
    Object.assign(this, { host, name, firstPort, units, ctl });
    this.env = ctl === 'systemctl' ? {} : ENV;
  }

  async sh(script, allowed = false) {
    const { status, stdout, stderr } = await this.host.exec(['bash', '-c', script], { env: this.env, timeoutMs: HALF_HOUR_MS });
    if (status !== 0 && !allowed) throw new Error(`${this.name}: ${script.slice(0, 200)}: ended with ${status}\n${stderr.slice(-2000)}`);
    return stdout.trim();
  }

  /** Seconds by the clock, and of the manager's own processor time. */
  async timed(script) {
    const before = await this.cpuSeconds();
    const timing = `before=$EPOCHREALTIME; ${script}; after=$EPOCHREALTIME; echo $((\${after/./} - \${before/./}))`;
    const { status, stdout } = await this.host.exec(['bash', '-c', timing], { env: this.env, timeoutMs: LONGEST_S * 1000 });
    const cpuSeconds = (await this.cpuSeconds()) - before;
    if (status === 124) throw new TooLong(script, cpuSeconds);
    return { seconds: Number(stdout.trim().split('\n').at(-1)) / 1e6, cpuSeconds };
  }

  async start() {
    if (this.ctl === 'systemctl') this.pid = 1;
    else {
      await this.sh('mkdir -p /bench/units; node /rouse/bin/rouse start basic.target >/dev/null');
      this.pid = JSON.parse(await this.sh('node /rouse/bin/rouse status --json')).pid;
    }
  }

  async cpuSeconds() {
    // A systemd that is busy starts no command: it is looked at from outside.
    const stat = this.pid === 1 ? readFileSync(`/proc/${this.host.pid}/stat`, 'utf8') : await this.sh(`cat /proc/${this.pid}/stat`);
    // proc_pid_stat(5): utime and stime, in hundredths of a second.
    const [user = '0', system = '0'] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  }

  /** Of the manager alone, shared pages left out. */
  async memoryKb() {
    return Number(await this.sh(`awk '/^Private/ { sum += $2 } END { print sum }' /proc/${this.pid}/smaps_rollup`));
  }

  /** Microseconds to the first byte, one client after the other, each finding the service down. */
  async firstBytes(port, unit) {
    const script = `for i in $(seq ${RUNS}); do /bench/echo-once ${port}; sleep 0.05; for j in $(seq 100); do [ "$(pgrep -c -x echo-once)" = 0 ] && break; sleep 0.02; done; sleep 0.02; done; ${this.ctl} is-active ${unit} >/dev/null; :`;
    return (await this.sh(script)).split('\n').map(Number);
  }

  async alone() {
    await this.sh(`${PAIRS} make ${this.units} 1 ${this.firstPort}; ${this.ctl} daemon-reload && ${this.ctl} start many.target`);
    const times = await this.firstBytes(this.firstPort, 'many0.service');
    await this.clear();
    return times;
  }

  async clear() {
    await this.sh(`${this.ctl} stop 'many*.socket' 'many*.service' many.target 2>/dev/null; rm -f ${this.units}/many*; ${this.ctl} daemon-reload`, true);
  }

  /** What was measured before a step took too long counts. */
  async crowd(count) {
    const result = {};
    try {
      await this.measure(count, result);
      await this.clear();
    } catch (error) {
      if (!(error instanceof TooLong)) throw error;
      result.gaveUp = { step: error.message, cpuSeconds: error.cpuSeconds };
    }
    return result;
  }

  async measure(count, result) {
    const before = await this.memoryKb();
    await this.sh(`${PAIRS} make ${this.units} ${count} ${this.firstPort}`);
    result.load = await this.timed(`${this.ctl} daemon-reload && ${this.ctl} start many.target`);
    const last = this.firstPort + count - 1;
    const listening = Number(await this.sh(`ss -Hltn | awk '{ sub(/.*:/, "", $4); if ($4 >= ${this.firstPort} && $4 <= ${last}) n++ } END { print n + 0 }'`));
    if (listening !== count) throw new Error(`${this.name}: ${listening} of ${count} sockets listen`);
    result.memoryKb = (await this.memoryKb()) - before;
    const port = this.firstPort + Math.floor(count / 2);
    result.activation = await this.firstBytes(port, `many${Math.floor(count / 2)}.service`);
    result.reload = await this.timed(`${this.ctl} daemon-reload`);
    result.touched = await this.timed(`echo >> ${this.units}/many7.service; ${this.ctl} daemon-reload`);
    result.list = await this.timed(`${this.ctl} list-sockets --no-legend | grep -c many >/dev/null`);
    result.stop = await this.timed(`${this.ctl} stop 'many*.socket' 2>/dev/null`);
  }
}

async function measure() {
  const { startHost } = await import('../test/host/host.mjs');
  const result = {};
  for (const count of COUNTS) {
    for (const manager of MANAGERS) {
      // A fresh host for each: what one manager leaves is not the other's burden.
      const host = await startHost({ systemd: true, timeoutMs: HALF_HOUR_MS });
      try {
        await host.exec(['sh', '-c', 'mkdir -p /bench && gcc -O2 -static -o /bench/echo-once /rouse/bench/echo-once.c']);
        const bench = new Bench(host, manager);
        await bench.start();
        result[count] ??= {};
        result[count][manager.name] = { alone: await bench.alone(), ...(await bench.crowd(count)) };
        console.error(`${manager.name}, ${count}: done`);
      } finally {
        await host.stop();
      }
    }
  }
  return result;
}

const s = (step, gaveUp) =>
  step === undefined ? (gaveUp === undefined ? '-' : `over ${LONGEST_S} s (${gaveUp.cpuSeconds.toFixed(0)})`) : `${step.seconds.toFixed(2)} s (${step.cpuSeconds.toFixed(2)})`;
const ms = (times) => (times === undefined ? '-' : `${(median(times) / 1000).toFixed(1)} ms`);
const median = (times) => summarize(times).median;

function rowsOf(count, byManager) {
  const names = Object.keys(byManager);
  const [theirs, ours] = names.map((name) => byManager[name]);
  const ratio = (read) => (read(theirs) === undefined || read(ours) === undefined ? '-' : (read(ours) / read(theirs)).toFixed(3));
  const row = (title, text, read) => [title, ...names.map((name) => text(byManager[name])), ratio(read)];
  // The first step that is missing is the one that took too long.
  const first = ['load', 'reload', 'touched', 'list', 'stop'].find((step) => theirs[step] === undefined);
  const step = (title, name) =>
    row(
      title,
      (manager) => s(manager[name], name === first ? manager.gaveUp : undefined),
      (manager) => manager[name]?.seconds,
    );
  const bytes = (title, name) =>
    row(
      title,
      (manager) => ms(manager[name]),
      (manager) => manager[name] && median(manager[name]),
    );
  return [
    step('load and listen', 'load'),
    step('daemon-reload, nothing changed', 'reload'),
    step('daemon-reload, one file changed', 'touched'),
    step('list-sockets', 'list'),
    step('stop all sockets', 'stop'),
    row(
      'memory a pair',
      ({ memoryKb }) => (memoryKb === undefined ? '-' : `${(memoryKb / count).toFixed(1)} KB`),
      ({ memoryKb }) => memoryKb,
    ),
    bytes('first byte, one pair alone', 'alone'),
    bytes(`first byte, one of ${count}`, 'activation'),
  ];
}

function report(result) {
  return Object.entries(result)
    .map(([count, byManager]) => formatTable([`${count} socket units`, ...Object.keys(byManager), 'ratio'], rowsOf(Number(count), byManager)))
    .join('\n\n');
}

const PAGE = `# Thousands of sockets

What a manager takes for thousands of pairs of a \`.socket\` and a \`.service\` file, made by \`node bench/many.mjs --write\`: rouse beside systemd 257, one
after the other on one machine, each on a fresh throw-away host. In parentheses is the processor time of the manager alone, which a busy machine disturbs less. The
ratio is rouse to systemd. What took longer than ${LONGEST_S} s was not waited for.

`;

const result = await measure();
if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else console.log(report(result));
if (process.argv.includes('--write')) {
  const cpu = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown processor';
  writeFileSync(join(import.meta.dirname, '../docs/scale.md'), `${PAGE}\`\`\`\n${report(result)}\n\`\`\`\n\nLinux ${release()}, ${cpu}, ${RUNS} activations each.\n`);
}
