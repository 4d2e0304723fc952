// A Node server on descriptor 3, for the benchmarks; with `once` it leaves after one client.
import { createServer } from 'node:net';

const once = process.argv[2] === 'once';
const server = createServer((client) => {
  client.on('error', () => undefined);
  client.once('data', (bytes) => client.end(bytes));
  if (once) client.on('close', () => process.exit(0));
});
server.listen({ fd: 3 });
