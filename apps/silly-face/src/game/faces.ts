/** The catalogue: every face that can be submitted, in the order it is shown. */
export const FACES = [
  'Astonished Owl',
  'Cheeky Chipmunk',
  'Cross-Eyed Crab',
  'Dizzy Flamingo',
  'Elegant Toad',
  'Fish Out of Water',
  'Grumpy Teapot',
  'Haunted Sock',
  'Imploding Lemon',
  'Jolly Gargoyle',
  'Lopsided Llama',
  'Melting Snowman',
  'Offended Duchess',
  'Puzzled Pug',
  'Queasy Pirate',
  'Smug Cat',
  'Sneezing Dragon',
  'Startled Walrus',
  'Suspicious Potato',
  'Toothless Shark',
  'Underwater Opera',
  'Vain Peacock',
  'Winking Cyclops',
  'Yawning Hippo',
] as const satisfies readonly string[];

const known: ReadonlySet<string> = new Set(FACES);

export function isFace(name: string): boolean {
  return known.has(name);
}
