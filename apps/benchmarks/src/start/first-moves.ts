import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reachableDirectory } from '@silly-face/postgres-local';
import { freshClone } from '@silly-face/testing';
import { type Context, limitRow, type Row } from '../harness/row.ts';
import { firstMove } from './first-move.ts';

/**
 * What a newcomer waits for: from `npm run demo` to the first move of the game, in a fresh clone and again in the same one. The
 * home is one of its own: the first start fills its npm cache and its pnpm store and does not count.
 */
export async function measureFirstMoves({ quick, log }: Context): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-start-'));
  chmodSync(directory, 0o755); // As root the demo's Postgres runs as another user.
  const clone = join(directory, 'clone');
  const home = join(directory, 'home');
  const start = (): Promise<number> => firstMove(clone, home);
  const rounds = quick ? 1 : 5;
  const fresh: number[] = [];
  const warm: number[] = [];
  try {
    mkdirSync(home);
    freshClone(clone);
    log(`start: a start with an empty home, then ${rounds} warm${quick ? '' : ' and as many fresh'}`);
    await start();
    for (let round = 0; round < rounds; round++) {
      if (!quick) {
        removeClone(clone);
        freshClone(clone);
        fresh.push(await start());
      }
      warm.push(await start());
    }
  } finally {
    removeClone(clone);
    rmSync(directory, { recursive: true, force: true });
  }
  return quick ? [warmRow(warm)] : [freshRow(fresh), warmRow(warm)];
}

function removeClone(clone: string): void {
  // Elsewhere, where Postgres may not enter the clone.
  rmSync(reachableDirectory(join(clone, '.data')), { recursive: true, force: true });
  rmSync(clone, { recursive: true, force: true });
}

const command = '`npm run demo` to the first move of the game';

function freshRow(seconds: number[]): Row {
  const dimension = `${command}, in a fresh clone with a warm npm cache and pnpm store`;
  return limitRow(seconds, { dimension, unit: 's', better: 'lower', limit: 30 });
}

function warmRow(seconds: number[]): Row {
  const dimension = `${command}, started again in the same clone`;
  return limitRow(seconds, { dimension, unit: 's', better: 'lower', limit: 5 });
}
