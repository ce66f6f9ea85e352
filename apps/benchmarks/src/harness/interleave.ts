/**
 * Measures each candidate once a round, in an order that turns with each round, so that a machine that gets slower or faster
 * meanwhile does so for all. A first round that is not counted warms up; it may be a shorter one.
 */
export async function interleave<Name extends string, Sample>(
  candidates: Record<Name, () => Promise<Sample>>,
  rounds: number,
  warmUp: Record<NoInfer<Name>, () => Promise<unknown>> = candidates,
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(candidates) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Sample[]>;
  for (const name of names) await warmUp[name]();
  for (let round = 0; round < rounds; round++) {
    const turn = round % names.length;
    for (const name of [...names.slice(turn), ...names.slice(0, turn)])
      samples[name].push(await candidates[name]());
  }
  return samples;
}
