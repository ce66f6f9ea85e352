import { createHash } from 'node:crypto';
import type { Database } from './database.ts';
import { Refused } from './refused.ts';

/** A request that takes effect at most once for each scope and key. */
export interface KeyedRequest {
  /** The player's id, or `anonymous`. */
  readonly scope: string;
  readonly key: string;
  /** What tells the request from another one with the same key: see `fingerprint`. */
  readonly fingerprint: Buffer;
}

export interface Once<Answer> {
  readonly answer: Answer;
  /** The answer is an earlier one. */
  readonly replayed: boolean;
}

/**
 * Runs the effect and stores its answer (as JSON) in one transaction with the key, or returns the answer of the earlier
 * request with this key. An effect that throws leaves no key.
 *
 * @throws {Refused} `idempotency-key-reused` when the earlier request was another one.
 */
export function once<Answer>(
  db: Database,
  request: KeyedRequest,
  effect: () => Promise<Answer>,
): Promise<Once<Answer>> {
  return db.transaction({ retries: 3 }, async () => {
    const earlier = await claim(db, request);
    if (earlier) return { answer: earlier.answer as Answer, replayed: true };
    const answer = await effect();
    // In one round trip with the COMMIT, which fails when this does.
    storeAnswer(db, request, answer).catch(() => {});
    return { answer, replayed: false };
  });
}

/**
 * Takes the key for the transaction, or finds the earlier answer. A concurrent request with the same key waits in the INSERT
 * until this transaction ends: after a commit it finds the answer, after a rollback it takes the key itself.
 */
export async function claim(db: Database, request: KeyedRequest): Promise<{ answer: unknown } | undefined> {
  for (;;) {
    const { rowCount } = await db.query(
      `INSERT INTO idempotency_keys (scope, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
      [request.scope, request.key, request.fingerprint],
    );
    if (rowCount === 1) return undefined;
    const earlier = await earlierAnswer(db, request);
    if (earlier) return earlier;
    // The row was swept between the two statements: take the key now.
  }
}

export async function storeAnswer(db: Database, request: KeyedRequest, answer: unknown): Promise<void> {
  await db.query(`UPDATE idempotency_keys SET answer = $3 WHERE scope = $1 AND key = $2`, [
    request.scope,
    request.key,
    JSON.stringify(answer),
  ]);
}

/** The answer that was given to this request before, if there is one. */
export async function earlierAnswer(
  db: Database,
  request: KeyedRequest,
): Promise<{ answer: unknown } | undefined> {
  const { rows } = await db.query<{ fingerprint: Buffer; answer: unknown }>(
    `SELECT fingerprint, answer FROM idempotency_keys WHERE scope = $1 AND key = $2`,
    [request.scope, request.key],
  );
  const [row] = rows;
  if (!row) return undefined;
  if (!row.fingerprint.equals(request.fingerprint))
    throw new Refused('idempotency-key-reused', 'This Idempotency-Key belongs to another request');
  return { answer: row.answer };
}

/** Whether anything was answered under this key, whatever the request was. */
export async function isKeyUsed(
  db: Database,
  { scope, key }: Omit<KeyedRequest, 'fingerprint'>,
): Promise<boolean> {
  const { rowCount } = await db.query(`SELECT FROM idempotency_keys WHERE scope = $1 AND key = $2`, [
    scope,
    key,
  ]);
  return rowCount === 1;
}

/** Stored for a day, in the clear for whoever computes the same digest: `body` must hold no password. */
export function fingerprint(method: string, path: string, body: unknown): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([method, path, body]))
    .digest();
}
