// Tells who asks, as an API process would know it.
import Fastify from 'fastify';
import { listen } from '../../dist/processes/listen.js';

const app = Fastify({ trustProxy: ['loopback'] });
app.get('/', async ({ ip, socket }) => ({ ip, peer: socket.remoteAddress }));
await app.ready();
await listen(app.server, { fd: 3 });
process.send('ready');
