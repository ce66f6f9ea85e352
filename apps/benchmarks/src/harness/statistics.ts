export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** (third quartile − first quartile) ÷ median */
export function spread(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new Error('A quantile of no values');
  return below + (above - below) * (position % 1);
}
