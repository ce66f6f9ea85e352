import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, runPostgres } from '@silly-face/postgres-local';
import type { Area } from '../harness/row.ts';
import { measureBorrow } from '../pg/borrow.ts';
import { measureCancel } from '../pg/cancel.ts';
import { measureDown } from '../pg/down.ts';
import { measureHotRow } from '../pg/hot-row.ts';
import { measureTransactions } from '../pg/transactions.ts';

export const area: Area = async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-pg-'));
  chmodSync(directory, 0o755); // As root the server runs as another user.
  const server = await runPostgres({
    directory,
    port: await freePort(),
    source: 'embedded',
    // The disk is not what is measured.
    settings: { fsync: 'off', synchronous_commit: 'off' },
  });
  const { connectionString } = server;
  try {
    return [
      ...(await measureTransactions(context, connectionString)),
      await measureBorrow(context, connectionString),
      ...(await measureHotRow(context, connectionString)),
      await measureCancel(context, connectionString),
      ...(await measureDown(context)),
    ];
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true });
  }
};
