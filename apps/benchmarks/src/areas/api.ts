import { measureMove, measureRead } from '../api/requests.ts';
import { areaOf } from '../harness/parts.ts';
import type { Context, Row } from '../harness/row.ts';

const measurements: Record<string, (context: Context) => Promise<Row[]>> = {
  read: measureRead,
  move: measureMove,
};

export const parts = Object.keys(measurements);

/** The whole API process, with all that it does besides, and the same statements by hand. */
export const area = areaOf('api', measurements);
