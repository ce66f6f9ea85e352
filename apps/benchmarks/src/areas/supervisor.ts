import { areaOf } from '../harness/parts.ts';
import type { Context, Row } from '../harness/row.ts';
import { measureBlocked } from '../supervisor/blocked.ts';
import { measureCrashes } from '../supervisor/crashes.ts';
import { measureIdle } from '../supervisor/idle.ts';
import { measureLogBurst } from '../supervisor/log-burst.ts';
import { measureLogRate } from '../supervisor/log-rate.ts';
import { measureLogText } from '../supervisor/log-text.ts';
import { measureNeverListens } from '../supervisor/never-listens.ts';
import { measureOrphans } from '../supervisor/orphans.ts';
import { measureReload } from '../supervisor/reload.ts';

const measurements: Record<string, (context: Context) => Promise<Row[]>> = {
  'crash-kill': (context) => measureCrashes({ how: 'SIGKILL', spareMs: 20 }, context),
  'crash-exit': (context) => measureCrashes({ how: 'exit(1)', spareMs: 20 }, context),
  'crash-slow': (context) => measureCrashes({ how: 'SIGKILL', startMs: 300, spareMs: 25 }, context),
  reload: measureReload,
  'never-listens': measureNeverListens,
  blocked: measureBlocked,
  orphans: measureOrphans,
  'log-burst': measureLogBurst,
  'log-rate': measureLogRate,
  'log-text': measureLogText,
  idle: measureIdle,
};

export const parts = Object.keys(measurements);

/** What the children of a supervisor meet, and those who ask them: crashes, deploys, hangs, its own death, and what they print. */
export const area = areaOf('supervisor', measurements);
