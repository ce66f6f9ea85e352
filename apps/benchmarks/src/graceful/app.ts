// The application under every library: one server that answers after a while, or never, and keeps a record of what it executed.
//
//   node app.js <AppSettings as JSON>
//
// Its one message is the port that it listens on.
import { openSync, writeSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createSecureServer, createServer as createHttp2Server } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo, ListenOptions } from 'node:net';
import { certificate } from '@silly-face/testing';
import { libraries, type LibraryName } from './libraries.ts';

export interface AppSettings {
  library: LibraryName;
  protocol: 'http' | 'h2c' | 'h2';
  /** 0 is any; a descriptor is of a listening socket that somebody holds. */
  listen: { port: number } | { fd: number };
  delayMs: number;
  idleGraceMs: number;
  /** A line is appended for each request that was executed: its id. */
  recordFile?: string;
}

const settings = JSON.parse(process.argv[2] ?? '') as AppSettings;
const { library, listen, delayMs, idleGraceMs } = settings;
const record = settings.recordFile === undefined ? undefined : openSync(settings.recordFile, 'a');

const handle: RequestListener = (request, response) => {
  if (request.url === '/') {
    response.end('done');
    return;
  }
  const query = new URLSearchParams(request.url?.slice('/?'.length));
  request.resume().on('end', () => {
    if (record !== undefined) writeSync(record, `${query.get('id')}\n`);
    const answerMs = Number(query.get('answerMs'));
    if (answerMs === 0) response.end('done');
    else if (Number.isFinite(answerMs)) setTimeout(() => response.end('done'), answerMs);
  });
};

const server = serverOf(settings.protocol);
const begin = await libraries[library]({ server, handle, delayMs, idleGraceMs });
const options: ListenOptions & { fd?: number } = 'fd' in listen ? listen : { ...listen, host: '127.0.0.1' };
if (begin) {
  const listening = server.listening || once(server, 'listening');
  await begin(options);
  await listening;
} else {
  server.on('request', handle);
  await once(server.listen(options), 'listening');
}
process.send?.((server.address() as AddressInfo).port);
// It goes with the benchmark, but is not kept alive for it.
process.on('disconnect', () => process.exit());
process.channel?.unref();

function serverOf(protocol: AppSettings['protocol']): Server {
  // Longer than any proxy keeps a connection.
  if (protocol === 'http') return createServer({ keepAliveTimeout: 75_000 });
  // To the libraries they are servers with the same events.
  return (protocol === 'h2c' ? createHttp2Server() : createSecureServer(certificate)) as unknown as Server;
}
