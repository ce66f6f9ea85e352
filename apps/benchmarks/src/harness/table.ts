import type { Machine } from './machine.ts';
import type { Row } from './row.ts';

export interface Report {
  area: string;
  machine: Machine;
  quick: boolean;
  rows: Row[];
}

/** One line a row, for people. */
export function printTable({ area, machine, quick, rows }: Report): void {
  const { cores, cpu, memoryGiB, os, node } = machine;
  console.log(
    `${area}${quick ? ' (quick: rough)' : ''}: ${cores} × ${cpu}, ${memoryGiB} GiB, ${os}, Node ${node}`,
  );
  for (const row of rows) {
    const spread =
      row.spread === null ? `total of n=${row.n}` : `median of n=${row.n}, spread ${percent(row.spread)}`;
    console.log(`\n${row.dimension} (${row.unit}, ${row.better} is better; ${spread})`);
    const values = Object.entries({ ours: row.ours, ...row.rivals });
    const width = Math.max(...values.map(([name]) => name.length));
    for (const [name, value] of values) console.log(`  ${name.padEnd(width)}  ${figure(value).padStart(10)}`);
    const ratio = row.ratio === null ? 'no ratio (0)' : `${row.ratio.toFixed(2)} × ${row.against}`;
    console.log(`  ${ratio}; goal ${row.goal}: ${row.met ? 'met' : 'MISSED'}`);
  }
}

function figure(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function percent(value: number): string {
  return `${(value * 100).toFixed(0)} %`;
}
