require('node:http')
  .createServer((request, response) => response.end(`sees ${request.socket.remoteAddress}\n`))
  .listen(80);
