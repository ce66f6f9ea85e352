// Stands in for an API process, and for a party process's WebSocket: tells what it was sent.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  let bytes = 0;
  request.on('data', (chunk) => (bytes += chunk.length));
  request.on('end', () => {
    const { method, url, headers } = request;
    const seen = {
      pid: process.pid,
      method,
      url,
      headers,
      bytes,
      padding: url === '/long' ? 'z'.repeat(5000) : '',
    };
    response.setHeader('content-type', url === '/photo' ? 'image/jpeg' : 'application/json');
    response.setHeader('cache-control', 'public, max-age=60');
    response.end(JSON.stringify(seen));
  });
});
server.on('upgrade', (request, socket) => {
  socket.on('error', () => socket.destroy());
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${request.headers.upgrade}\r\nConnection: Upgrade\r\n\r\n`,
  );
  socket.on('data', (chunk) => socket.write(`${request.url} heard ${chunk}`)).on('end', () => socket.end());
});
server.listen({ fd: 3 }, () => process.send('ready'));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
