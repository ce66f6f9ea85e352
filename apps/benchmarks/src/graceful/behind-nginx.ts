import { bringNginx } from '@silly-face/testing';
import { type Context, type Row, shareRow } from '../harness/row.ts';
import { each } from './each.ts';
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

const recipes = {
  held: {
    roll: rollHeld,
    what: 'nginx, a held listener, the next process ready before SIGTERM, `proxy_next_upstream off`',
  },
  ports: {
    roll: rollPorts,
    what: 'nginx, two ports restarted in turn, `proxy_next_upstream error timeout non_idempotent`',
  },
};

/** Rolling restarts with bursts of requests around SIGTERM, around the listener's closing, and around the end of idle connections. */
export async function measureBehindNginx(
  recipe: keyof typeof recipes,
  { quick, log }: Context,
): Promise<Row[]> {
  const missing = await bringNginx();
  if (missing !== undefined) {
    log(`graceful: no rows behind nginx: ${missing}`);
    return [];
  }
  const { roll, what } = recipes[recipe];
  const amountOf = (name: Name): Amount => {
    if (name === 'ours') return { restarts: 1, requests: quick ? 3_000 : 100_000, limitMs: 5_000 };
    return { restarts: quick ? 2 : 8, requests: 0, limitMs: quick ? 1_000 : 2_000 };
  };
  const outcomes = new Map<Name, Outcome>();
  for (const name of names) {
    const outcome = await roll(name, amountOf(name));
    outcomes.set(name, outcome);
    log(`graceful: ${recipe}, ${name}: ${describe(outcome)}`);
  }
  const shares = (count: (outcome: Outcome) => number, of: (outcome: Outcome) => number) =>
    each(names, (name) => {
      const outcome = outcomes.get(name) as Outcome;
      return { count: count(outcome), of: of(outcome) };
    });
  const sent = ({ GET, POST }: Outcome): number => GET.sent + POST.sent;
  const fewest = Math.min(
    ...names.filter((name) => name !== 'ours').map((name) => sent(outcomes.get(name) as Outcome)),
  );
  const goal = { unit: 'per 10,000', per: 10_000, better: 'lower', goal: 0 } as const;
  const rivals = `of each rival at least ${fewest}`;
  return [
    shareRow(
      shares(({ GET, POST }) => GET.lost + POST.lost, sent),
      { dimension: `${what}: requests lost (${rivals})`, against: 'http-terminator', ...goal },
    ),
    shareRow(
      shares(
        ({ POST }) => POST.lost,
        ({ POST }) => POST.sent,
      ),
      { dimension: `${what}: of the half that were POST, lost`, against: 'http-terminator', ...goal },
    ),
    shareRow(
      shares(({ executedTwice }) => executedTwice, sent),
      { dimension: `${what}: requests executed twice`, against: 'http-terminator', ...goal },
    ),
  ];
}

function describe({ restarts, GET, POST, executedTwice, losses }: Outcome): string {
  const how = [...losses].map(([kind, count]) => `${count} × ${kind}`).join(', ');
  return (
    `${restarts} restarts, ${GET.lost} of ${GET.sent} GET and ${POST.lost} of ${POST.sent} POST lost` +
    `${how && ` (${how})`}, ${executedTwice} executed twice`
  );
}
