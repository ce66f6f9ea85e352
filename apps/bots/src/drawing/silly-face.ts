import { brows, extras, eyes, hairs, heads, mouths, noses } from './features.ts';
import { between, seededRandom, type Random } from './random.ts';
import { traitsOf } from './traits.ts';

/** The side of the square drawing, in its own unit and in pixels. */
export const DRAWING_SIZE = 640;

/** A silly face that suits its name loosely, as the inside of an SVG; the same face and seed draw the same picture. */
export function drawSillyFace(face: string, seed: number): string {
  const random = seededRandom(seed);
  const traits = traitsOf(face, random);
  const tilt = `rotate(${between(random, -9, 9).toFixed(1)} 320 300)`;
  const parts = [
    heads[traits.head](traits, random),
    hairs[traits.hair](traits, random),
    eyes[traits.eyes](traits, random),
    brows[traits.brows](traits, random),
    mouths[traits.mouth](traits, random),
    noses[traits.nose](traits, random),
    ...traits.extras.map((extra) => extras[extra]),
  ];
  return `${drawBackground(traits.background, random)}<g transform="${tilt}">${parts.join('')}</g>`;
}

function drawBackground(colour: string, random: Random): string {
  const dots = Array.from({ length: 14 }, () => {
    const [x, y, radius] = [between(random, 0, 640), between(random, 0, 590), between(random, 8, 46)];
    return `<circle cx="${x.toFixed(0)}" cy="${y.toFixed(0)}" r="${radius.toFixed(0)}"/>`;
  });
  return `<rect width="640" height="640" fill="${colour}"/><g fill="#fff" opacity="0.35">${dots.join('')}</g>`;
}
