import { median, spread } from './statistics.ts';

export interface Context {
  /** Fewer and shorter rounds. */
  quick: boolean;
  /** Parts of the area, if not all of them. */
  only?: readonly string[] | undefined;
  /** Progress, for a person. */
  log: (line: string) => void;
}

/** Measures all of an area's rows, each candidate in its own process or server, and leaves nothing behind. */
export type Area = (context: Context) => Promise<Row[]>;

/** One figure, ours beside the rivals'. */
export interface Row {
  dimension: string;
  unit: string;
  better: 'lower' | 'higher';
  /** For a time or a rate the median of the rounds; for a count the total. */
  ours: number;
  /** Of our rounds, (third quartile − first quartile) ÷ median; null for a total. */
  spread: number | null;
  /** How many rounds a median is of, or how many requests a total is of. */
  n: number;
  rivals: Record<string, number>;
  /** The rival that the ratio and the goal are against. */
  against: string;
  /** Ours ÷ the rival's; null where the rival's is 0. */
  ratio: number | null;
  goal: string;
  met: boolean;
}

interface Description {
  dimension: string;
  unit: string;
  better: 'lower' | 'higher';
  against: string;
}

/** A row of times or rates: medians of interleaved rounds. The goal is a limit of the ratio, or of ours by itself. */
export function medianRow(
  samples: Record<string, number[]>,
  description: Description & ({ goalRatio: number } | { goalValue: number }),
): Row {
  const { dimension, unit, better, against } = description;
  const { ours = [], ...others } = samples;
  const rivals = Object.fromEntries(Object.entries(others).map(([name, values]) => [name, median(values)]));
  const value = median(ours);
  const ratio = ratioOf(value, rivals[against]);
  const [judged, limit, of] =
    'goalValue' in description
      ? [value, description.goalValue, unit]
      : [ratio, description.goalRatio, `× ${against}`];
  return {
    dimension,
    unit,
    better,
    against,
    ours: value,
    spread: spread(ours),
    n: ours.length,
    rivals,
    ratio,
    goal: `${better === 'lower' ? '≤' : '≥'} ${limit} ${of}`,
    met: judged !== null && (better === 'lower' ? judged <= limit : judged >= limit),
  };
}

/** A row that counts, losses for instance: totals over all rounds, with how many were tried. The goal is a limit of our total. */
export function totalRow(
  totals: Record<string, number>,
  description: Description & { n: number; goalTotal: number },
): Row {
  const { goalTotal, ...rest } = description;
  const { ours = Number.NaN, ...rivals } = totals;
  return {
    ...rest,
    ours,
    spread: null,
    rivals,
    ratio: ratioOf(ours, rivals[rest.against]),
    goal: `${rest.better === 'lower' ? '≤' : '≥'} ${goalTotal}`,
    met: rest.better === 'lower' ? ours <= goalTotal : ours >= goalTotal,
  };
}

/** A row that counts among many tries, of which not every candidate had as many. The goal is a limit of our share, or of the ratio. */
export function shareRow(
  shares: Record<string, { count: number; of: number }>,
  { per, ...description }: Description & { per: number } & ({ goal: number } | { goalRatio: number }),
): Row {
  const values = Object.entries(shares).map(([name, { count, of }]) => [name, (count * per) / of]);
  const totals = Object.fromEntries(values) as Record<string, number>;
  const n = shares['ours']?.of ?? 0;
  if ('goal' in description) {
    const { goal, ...rest } = description;
    return totalRow(totals, { ...rest, n, goalTotal: goal });
  }
  const { goalRatio, ...rest } = description;
  const goalTotal = goalRatio * (totals[rest.against] ?? Number.NaN);
  const goal = `${rest.better === 'lower' ? '≤' : '≥'} ${goalRatio} × ${rest.against}`;
  return { ...totalRow(totals, { ...rest, n, goalTotal }), goal };
}

/** A row of times or rates that has no rival: beside our median stands the limit that it is to keep. */
export function limitRow(
  ours: number[],
  { limit, ...description }: Omit<Description, 'against'> & { limit: number },
): Row {
  const against = 'the limit';
  const row = medianRow({ ours, [against]: [limit] }, { ...description, against, goalRatio: 1 });
  return { ...row, goal: `${row.better === 'lower' ? '≤' : '≥'} ${limit} ${row.unit}` };
}

function ratioOf(ours: number, rival: number | undefined): number | null {
  if (rival === undefined) throw new Error('The row is against a rival that was not measured');
  return rival === 0 ? null : ours / rival;
}
