import { areaOf } from '../harness/parts.ts';
import type { Context, Row } from '../harness/row.ts';
import { measureBackend } from '../start/backend.ts';
import { measureFirstMoves } from '../start/first-moves.ts';
import { measureSpawn } from '../start/spawn.ts';

const measurements: Record<string, (context: Context) => Promise<Row[]>> = {
  'first-move': measureFirstMoves,
  backend: measureBackend,
  'spawn-api': (context) => measureSpawn('api', context),
  'spawn-party': (context) => measureSpawn('party', context),
};

export const parts = Object.keys(measurements);

/** What somebody waits for: a newcomer for the demo, an operator for a start and a deploy, a crash for the next process. */
export const area = areaOf('start', measurements);
