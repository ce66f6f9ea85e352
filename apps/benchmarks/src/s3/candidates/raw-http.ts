import { read } from 'node:fs';
import { open } from 'node:fs/promises';
import http from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Candidate } from '../candidates.ts';

const pieceBytes = 2 ** 20;

/**
 * What one PUT can cost at the least in Node: reads by position into two reused buffers, the CRC32 of them, and node:http. It
 * signs, checks and retries nothing, and as it reads once, its checksum is ready too late to be sent: that is left out.
 */
export function rawHttp(endpoint: string): Candidate {
  const { request } = endpoint.startsWith('https:') ? https : http;
  const agent = new (endpoint.startsWith('https:') ? https : http).Agent({ keepAlive: true });
  return {
    async put({ path, bytes }, bucket) {
      const file = await open(path);
      try {
        const headers = { 'Content-Length': bytes };
        const sent = request(`${endpoint}/${bucket}/key`, { method: 'PUT', agent, headers });
        const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
        await Promise.all([send(file.fd, bytes, sent), answered]);
        const [response] = await answered;
        await once(response.resume(), 'end');
        if (response.statusCode !== 200) throw new Error(`Answered ${response.statusCode}`);
      } finally {
        await file.close();
      }
    },
    end: () => agent.destroy(),
  };
}

const readInto = promisify(read);

async function send(descriptor: number, bytes: number, request: ClientRequest): Promise<number> {
  const lanes = [0, 1].map(() => ({ piece: Buffer.allocUnsafe(pieceBytes), free: Promise.resolve() }));
  let checksum = 0;
  for (let at = 0; at < bytes; at += pieceBytes) {
    const lane = lanes[(at / pieceBytes) % 2] as (typeof lanes)[number];
    await lane.free;
    const { bytesRead } = await readInto(descriptor, lane.piece, 0, pieceBytes, at);
    const read = lane.piece.subarray(0, bytesRead);
    checksum = crc32(read, checksum);
    lane.free = new Promise((resolve, reject) => {
      request.write(read, (error) => (error ? reject(error) : resolve()));
    });
  }
  request.end();
  return checksum;
}
