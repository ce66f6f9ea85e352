// The least that answers a read and a move: fastify and pg-pool, and the same statements as the API's, one after the other.
//
//   DATABASE_URL=postgres://… node bare.js
//
// Its one message is the port that it listens on.
import { createHash } from 'node:crypto';
import Fastify, { type FastifyRequest } from 'fastify';
import { Pool } from 'pg';
import {
  claimKey,
  findSession,
  insertTaunt,
  lockRound,
  storeAnswer,
  touchRound,
  viewRound,
} from './statements.ts';

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const app = Fastify();

interface ById {
  Params: { id: string };
}

app.route<ById>({
  method: 'GET',
  url: '/rounds/:id',
  handler: async (request) => {
    const player = await playerOf(request);
    const { rows } = await pool.query(viewRound, [player, request.params.id]);
    return rows[0];
  },
});

app.route<ById & { Body: { text: string } }>({
  method: 'POST',
  url: '/rounds/:id/taunts',
  handler: async (request, reply) => {
    const player = await playerOf(request);
    const { method, url, body, params } = request;
    const key = request.headers['idempotency-key'];
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(claimKey, [player, key, digest(JSON.stringify([method, url, body]))]);
      await client.query(lockRound, [params.id]);
      const { rows } = await client.query(insertTaunt, [params.id, player, body.text]);
      await client.query(touchRound, [params.id]);
      const { id, created_at } = rows[0];
      const answer = { taunt: { id, playerId: player, text: body.text, createdAt: created_at } };
      await client.query(storeAnswer, [player, key, JSON.stringify(answer)]);
      await client.query('COMMIT');
      return await reply.code(201).send(answer);
    } finally {
      client.release();
    }
  },
});

async function playerOf({ headers }: FastifyRequest): Promise<string> {
  const token = headers.authorization?.slice('Bearer '.length) ?? '';
  const { rows } = await pool.query(findSession, [digest(token)]);
  return rows[0].id;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.((app.server.address() as { port: number }).port);
// It goes with the benchmark, but is not kept alive for it.
process.on('disconnect', () => process.exit());
process.channel?.unref();
