import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders } from 'node:http';
import { signedHeaders } from './signer.ts';
import type { ToSign } from './signer.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** How often `100 Continue` came before it. */
  readonly continues: number;
}

export interface RawRequest {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Sends exactly what it is told, on a connection of its own. With `Expect`, the body waits for the 100. */
export function send({ port, method, path, headers = {}, body }: RawRequest): Promise<RawAnswer> {
  const request = httpRequest({
    port,
    host: '127.0.0.1',
    method,
    path,
    headers,
    agent: false,
    setHost: false,
  });
  let continues = 0;
  request.on('continue', () => {
    continues += 1;
    if (continues === 1) request.end(body);
  });
  const answer = answerOf(request, () => continues);
  if (headers['expect'] === undefined) request.end(body);
  else request.flushHeaders();
  return answer;
}

/** The same, signed. */
export function sendSigned(
  port: number,
  request: Omit<ToSign, 'host'> & { body?: string | Buffer; unsigned?: Readonly<Record<string, string>> },
): Promise<RawAnswer> {
  const { headers } = signedHeaders({ ...request, host: `127.0.0.1:${port}` });
  const length: Record<string, string> =
    request.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(request.body)) };
  const { method, path, body, unsigned } = request;
  return send({
    port,
    method,
    path,
    headers: { ...length, ...headers, ...unsigned },
    ...(body !== undefined && { body }),
  });
}

function answerOf(request: ClientRequest, continues: () => number): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces).toString(),
          continues: continues(),
        });
        // What was not sent will not be: the answer is there.
        request.destroy();
      });
    });
  });
}

export function codeOf({ body }: RawAnswer): string | undefined {
  return /<Code>(.*?)<\/Code>/.exec(body)?.[1];
}
