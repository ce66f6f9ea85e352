import { areaOf } from '../harness/parts.ts';
import type { Context, Row } from '../harness/row.ts';
import { measureConnectionMemory } from '../party/connection-memory.ts';
import { measureDeploy } from '../party/deploy.ts';
import { measureEcho } from '../party/echo.ts';
import { measureFanOut } from '../party/fan-out.ts';

const measurements: Record<string, (context: Context) => Promise<Row[]>> = {
  'fan-out': (context) => measureFanOut('in turn', context),
  'fan-out-burst': (context) => measureFanOut('at once', context),
  echo: measureEcho,
  'connection-memory': measureConnectionMemory,
  deploy: measureDeploy,
};

export const parts = Object.keys(measurements);

/** What party mode costs beside the least that does the same. */
export const area = areaOf('party', measurements);
