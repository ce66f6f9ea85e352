import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import type { ReleaseMessage, TraceAttributes, TraceMessage } from '@silly-face/pg-pool-transactions';
import { waitUntil } from '@silly-face/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { useDatabase } from './support/database.ts';

const database = useDatabase();

const operations = ['query', 'transaction', 'acquire', 'connect'] as const;
const subscriptions: (() => void)[] = [];
afterEach(() => {
  for (const end of subscriptions.splice(0)) end();
});

interface Span {
  readonly operation: string;
  readonly parent: Span | undefined;
  attributes?: TraceAttributes;
  ended: boolean;
}

/** Makes spans, as a bridge to OpenTelemetry would: each within the one in whose async call tree it begins. */
function makeSpans(): Span[] {
  const spans: Span[] = [];
  const current = new AsyncLocalStorage<Span>();
  for (const operation of operations) {
    const tracing = tracingChannel<unknown, TraceMessage>(`pg-pool-transactions:${operation}`);
    const open = new WeakMap<object, Span>();
    tracing.start.bindStore(current, (message) => {
      const span = { operation, parent: current.getStore(), ended: false };
      spans.push(span);
      open.set(message, span);
      return span;
    });
    const end = (message: unknown): void => {
      const span = open.get(message as TraceMessage);
      if (span) Object.assign(span, { ended: true, attributes: (message as TraceMessage).attributes });
    };
    tracing.asyncEnd.subscribe(end);
    subscriptions.push(() => {
      tracing.start.unbindStore(current);
      tracing.asyncEnd.unsubscribe(end);
    });
  }
  return spans;
}

/** As `operation` or, for a query, its text, with what it is part of in front. */
function path({ operation, attributes, parent }: Span): string {
  const own = attributes?.['db.query.text'] ?? operation;
  return parent ? `${path(parent)} > ${own}` : own;
}

describe('tracing channels', () => {
  it('let a subscriber make spans, each in its place', async () => {
    const spans = makeSpans();
    const pool = database.pool({ name: 'shop' });
    await pool.transaction(async () => {
      await pool.query('INSERT INTO items VALUES ($1)', [4711]);
    });
    await pool.query('SELECT 1');
    expect(spans.map(path)).toEqual([
      'transaction',
      'transaction > acquire',
      'transaction > acquire > connect',
      'transaction > INSERT INTO items VALUES ($1)',
      'transaction > COMMIT',
      'acquire',
      'SELECT 1',
    ]);
    expect(spans.every(({ ended }) => ended)).toBe(true);
    const { hostname, port, pathname } = new URL(database.server.connectionString);
    expect(spans[3]?.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': pathname.slice(1),
      'server.address': hostname,
      'server.port': Number(port),
      'db.client.connection.pool.name': 'shop',
      'db.operation.name': 'INSERT',
      'db.query.text': 'INSERT INTO items VALUES ($1)',
    });
    expect(JSON.stringify(spans)).not.toContain('4711');
  });

  it('tell what something failed with', async () => {
    const spans = makeSpans();
    const connectionString = new URL('/missing', database.server.connectionString).href;
    await expect(database.pool().query('SELECT nonsense')).rejects.toMatchObject({ code: '42703' });
    await expect(database.pool({ connectionString }).transaction(() => {})).rejects.toMatchObject({
      code: 'POOL_CONNECT_FAILED',
    });
    const failures = spans.filter(({ attributes }) => attributes?.['error.type'] !== undefined);
    expect(failures.map((span) => [path(span), span.attributes?.['error.type']])).toEqual([
      ['SELECT nonsense', '42703'],
      ['transaction', 'POOL_CONNECT_FAILED'],
      ['transaction > acquire', 'POOL_CONNECT_FAILED'],
      ['transaction > acquire > connect', 'POOL_CONNECT_FAILED'],
    ]);
    expect(failures[0]?.attributes?.['db.response.status_code']).toBe('42703');
  });

  it('tell how long each client was lent', async () => {
    const messages: ReleaseMessage[] = [];
    const listener = (message: unknown): void => void messages.push(message as ReleaseMessage);
    subscribe('pg-pool-transactions:release', listener);
    subscriptions.push(() => unsubscribe('pg-pool-transactions:release', listener));
    const pool = database.pool({ max: 1, name: 'shop' });
    await Promise.all([pool.transaction(() => pool.query('SELECT 1')), pool.query('SELECT 2')]);
    await waitUntil(() => messages.length === 2, { what: 'both releases' });
    for (const { attributes, useMs } of messages) {
      expect(attributes['db.client.connection.pool.name']).toBe('shop');
      expect(useMs).toBeGreaterThan(0);
    }
  });

  it('are silent, and show no rows, when nobody has subscribed before', async () => {
    const pool = database.pool();
    const published: unknown[] = [];
    const listener = (message: unknown): void => void published.push(message);
    const channels = operations.flatMap((operation) =>
      ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((phase) =>
        channel(`tracing:pg-pool-transactions:${operation}:${phase}`),
      ),
    );
    // Who comes late gets nothing of what has begun without them.
    await pool.transaction(async () => {
      await pool.query('SELECT 1 AS before');
      for (const each of channels) each.subscribe(listener);
      await pool.query('SELECT 2 AS after');
    });
    for (const each of channels) each.unsubscribe(listener);
    const texts = published.map((message) => (message as TraceMessage).attributes['db.query.text']);
    expect(new Set(texts)).toEqual(new Set(['SELECT 2 AS after', 'COMMIT']));
    expect(published.filter((message) => (message as { result?: unknown }).result !== undefined)).toEqual([]);
    published.length = 0;
    await pool.query('SELECT 3');
    expect(published).toEqual([]);
  });
});
