import { bringNginx } from '@silly-face/testing';
import { type Context, type Row, shareRow } from '../harness/row.ts';
import { each } from '../harness/each.ts';
import type { LibraryName } from './libraries.ts';
import { type Amount, type Outcome, rollHeld, rollPorts } from './rolling.ts';

// `close-with-grace` closes nothing itself: it would be Node's own close once more.
const names = [
  'ours',
  'http-terminator',
  'stoppable',
  'terminus',
  'http-graceful-shutdown',
  'fastify close',
  'node:http close',
  '502 middleware',
] as const satisfies LibraryName[];

type Name = (typeof names)[number];

interface Recipe {
  what: string;
  roll: (library: LibraryName, amount: Amount) => Promise<Outcome>;
  /** To ours; of the rivals, so many restarts show enough. */
  requests: number;
  rivalRestarts: number;
  goal: { goal: 0 } | { goalRatio: number };
}

const recipes: Record<'held' | 'ports', Recipe[]> = {
  held: [
    {
      what: 'nginx, a held listener, the next process ready before SIGTERM, `proxy_next_upstream off`',
      roll: rollHeld,
      requests: 100_000,
      rivalRestarts: 16,
      goal: { goal: 0 },
    },
  ],
  ports: [
    {
      what: 'nginx, two ports restarted in turn, `proxy_next_upstream error timeout non_idempotent`',
      roll: (library, amount) =>
        rollPorts(library, amount, {
          repeated: 'error timeout non_idempotent',
          keepaliveTimeoutMs: 60_000,
          idleGraceMs: 100,
        }),
      requests: 100_000,
      rivalRestarts: 8,
      goal: { goal: 0 },
    },
    {
      // No recipe: what a POST that meets the listener's closing costs where nginx may not repeat it, idle connections left to nginx.
      what: 'nginx, two ports restarted in turn, `proxy_next_upstream error timeout`, which repeats no POST',
      roll: (library, amount) =>
        rollPorts(library, amount, {
          repeated: 'error timeout',
          keepaliveTimeoutMs: 500,
          idleGraceMs: 800,
        }),
      requests: 15_000,
      rivalRestarts: 8,
      goal: { goalRatio: 1 },
    },
  ],
};

/** Rolling restarts with bursts of requests around SIGTERM, around the listener's closing, and around the end of idle connections. */
export async function measureBehindNginx(recipe: 'held' | 'ports', context: Context): Promise<Row[]> {
  const missing = await bringNginx();
  if (missing !== undefined) {
    context.log(`graceful: no rows behind nginx: ${missing}`);
    return [];
  }
  const rows: Row[] = [];
  for (const variant of recipes[recipe]) rows.push(...(await measure(variant, context)));
  return rows;
}

async function measure(recipe: Recipe, { quick, log }: Context): Promise<Row[]> {
  const { what, roll, requests, rivalRestarts, goal } = recipe;
  const ours: Amount = { restarts: 1, requests: quick ? 2_000 : requests, limitMs: 5_000 };
  const theirs: Amount = { restarts: quick ? 1 : rivalRestarts, requests: 0, limitMs: quick ? 500 : 2_000 };
  const outcomes = new Map<Name, Outcome>();
  log(`graceful: rolling restarts behind ${what}`);
  for (const name of names) {
    const outcome = await roll(name, name === 'ours' ? ours : theirs);
    outcomes.set(name, outcome);
    log(`  ${name}: ${describe(outcome)}`);
  }
  const shares = (share: (outcome: Outcome) => { count: number; of: number }) =>
    each(names, (name) => share(outcomes.get(name) as Outcome));
  const fewest = Math.min(...names.slice(1).map((name) => sentOf(outcomes.get(name) as Outcome)));
  const row = {
    unit: 'per 10,000',
    per: 10_000,
    better: 'lower',
    against: 'terminus',
  } as const;
  return [
    shareRow(
      shares((outcome) => ({ count: outcome.GET.lost + outcome.POST.lost, of: sentOf(outcome) })),
      { dimension: `${what}: requests lost (of each rival at least ${fewest})`, ...row, ...goal },
    ),
    shareRow(
      shares(({ POST }) => ({ count: POST.lost, of: POST.sent })),
      { dimension: `${what}: of the half that were POST, lost`, ...row, ...goal },
    ),
    shareRow(
      shares((outcome) => ({ count: outcome.executedTwice, of: sentOf(outcome) })),
      { dimension: `${what}: requests executed twice`, ...row, goal: 0 },
    ),
  ];
}

const sentOf = ({ GET, POST }: Outcome): number => GET.sent + POST.sent;

function describe({ restarts, GET, POST, executedTwice, losses }: Outcome): string {
  const how = [...losses].map(([kind, count]) => `${count} × ${kind}`).join(', ');
  return (
    `${restarts} restarts, ${GET.lost} of ${GET.sent} GET and ${POST.lost} of ${POST.sent} POST lost` +
    `${how && ` (${how})`}, ${executedTwice} executed twice`
  );
}
