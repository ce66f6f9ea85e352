// npm run bench -- <area> [--quick] [--json] [--only <part>]
import { parseArgs } from 'node:util';
import { machine } from './harness/machine.ts';
import { printTable } from './harness/table.ts';
import type { Area } from './harness/row.ts';

interface Loaded {
  area: Area;
  /** What `--only` may name. */
  parts?: readonly string[];
}

const areas: Record<string, () => Promise<Loaded>> = {
  pg: () => import('./areas/pg.ts'),
  s3: () => import('./areas/s3.ts'),
  graceful: () => import('./areas/graceful.ts'),
  supervisor: () => import('./areas/supervisor.ts'),
  party: () => import('./areas/party.ts'),
  api: () => import('./areas/api.ts'),
  start: () => import('./areas/start.ts'),
};

const usage = `Usage: npm run bench -- <area> [--quick] [--json] [--only <part>]
  <area>    one of ${Object.keys(areas).join(', ')}
  --quick   fewer and shorter rounds: shows that it runs, its figures are rough
  --json    one JSON object on standard output instead of the table
  --only    a part of an area that has parts: s3, graceful, supervisor, party, api, start; may be repeated`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [name] = positionals;
const load = name === undefined ? undefined : areas[name];

if (values.help) {
  console.log(usage);
} else if (!name || !load || positionals.length > 1) {
  console.error(name && !load ? `No area is called ${name}.\n${usage}` : usage);
  process.exitCode = 2;
} else {
  const { area, parts = [] } = await load();
  const { quick, only } = values;
  const unknown = only?.find((part) => !parts.includes(part));
  if (unknown !== undefined) {
    console.error(`No part of ${name} is called ${unknown}; it has ${parts.join(', ') || 'none'}`);
    process.exit(2);
  }
  const rows = await area({ quick, only, log: (line) => console.error(line) });
  const report = { area: name, machine: machine(), quick, rows };
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else printTable(report);
}
