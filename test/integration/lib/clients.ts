/** Clients with socat: each sends a line and gives back what it got. */
import { expectSuccess } from './host.js';
import type { Account } from './account.js';

/** As socat has addresses: 'tcp4:127.0.0.1:3000', 'unix:/path' … Returns all that comes until the server closes, without the last line end. */
export async function ask(account: Account, address: string, line = 'hello'): Promise<string> {
  const argv = ['socat', '-t', '30', '-', address];
  return expectSuccess(argv, await account.exec(argv, { input: `${line}\n` })).trimEnd();
}

/** A datagram has no end of file: the client leaves with the first answer. */
export async function askDatagram(account: Account, address: string, line = 'hello'): Promise<string> {
  return account.sh(`coproc C { exec socat -t 30 - '${address}'; }; echo '${line}' >&"\${C[1]}"; read -r -t 30 answer <&"\${C[0]}"; kill $C_PID; echo "$answer"`);
}

/** So many clients at once, each with a line of its own; returns how many got theirs back. */
export async function askMany(account: Account, address: string, count: number): Promise<number> {
  const one = `[ "$(echo "line $0" | socat -t 60 - '${address}')" = "line $0" ] && echo served`;
  const output = await account.sh(`seq ${count} | xargs -P ${count} -n 1 bash -c '${one.replaceAll("'", `'\\''`)}' || true`);
  return output.split('\n').filter((line) => line === 'served').length;
}
