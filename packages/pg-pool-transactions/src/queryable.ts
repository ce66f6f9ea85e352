import { DatabaseError } from 'pg';
import type {
  CustomTypesConfig,
  QueryArrayConfig,
  QueryArrayResult,
  QueryConfig,
  QueryConfigValues,
  QueryResult,
  QueryResultRow,
  Submittable,
} from 'pg';
import { answer } from './callback.ts';
import type { Callback } from './callback.ts';
import { nameOf } from './exchange.ts';
import { statementTimedOut } from './lease.ts';
import { checkLimitOptions, Limit } from './limit.ts';
import type { LimitOptions } from './limit.ts';

/** A statement as it goes to a connection. */
export interface Statement {
  text: string;
  values?: unknown[] | undefined;
  name?: string | undefined;
  rowMode?: 'array' | undefined;
  types?: CustomTypesConfig | undefined;
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What is asked in one go: a statement, or several that make a batch. */
export type Asked = Statement | Statement[];

/**
 * The ways to ask a query: those of pg, as promise and with a callback. A config may have a `timeoutMs` and a `signal` too: when the
 * time is up (`STATEMENT_TIMEOUT`, the wait for a client included) or the signal aborts (`ABORTED`), the caller is answered at once,
 * and the statement is cancelled on the server.
 */
export interface QueryFunction {
  <R extends unknown[] = unknown[], I = unknown[]>(
    config: QueryArrayConfig<I> & LimitOptions,
    values?: QueryConfigValues<I>,
  ): Promise<QueryArrayResult<R>>;
  <R extends QueryResultRow = QueryResultRow, I = unknown[]>(
    textOrConfig: string | (QueryConfig<I> & LimitOptions),
    values?: QueryConfigValues<I>,
  ): Promise<QueryResult<R>>;
  <R extends unknown[] = unknown[], I = unknown[]>(
    config: QueryArrayConfig<I> & LimitOptions,
    callback: Callback<QueryArrayResult<R>>,
  ): void;
  <R extends QueryResultRow = QueryResultRow, I = unknown[]>(
    textOrConfig: string | (QueryConfig<I> & LimitOptions),
    callback: Callback<QueryResult<R>>,
  ): void;
  <R extends QueryResultRow = QueryResultRow, I = unknown[]>(
    text: string,
    values: QueryConfigValues<I>,
    callback: Callback<QueryResult<R>>,
  ): void;
}

/** The ways to ask a query of one client: besides those of {@link QueryFunction}, cursors and streams. */
export interface ClientQueryFunction extends QueryFunction {
  /** Runs a cursor of pg-cursor or a stream of pg-query-stream. @throws PoolError `CLIENT_PIPELINED`, unless `pipeline` is false */
  <T extends Submittable>(query: T): T;
}

/**
 * Runs statements one after the other in one round trip, and resolves to their results in this order. When one fails, those behind
 * it do not run; its error has its place as `batchIndex`. In a transaction the batch is part of it; outside of any, what it does
 * becomes permanent as a whole or not at all.
 */
export interface BatchFunction {
  <R extends QueryResultRow = QueryResultRow>(
    statements: readonly (string | QueryConfig | QueryArrayConfig)[],
    limits?: LimitOptions,
  ): Promise<QueryResult<R>[]>;
}

/** Sends what is asked; resolves to the results of a batch in spite of its type. */
export type Send = (asked: Asked, limit: Limit | undefined) => Promise<QueryResult>;

export function batchFunction(send: Send): BatchFunction {
  const batch = async (
    configs: readonly (string | Statement)[],
    limits: LimitOptions = {},
  ): Promise<QueryResult[]> => {
    if (!Array.isArray(configs)) throw new TypeError('Expected a batch to be an array of queries');
    const statements = configs.map((config: string | Statement) => statement(config, undefined));
    if (statements.length === 0) return [];
    const limit = limitOf(statements, limits);
    try {
      return (await send(statements, limit)) as unknown as QueryResult[];
    } catch (error) {
      throw shownHere(error);
    } finally {
      limit?.end();
    }
  };
  return batch as BatchFunction;
}

/** Makes the public forms of a client's `query`. */
export function clientQueryFunction(send: Send, submit: (query: Submittable) => void): ClientQueryFunction {
  return queryFunction(send, submit);
}

/** Makes the public forms of `query` out of the one that sends a statement. */
export function queryFunction(send: Send, submit?: (query: Submittable) => void): QueryFunction {
  const query = (
    config: string | Statement | Submittable,
    values?: unknown[] | Callback<QueryResult>,
    callback?: Callback<QueryResult>,
  ): Promise<QueryResult> | Submittable | void => {
    if (isSubmittable(config)) {
      if (!submit) throw new TypeError('A cursor or stream needs a client: this is a pool');
      submit(config);
      return config;
    }
    const parameters = typeof values === 'function' ? undefined : values;
    const answered = typeof values === 'function' ? values : callback;
    const result = ask(send, config, parameters);
    if (answered === undefined) return result;
    answer(result, answered);
  };
  return query as QueryFunction;
}

async function ask(
  send: Send,
  config: string | Statement,
  values: unknown[] | undefined,
): Promise<QueryResult> {
  const asked = statement(config, values);
  const limit = limitOf(asked, asked);
  try {
    return await send(asked, limit);
  } catch (error) {
    throw shownHere(error);
  } finally {
    limit?.end();
  }
}

/** @throws what the limit says, if it is reached already */
function limitOf(asked: Asked, limits: LimitOptions): Limit | undefined {
  if (limits.timeoutMs === undefined && limits.signal === undefined) return undefined;
  checkLimitOptions(limits);
  const limit = Limit.of(nameOf(asked), limits, (ms) => statementTimedOut(asked, ms));
  limit?.mustNotBeReached();
  return limit;
}

/** Where pg made an error, in its parser, means nothing to anybody: it shows who awaits it. */
function shownHere(error: unknown): unknown {
  if (error instanceof DatabaseError) Error.captureStackTrace(error);
  return error;
}

/** Field by field, because pg writes into the object it gets, and because templates keep `text` behind a getter. */
function statement(config: string | Statement, values: unknown[] | undefined): Statement {
  if (typeof config === 'string') return { text: config, values };
  if (typeof config !== 'object' || config === null) {
    throw new TypeError('Expected a query to be its text or a query config');
  }
  const { text, name, rowMode, types, timeoutMs, signal } = config;
  return { text, values: values ?? config.values, name, rowMode, types, timeoutMs, signal };
}

function isSubmittable(query: unknown): query is Submittable {
  return typeof query === 'object' && query !== null && 'submit' in query;
}
