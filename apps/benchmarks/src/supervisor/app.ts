// The application under every supervisor: one server, each answer names its process.
import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end(String(process.pid)));
const fd = process.env.LISTEN_FDS ? 3 : undefined;
server.listen(fd === undefined ? { port: Number(process.env.PORT), host: '127.0.0.1' } : { fd }, () =>
  process.send?.('ready'),
);
