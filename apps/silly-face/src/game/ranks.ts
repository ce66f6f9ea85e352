/** The Society's ladder: the name of a rank and how many monocles open its door. */
export const RANKS = [
  { name: 'Straight-Faced Stranger', monocles: 0 },
  { name: 'Apprentice Eyebrow', monocles: 5 },
  { name: 'Licensed Gurner', monocles: 20 },
  { name: 'Cheek Inflator, Second Class', monocles: 50 },
  { name: 'Cheek Inflator, First Class', monocles: 100 },
  { name: 'Keeper of the Spare Nose', monocles: 200 },
  { name: 'Baron of Bulging Eyes', monocles: 400 },
  { name: 'Grand Duchess of Grimace', monocles: 800 },
  { name: 'Lord High Tongue-Wagger', monocles: 1600 },
  { name: 'Founding Face of the Society', monocles: 3200 },
] as const;

export function rankName(monocles: number): string {
  return (RANKS.findLast((rank) => rank.monocles <= monocles) ?? RANKS[0]).name;
}
