import { channel, tracingChannel } from 'node:diagnostics_channel';
import type { TracingChannel } from 'node:diagnostics_channel';
import { DatabaseError } from 'pg';
import type { Lease } from './lease.ts';
import type { Asked } from './queryable.ts';

/** In the names of OpenTelemetry's semantic conventions for databases. Values of parameters are never among them. */
export interface TraceAttributes {
  readonly 'db.system.name': 'postgresql';
  readonly 'db.namespace': string;
  readonly 'server.address': string;
  readonly 'server.port': number;
  readonly 'db.client.connection.pool.name': string;
  /** The first word of the statement, or BATCH. */
  readonly 'db.operation.name'?: string;
  readonly 'db.query.text'?: string;
  readonly 'db.operation.batch.size'?: number;
  /** The SQLSTATE, where Postgres has answered with one. */
  readonly 'db.response.status_code'?: string;
  /** The code or the name of the error. */
  readonly 'error.type'?: string;
}

/** What the subscribers of a tracing channel get, the same object from start to end. */
export interface TraceMessage {
  /** Replaced when it fails, by one that knows of the error. */
  attributes: TraceAttributes;
  /** What the caller gets too. */
  readonly error?: unknown;
}

/** What the subscribers of `pg-pool-transactions:release` get. */
export interface ReleaseMessage {
  readonly attributes: TraceAttributes;
  /** How long the client was lent. */
  readonly useMs: number;
}

/**
 * What can be observed. Whoever has something to tell asks `hasSubscribers` first: nothing is measured, and no message made, for
 * nobody.
 */
export const tracing = {
  query: tracingChannel<unknown, TraceMessage>('pg-pool-transactions:query'),
  transaction: tracingChannel<unknown, TraceMessage>('pg-pool-transactions:transaction'),
  acquire: tracingChannel<unknown, TraceMessage>('pg-pool-transactions:acquire'),
  connect: tracingChannel<unknown, TraceMessage>('pg-pool-transactions:connect'),
  release: channel('pg-pool-transactions:release'),
};

export function queryAttributes(server: TraceAttributes, asked: Asked): TraceAttributes {
  if (Array.isArray(asked)) {
    const text = asked.map((statement) => statement.text).join('; ');
    return {
      ...server,
      'db.operation.name': 'BATCH',
      'db.operation.batch.size': asked.length,
      'db.query.text': text,
    };
  }
  const { text } = asked;
  if (typeof text !== 'string') return server;
  const [word] = /^\w+/.exec(text.trim()) ?? [];
  return { ...server, ...(word && { 'db.operation.name': word.toUpperCase() }), 'db.query.text': text };
}

/** @internal Runs something under the eyes of the subscribers. */
export async function trace<T>(
  on: TracingChannel<unknown, TraceMessage>,
  attributes: TraceAttributes,
  run: () => Promise<T>,
): Promise<T> {
  if (!on.hasSubscribers) return await run();
  const message: TraceMessage = { attributes };
  let result!: T;
  // Node shows subscribers what the promise resolves to: not the rows.
  await on.tracePromise(async () => {
    try {
      result = await run();
    } catch (error) {
      message.attributes = { ...attributes, ...describe(error) };
      throw error;
    }
  }, message);
  return result;
}

function describe(error: unknown): Partial<TraceAttributes> {
  if (error instanceof DatabaseError && error.code !== undefined)
    return { 'error.type': error.code, 'db.response.status_code': error.code };
  if (!(error instanceof Error)) return { 'error.type': '_OTHER' };
  return { 'error.type': 'code' in error && typeof error.code === 'string' ? error.code : error.name };
}

const lentAt = new WeakMap<Lease, number>();

export function noteLent(lease: Lease): void {
  lentAt.set(lease, performance.now());
}

export function tellReleased(lease: Lease): void {
  const since = lentAt.get(lease);
  // Nobody had subscribed yet when it was lent.
  if (since === undefined) return;
  const { attributes } = lease.lender;
  const message: ReleaseMessage = { attributes, useMs: performance.now() - since };
  tracing.release.publish(message);
}
