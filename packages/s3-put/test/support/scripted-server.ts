import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import { onTestFinished } from 'vitest';

export interface Received {
  url: string;
  headers: IncomingHttpHeaders;
  /** What came of the body. */
  body: Buffer;
}

export type Scene = (
  request: IncomingMessage,
  response: ServerResponse,
  received: Received,
) => void | Promise<void>;

export interface ScriptedServer {
  endpoint: string;
  port: number;
  received: Received[];
  /** Connections so far, and those that are open. */
  connections: { total: number; open: Set<Socket> };
}

/** A server that plays one scene a request, and the last one again and again. It believes every signature. */
export async function scripted(...scenes: Scene[]): Promise<ScriptedServer> {
  const received: Received[] = [];
  const connections = { total: 0, open: new Set<Socket>() };
  const play = (request: IncomingMessage, response: ServerResponse): void => {
    const entry: Received = { url: request.url ?? '', headers: request.headers, body: Buffer.alloc(0) };
    received.push(entry);
    request.on('error', () => undefined);
    void (scenes[received.length - 1] ?? scenes.at(-1))?.(request, response, entry);
  };
  const server = createServer(play).on('checkContinue', play);
  server.on('connection', (socket) => {
    connections.total += 1;
    connections.open.add(socket);
    socket.on('error', () => undefined).on('close', () => connections.open.delete(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, port, received, connections };
}

/** Takes the body and answers as S3 does, with what `answer` changes. */
export function store(answer: Record<string, string> = {}, { continues = true } = {}): Scene {
  return async (request, response, received) => {
    if (continues && request.headers.expect !== undefined) response.writeContinue();
    if (!(await takeBody(request, received))) return;
    const headers = { ...storedHeaders(received.body), ...answer };
    const present = Object.entries(headers).filter(([, value]) => value !== '');
    response.writeHead(200, Object.fromEntries(present)).end();
  };
}

/** Answers without reading on. */
export function answer(statusCode: number, headers: Record<string, string>, body = ''): Scene {
  return (request, response, received) => {
    void takeBody(request, received);
    response.writeHead(statusCode, headers).end(body);
  };
}

/** Takes the body, and then answers. */
export function answerAfterBody(statusCode: number, headers: Record<string, string>, body = ''): Scene {
  return async (request, response, received) => {
    if (request.headers.expect !== undefined) response.writeContinue();
    if (await takeBody(request, received)) response.writeHead(statusCode, headers).end(body);
  };
}

/** Resets the connection once that much of the body has come. */
export function resetAfter(bytes: number): Scene {
  return (request, response, received) => {
    if (request.headers.expect !== undefined) response.writeContinue();
    const resetWhenDue = (): void => {
      if (received.body.length >= bytes) request.socket.resetAndDestroy();
    };
    request.on('data', (chunk: Buffer) => {
      received.body = Buffer.concat([received.body, chunk]);
      resetWhenDue();
    });
    resetWhenDue();
  };
}

export const s3Error = (code: string, message = `${code} happened`): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>` +
  `<Resource>/bucket/key</Resource><RequestId>REQUEST</RequestId><HostId>HOST</HostId></Error>`;

const storedHeaders = (body: Buffer): Record<string, string> => {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return {
    'x-amz-request-id': 'REQUEST',
    'x-amz-checksum-crc32': checksum.toString('base64'),
    etag: `"${createHash('md5').update(body).digest('hex')}"`,
  };
};

/** False when the connection ended before the body did. */
async function takeBody(request: IncomingMessage, received: Received): Promise<boolean> {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => void request.once('end', resolve).once('close', resolve));
  received.body = Buffer.concat(chunks);
  return request.complete;
}
