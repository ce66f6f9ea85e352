import type { Pool } from '@silly-face/pg-pool-transactions';
import { isAlive, startPostgres, type TestPostgres, waitUntil } from '@silly-face/testing';
import { openDatabase } from '../../src/store/database.ts';
import { startBot } from '../../../bots/test/mock/bot-process.ts';
import { type Demo, demoFolders, runDemo } from '../demo/run-demo.ts';

export interface SoakedBackend extends AsyncDisposable {
  readonly backend: Demo;
  readonly url: string;
  readonly postgres: TestPostgres;
  /** The test's own look into the database. */
  readonly db: Pool;
  /** By SIGHUP. @throws when it was not deployed */
  deploy(): Promise<void>;
  /** The process that serves under this name now; undefined while none is ready. */
  pidOf(name: string): number | undefined;
  /** What the bots found wrong, or could not do. */
  botTroubles(): string[];
}

/** The whole backend as `main` runs it, and two bots that play against it where they are wanted. */
export async function startBackend(
  environment: Record<string, string> = {},
  { bots: hasBots = true }: { bots?: boolean } = {},
): Promise<SoakedBackend> {
  const postgres = await startPostgres();
  const folders = demoFolders();
  const backend = await runDemo(
    folders,
    { DATABASE_URL: postgres.connectionString, LOG_LEVEL: 'warn', ...environment },
    'main',
  );
  const url = `http://127.0.0.1:${backend.port}`;
  await waitUntil(() => backend.printed().includes('The API is at'), {
    what: 'the start',
    timeoutMs: 60_000,
  });
  const db = openDatabase(postgres.connectionString);
  const couple = [
    ['Cosbybot', 'Urkelbot'],
    ['Urkelbot', 'Cosbybot'],
  ];
  const bots = (hasBots ? couple : []).map(([BOT_NAME = '', BOT_OPPONENT = '']) =>
    startBot({ BOT_NAME, BOT_OPPONENT, API_URL: url }),
  );
  let deploys = 0;
  return {
    backend,
    url,
    postgres,
    db,
    async deploy() {
      deploys += 1;
      backend.signal('SIGHUP');
      const results = (): string[] => backend.printed().match(/^(Deployed|Not deployed.*)$/gm) ?? [];
      await waitUntil(() => results().length >= deploys, { what: `deploy ${deploys}`, timeoutMs: 120_000 });
      const result = results()[deploys - 1];
      if (result !== 'Deployed') throw new Error(result);
    },
    pidOf(name) {
      const lives = backend.printed().matchAll(new RegExp(`^.*\\b${name} \\((\\d+)\\): ready`, 'gm'));
      const pid = Number([...lives].at(-1)?.[1] ?? 0);
      return pid > 0 && isAlive(pid) ? pid : undefined;
    },
    botTroubles: () => bots.flatMap(({ stderr }) => stderr.split('\n').filter(Boolean)),
    async [Symbol.asyncDispose]() {
      for (const bot of bots) await bot[Symbol.asyncDispose]();
      backend.signal('SIGTERM');
      await backend.ended;
      for (const pid of backend.processes()) process.kill(pid, 'SIGKILL');
      await db.drain();
      await postgres[Symbol.asyncDispose]();
      folders.remove();
    },
  };
}
