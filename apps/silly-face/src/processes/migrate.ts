// Brings the database's schema up to date and exits: 0 when it is, 1 when it is not. Runs once before the first API process
// starts and at each deploy; several at a time wait for one another.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readDatabaseUrl, readMigratePatience } from '../config.ts';
import { areMigrationsApplied, MIGRATIONS_TABLE } from '../store/applied-migrations.ts';
import { connected, passingTrouble } from '../store/connected.ts';

/** Between two attempts. Those who waited behind one that wanted a lock have their turn before the next. */
const PAUSE_MS = { locked: 3000, away: 1000 };

try {
  const databaseUrl = readDatabaseUrl(process.env);
  const folder = fileURLToPath(new URL('../../migrations', import.meta.url));
  await patiently(readMigratePatience(process.env), async () => {
    if (await areMigrationsApplied(databaseUrl, folder)) console.log('No migrations to run');
    else await migrate(databaseUrl, folder);
  });
} catch (error) {
  console.error(`The migrations failed: ${messageOf(error)}`);
  process.exitCode = 1;
}

/** A start or a deploy does not fail because of what passes: whatever broke off an attempt, it left nothing behind. */
async function patiently(patienceMs: number, attempt: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  let told = '';
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      const trouble = passingTrouble(error);
      if (!trouble || performance.now() + PAUSE_MS[trouble] > deadline) throw error;
      const message = messageOf(error);
      if (trouble === 'locked') console.log(`The tables are in use, ${message}: tried again in 3 s`);
      else if (message !== told) console.log(`The database is away, ${message}: waiting for it`);
      told = message;
      await sleep(PAUSE_MS[trouble]);
    }
  }
}

async function migrate(databaseUrl: string, folder: string): Promise<void> {
  const { runner } = await import('node-pg-migrate');
  const statements: string[] = [];
  try {
    await connected(databaseUrl, (dbClient) =>
      runner({
        dbClient,
        dir: folder,
        direction: 'up',
        migrationsTable: MIGRATIONS_TABLE,
        advisoryLockMode: 'wait',
        // All or nothing: a failing migration leaves none of its companions behind.
        singleTransaction: true,
        logger: {
          info: console.log,
          warn: console.log,
          error: (statement) => statements.push(statement),
        },
      }),
    );
  } catch (error) {
    if (!passingTrouble(error)) console.error(statements.join('\n'));
    throw error;
  }
}

function messageOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message || code || String(error); // Of a name with several addresses, none of which answers, there is only a code.
}
