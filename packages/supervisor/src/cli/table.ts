import type { ChildState } from '../child/states.ts';

/** What nobody knows is shown as a dash. */
export type Cell = string | number | undefined | { readonly text: string; readonly color: Color };

export type Color = 'green' | 'yellow' | 'red' | 'gray';

/** Columns two blanks apart, numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const isNumeric = header.map((_, column) => rows.some((row) => /^\d/.test(textOf(row[column]))));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => textOf(row[column]).length)),
  );
  const lines = [header, ...rows].map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, isNumeric[column] ?? false))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

export const stateColors: Readonly<Record<ChildState, Color>> = {
  ready: 'green',
  starting: 'yellow',
  unhealthy: 'yellow',
  stopping: 'yellow',
  'backing off': 'yellow',
  failed: 'red',
  stopped: 'gray',
  completed: 'gray',
};

function textOf(cell: Cell): string {
  if (cell === undefined) return '-';
  return typeof cell === 'object' ? cell.text : String(cell);
}

function pad(cell: Cell, width: number, isNumeric: boolean): string {
  const text = textOf(cell);
  const blanks = ' '.repeat(width - text.length);
  const shown =
    typeof cell === 'object' && isColored() ? `\u001B[${codes[cell.color]}m${text}\u001B[0m` : text;
  return isNumeric ? blanks + shown : shown + blanks;
}

const codes: Readonly<Record<Color, number>> = { green: 32, yellow: 33, red: 31, gray: 90 };

/** https://no-color.org */
function isColored(): boolean {
  return process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
}
