/** `, did you mean …?` or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const meant = closest(word.slice(0, MAX_LENGTH), candidates);
  return meant === undefined ? '' : `, did you mean \`${meant}\`?`;
}

// The time to compare grows with the length, and the word is anybody's.
const MAX_LENGTH = 64;

/** The candidate that was probably meant, when one is near enough to be a slip of the fingers. */
function closest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.ceil(word.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Letters to insert, delete or exchange (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const exchange = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(exchange, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
