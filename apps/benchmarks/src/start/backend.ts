import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, limitRow, type Row } from '../harness/row.ts';
import { RunningBackend } from './running-backend.ts';
import { visitors } from './visitors.ts';

/**
 * What an operator waits for: a start in a folder that has been used before, and a deploy of the four processes, two of the API
 * and two of the party, while nobody is there and while clients ask all the time and others keep idle connections open.
 */
export async function measureBackend({ quick, log }: Context): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-backend-'));
  chmodSync(directory, 0o755); // As root its Postgres runs as another user.
  const data = join(directory, 'data');
  const rounds = quick ? 1 : 5;
  const warm: number[] = [];
  const idle: number[] = [];
  const busy: number[] = [];
  try {
    log(`start: a start that makes the cluster, then ${rounds} warm, each with two deploys`);
    await (await RunningBackend.start(data)).stop();
    for (let round = 0; round < rounds; round++) {
      const backend = await RunningBackend.start(data);
      try {
        warm.push(backend.startSeconds);
        idle.push(await backend.deploy());
        const visit = visitors(backend.port);
        try {
          busy.push(await backend.deploy());
        } finally {
          await visit.end();
        }
      } finally {
        await backend.stop();
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const row = (seconds: number[], dimension: string, limit: number): Row =>
    limitRow(seconds, { dimension, unit: 's', better: 'lower', limit });
  return [
    row(warm, 'start of the whole backend to ready, with its data of before', 5),
    row(idle, 'deploy of four processes, nobody there', 10),
    row(busy, 'deploy of four processes, with 8 clients that ask all the time and 32 idle connections', 10),
  ];
}
