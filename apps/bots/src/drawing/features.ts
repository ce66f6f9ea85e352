// The parts of a face as SVG, around a head whose middle is (320, 300) and which is about 360 wide.
import { between, type Random } from './random.ts';
import type { Extra, Traits } from './traits.ts';

type Look<Trait extends keyof Traits> = Record<
  Traits[Trait] & string,
  (traits: Traits, random: Random) => string
>;

const ink = (width: number, colour = '#2b2b33'): string =>
  `stroke="${colour}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"`;
const INK = ink(6);
const line = (path: string, width = 6): string => `<path d="${path}" fill="none" ${ink(width)}/>`;
const shape = (path: string, fill: string): string => `<path d="${path}" fill="${fill}" ${INK}/>`;
const dot = (x: number, y: number, radius: number, fill: string, ink = ''): string =>
  `<circle cx="${x}" cy="${y}" r="${radius.toFixed(1)}" fill="${fill}" ${ink}/>`;
/** The left one and its mirror image. */
const pair = (left: string): string => `${left}<g transform="matrix(-1 0 0 1 640 0)">${left}</g>`;

export const heads: Look<'head'> = {
  round: ({ skin }) => dot(320, 300, 185, skin, INK),
  egg: ({ skin }) => `<ellipse cx="320" cy="300" rx="160" ry="210" fill="${skin}" ${INK}/>`,
  pear: ({ skin }) =>
    shape(
      'M320 105C420 105 420 220 470 320C530 450 420 490 320 490S110 450 170 320C220 220 220 105 320 105Z',
      skin,
    ),
  square: ({ skin }) => `<rect x="145" y="125" width="350" height="350" rx="70" fill="${skin}" ${INK}/>`,
  bean: ({ skin }) =>
    shape(
      'M200 190C240 90 440 100 480 220C520 340 470 480 330 488S140 420 165 330C175 280 180 250 200 190Z',
      skin,
    ),
};

const eyeball = (x: number, radius: number, pupilX: number, pupilY: number): string =>
  dot(x, 260, radius, '#fff', INK) + dot(x + pupilX, 260 + pupilY, radius * 0.4, '#2b2b33');
const closedEye = line('M210 262q35 30 70 0');

export const eyes: Look<'eyes'> = {
  googly: (_, random) =>
    [245, 395]
      .map((x) => eyeball(x, between(random, 32, 58), between(random, -14, 14), between(random, -14, 14)))
      .join(''),
  hearts: () =>
    pair(
      shape(
        'M245 300C195 265 195 225 222 225Q240 225 245 245Q250 225 268 225C295 225 295 265 245 300Z',
        '#e8304f',
      ),
    ),
  spirals: () =>
    pair(dot(245, 260, 46, '#fff', INK) + line('M245 260q8 -10 14 2t-16 18t-24 -20t28 -30t36 32t-40 36', 4)),
  closed: () => pair(closedEye),
  wide: (_, random) => pair(eyeball(245, between(random, 50, 62), 0, 0)),
  crossed: () => pair(eyeball(245, 46, 24, 8)),
  wink: () => eyeball(245, 50, 8, 0) + line('M360 262q35 -28 70 0'),
};

export const brows: Look<'brows'> = {
  none: () => '',
  angry: () => pair(line('M195 175L285 210', 14)),
  raised: () => pair(line('M200 180Q245 135 290 180', 10)),
  worried: () => pair(line('M195 205L285 172', 10)),
  bushy: ({ hairColour }) =>
    pair(`<rect x="190" y="172" width="105" height="28" rx="14" fill="${hairColour}"/>`),
};

export const noses: Look<'nose'> = {
  button: (_, random) => dot(320, 325, between(random, 16, 30), '#e0705f', INK),
  carrot: () => shape('M310 305L430 335L312 345Z', '#f08a24'),
  snout: () =>
    `<ellipse cx="320" cy="335" rx="58" ry="40" fill="#d98f8f" ${INK}/>${pair(dot(300, 335, 9, '#2b2b33'))}`,
  beak: () => shape('M320 300L375 340L320 370L265 340Z', '#f5a524'),
  long: () => line('M325 275C400 300 410 370 330 362', 16),
};

