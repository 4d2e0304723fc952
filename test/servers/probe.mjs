/**
 * A client that measures: connects from an address of its own, says something, and prints the time from the connect to the first byte
 * that comes back, in milliseconds, and what came until the other end had no more to say for a moment.
 *
 *   node probe.mjs stream|datagram|unix PORT-OR-PATH SOURCE TEXT-IN-JSON
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

const QUIET_MS = 150;
const [kind, where, source, text] = process.argv.slice(2);
const said = Buffer.from(JSON.parse(text), 'latin1');
const begun = performance.now();
let ms;
let answer = '';
let quiet;

function heard(chunk) {
  ms ??= performance.now() - begun;
  answer += chunk.toString('latin1');
  clearTimeout(quiet);
  quiet = setTimeout(done, QUIET_MS);
}

function done() {
  process.stdout.write(JSON.stringify({ ms, answer }));
  process.exit(ms === undefined ? 1 : 0);
}

if (kind === 'datagram') {
  const socket = createSocket('udp4');
  socket.on('message', heard);
  socket.bind(0, source, () => socket.send(said, Number(where), '127.0.0.1'));
} else {
  const socket = kind === 'unix' ? connect(where) : connect({ host: '127.0.0.1', port: Number(where), localAddress: source });
  socket.on('connect', () => socket.write(said));
  socket.on('data', heard);
  socket.on('close', done);
  socket.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  });
}
