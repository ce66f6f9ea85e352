import type { Area, Context, Row } from './row.ts';

/** An area that is made of parts: all of them, or those that were asked for, one after the other. */
export function areaOf(
  name: string,
  measurements: Record<string, (context: Context) => Promise<Row[]>>,
): Area {
  return async (context) => {
    const { only = Object.keys(measurements) } = context;
    const rows: Row[] = [];
    for (const [part, measure] of Object.entries(measurements)) {
      if (!only.includes(part)) continue;
      try {
        rows.push(...(await measure(context)));
      } catch (error) {
        throw new Error(`${name}, part ${part}: ${(error as Error).message}`, { cause: error });
      }
    }
    return rows;
  };
}
