// For bench/proxy.mjs: what a proxy of plain Node streams would be.  node node-streams.mjs FROM TO
import { connect, createServer } from 'node:net';

const [from, to] = process.argv.slice(2).map(Number);
createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const server = connect({ host: '127.0.0.1', port: to, allowHalfOpen: true, noDelay: true });
  client.pipe(server).pipe(client);
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
}).listen(from, '127.0.0.1');