export const mouths: Look<'mouth'> = {
  grin: () =>
    shape('M225 395Q320 420 415 395Q400 465 320 468T225 395Z', '#fff') +
    line('M260 404V450M320 410V468M380 404V450'),
  pucker: (_, random) =>
    dot(320, 425, between(random, 16, 28), '#d9455f', INK) + line('M285 425h-20M355 425h20M320 455v12'),
  tongue: (_, random) => {
    const length = between(random, 30, 90).toFixed(0);
    return (
      line('M230 400Q320 450 410 400') +
      shape(`M290 424q0 ${length} 35 ${length}t35 -${length}q-35 12 -70 0Z`, '#f0607a')
    );
  },
  wavy: () => line('M225 425q24 -36 48 0t48 0t48 0t48 0', 9),
  gasp: (_, random) =>
    `<ellipse cx="320" cy="425" rx="${between(random, 28, 52).toFixed(0)}" ry="42" fill="#7a1f2e" ${INK}/>`,
  'buck teeth': () =>
    line('M235 400Q320 440 405 400') + shape('M288 424h32v42h-32ZM320 424h32v42h-32Z', '#fff'),
  frown: () => line('M235 450Q320 375 405 450', 10),
};

export const hairs: Look<'hair'> = {
  none: () => '',
  spikes: ({ hairColour }, random) => {
    const tips = [190, 240, 290, 340, 390, 440];
    const path = tips.map((x) => `L${x} ${between(random, 20, 90).toFixed(0)}L${x + 25} 150`).join('');
    return shape(`M165 190${path}L475 190Q320 100 165 190Z`, hairColour);
  },
  curls: ({ hairColour }, random) =>
    [180, 225, 275, 325, 375, 420, 460]
      .map((x) => dot(x, 115 + Math.abs(x - 320) * 0.45, between(random, 34, 50), hairColour, INK))
      .join(''),
  mohawk: ({ hairColour }, random) =>
    shape(
      `M285 150L${between(random, 250, 300).toFixed(0)} 15L320 60L${between(random, 340, 395).toFixed(0)} 15L355 150Z`,
      hairColour,
    ),
  bun: ({ hairColour }) =>
    dot(320, 75, 50, hairColour, INK) + shape('M165 200Q320 20 475 200Q320 120 165 200Z', hairColour),
  fringe: ({ hairColour }) =>
    shape(
      'M150 225Q150 90 320 90T490 225L440 180L400 215L350 175L310 210L260 175L220 215L190 180Z',
      hairColour,
    ),
};

export const extras: Record<Extra, string> = {
  tusks: pair(shape('M262 405q-14 60 8 100q22 -40 18 -96Z', '#fffbe8')),
  moustache: pair(shape('M320 372C290 350 240 360 205 395C245 410 300 405 320 384Z', '#4a3326')),
  monocle: dot(395, 260, 68, 'none', ink(10, '#c9971c')) + line('M455 295Q500 400 470 500', 3),
  tears: pair(shape('M215 320q-22 40 0 52q22 -12 0 -52Z', '#6db7f2')),
  blush: pair('<ellipse cx="205" cy="350" rx="36" ry="22" fill="#f0607a" opacity="0.45"/>'),
  freckles: pair([200, 222, 244].map((x, at) => dot(x, 345 + (at % 2) * 16, 5, '#a5683f')).join('')),
  whiskers: pair(line('M255 365L140 345M255 380L135 385M258 395L145 425', 4)),
  'eye patch':
    line('M150 190L490 285', 8) + shape('M190 225Q245 215 300 245Q300 315 245 318T190 225Z', '#2b2b33'),
};
