/** One situation after the other, in a host where systemd is process 1 and in one where rouse stands in for it. */
import { startHost } from '../host/host.mjs';

const ROUSE = '/rouse/bin/rouse';
const LIMIT_MS = 60_000;
const ANSWER = 'until systemctl show >/dev/null 2>&1; do sleep 0.05; done';

/**
 * What every script begins with. Words differ between the two, so errors are not looked at; states, exit codes and what services leave in
 * files are.
 */
const PRELUDE = `
exec 2>/dev/null
ctl() { "$CLIENT" "$@"; }
run() { ctl "$@" >/dev/null; echo "$*: $?"; }
show() { unit=$1; shift; for name; do echo "$unit $name=$(ctl show -p "$name" --value "$unit")"; done; }
state() { for unit; do echo "$unit: $(ctl show -p ActiveState --value "$unit") $(ctl show -p SubState --value "$unit") $(ctl show -p Result --value "$unit")"; done; }
wait_for() { n=0; until ctl show -p ActiveState -p SubState -p Result "$1" | grep -qx "[A-Za-z]*=$2"; do n=$((n+1)); [ $n -lt 400 ] || { echo "$1 is never $2"; break; }; sleep 0.03; done; }
wait_file() { n=0; until [ -e "$1" ]; do n=$((n+1)); [ $n -lt 1000 ] || { echo "no $1"; break; }; sleep 0.02; done; }
wait_line() { n=0; until grep -q "$2" "$1"; do n=$((n+1)); [ $n -lt 1000 ] || { echo "no $2 in $1"; break; }; sleep 0.02; done; }
trace() { cat /run/X-trace; }
cd /run; rm -f /run/X-trace
`;

/** Resolves with an outcome for each. */
export async function compareSituations(situations, { client = 'systemctl', onOutcome = () => {} } = {}) {
  const [systemd, rouse] = await Promise.all([startHost({ systemd: true, timeoutMs: LIMIT_MS }), startHost({ timeoutMs: LIMIT_MS })]);
  try {
    await Promise.all([place(systemd, situations, 'systemctl daemon-reload'), placeAndServe(rouse, situations)]);
    const outcomes = [];
    for (const situation of situations) {
      const [expected, got] = await Promise.all([play(systemd, situation, 'systemctl'), play(rouse, situation, client === 'rouse' ? ROUSE : 'systemctl')]);
      const outcome = { situation, systemd: expected, rouse: got, equal: expected === got };
      onOutcome(outcome);
      outcomes.push(outcome);
    }
    return outcomes;
  } finally {
    await Promise.all([systemd.stop(), rouse.stop()]);
  }
}

async function placeAndServe(host, situations) {
  await place(host, situations, 'true');
  // Debian's own units would be started along with the default target.
  await must(host, `rm -rf /etc/systemd/system/*.wants /etc/systemd/system/*.requires; ln -sf /usr/lib/systemd/system/basic.target /etc/systemd/system/default.target`);
  host.spawn(['sh', '-c', `exec ${ROUSE} daemon --as-systemd >/run/rouse.log 2>&1`], { stdio: 'ignore' });
  await must(host, ANSWER);
}

/** Every unit of every situation, each under names of its own. */
async function place(host, situations, last) {
  const files = situations.flatMap((situation) =>
    Object.entries({ ...situation.files, ...keeper(situation) }).map(([name, text]) => [`/etc/systemd/system/${name}`, text, situation]),
  );
  const script = files.map(([path, text, situation]) => {
    const [own, ownText] = [named(path, situation), named(text, situation)];
    return `mkdir -p "$(dirname '${own}')"\ncat >'${own}' <<'END_OF_FILE'\n${ownText.trim()}\nEND_OF_FILE\n`;
  });
  await must(host, `${script.join('')}\n${last}`);
}

/** systemd forgets a unit that is down, and its result with it, unless another one names it: this one does. */
function keeper({ keep }) {
  return keep === undefined ? {} : { 'X-keeper.service': `[Unit]\nAfter=${keep}\n[Service]\nExecStart=/bin/sleep infinity\n` };
}

async function play(host, situation, client) {
  const names = Object.keys({ ...situation.files, ...keeper(situation) })
    .filter((name) => !name.includes('/') && !name.includes('@.'))
    .join(' ');
  const kept = situation.keep === undefined ? '' : 'ctl start X-keeper.service';
  const script = named(
    `CLIENT=${client}\n${PRELUDE}\n${kept}\n${situation.script.trim()}\n{ systemctl stop --job-mode=replace ${names}; systemctl reset-failed ${names}; rm -rf /run/X-*; } >/dev/null\n`,
    situation,
  );
  const { stdout } = await host.exec(['sh', '-c', script]);
  return stdout.replaceAll(prefixOf(situation), 'X-');
}

/** Situations write `X-` before the names of their units and files. */
function named(text, situation) {
  return text.replaceAll(/(?<![A-Z[])X-/g, prefixOf(situation));
}

function prefixOf({ number }) {
  return `s${String(number).padStart(3, '0')}-`;
}

async function must(host, script) {
  const { status, stderr } = await host.exec(['sh'], { input: script });
  if (status !== 0) throw new Error(`Failed to prepare the host: ${stderr.trim()}`);
}
