import type { Database } from './database.ts';

/**
 * The database whose log and pg_stat_activity name the request that a statement belongs to, in the form of sqlcommenter. The
 * comment stands in front: Postgres shows the first 1024 bytes of a statement, and some of ours are longer. BEGIN and COMMIT are
 * the pool's own, and go without. It changes with each request, and so does not go with named statements: there are none here.
 *
 * Made for each request instead of found by AsyncLocalStorage, which took a quarter of the time of a read on Node 20.
 */
export function withRequestComment(db: Database, requestId: string): Database {
  const comment = `/*request_id='${encodeURIComponent(requestId)}'*/ `;
  return {
    query: (text, values) => db.query(comment + text, values),
    transaction: db.transaction.bind(db),
  };
}
