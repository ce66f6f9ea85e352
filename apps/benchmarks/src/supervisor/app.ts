// The web application under every supervisor: one server, each answer names its process, or the request if that has an id.
//
// PORT: where it listens, unless it was given a socket. START_MS: how long it takes to start. RELEASE_FILE: where "broken" is
// written, it never listens. IDLE_GRACE_MS: it drains, by the recipe of graceful-shutdown, and keeps idle connections for so long.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const { LISTEN_FDS, PORT, START_MS, RELEASE_FILE, IDLE_GRACE_MS } = process.env;

const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  if (request.url === '/exit') process.exit(1);
  if (request.url === '/block') blockForEver();
  const id = request.url?.startsWith('/?id=') ? request.url.slice('/?id='.length) : String(process.pid);
  if (request.method === 'GET') response.end(id);
  else request.resume().on('end', () => response.end(id));
});

function blockForEver(): never {
  for (;;);
}

if (IDLE_GRACE_MS !== undefined) {
  const { gracefulShutdown } = await import('@silly-face/graceful-shutdown');
  const silent = { info() {}, warn() {}, error: console.error };
  gracefulShutdown({ servers: [server], idleGraceMs: Number(IDLE_GRACE_MS), logger: silent });
}
if (START_MS !== undefined) await sleep(Number(START_MS));
if (RELEASE_FILE !== undefined && readFileSync(RELEASE_FILE, 'utf8') === 'broken') {
  setInterval(() => {}, 60_000);
} else {
  server.listen(LISTEN_FDS ? { fd: 3 } : { port: Number(PORT), host: '127.0.0.1' }, () =>
    process.send?.('ready'),
  );
}
