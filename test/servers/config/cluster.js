const cluster = require('node:cluster');
if (cluster.isPrimary) for (let i = 0; i < 2; i++) cluster.fork();
else
  require('node:http')
    .createServer((request, response) => response.end(`sees ${request.socket.remoteAddress}\n`))
    .listen(8080);
