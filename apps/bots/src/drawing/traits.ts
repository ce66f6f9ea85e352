import { between, pick, type Random } from './random.ts';

/** What a face looks like. Colours are CSS colours. */
export interface Traits {
  background: string;
  skin: string;
  hairColour: string;
  head: 'round' | 'egg' | 'pear' | 'square' | 'bean';
  eyes: 'googly' | 'hearts' | 'spirals' | 'closed' | 'wide' | 'crossed' | 'wink';
  brows: 'none' | 'angry' | 'raised' | 'worried' | 'bushy';
  nose: 'button' | 'carrot' | 'snout' | 'beak' | 'long';
  mouth: 'grin' | 'pucker' | 'tongue' | 'wavy' | 'gasp' | 'buck teeth' | 'frown';
  hair: 'spikes' | 'curls' | 'none' | 'mohawk' | 'bun' | 'fringe';
  extras: Extra[];
}

export type Extra =
  | 'tusks'
  | 'moustache'
  | 'monocle'
  | 'tears'
  | 'blush'
  | 'freckles'
  | 'whiskers'
  | 'eye patch';

/** Chance decides everything, then the words in the name of the face overrule it where they say something. */
export function traitsOf(face: string, random: Random): Traits {
  const hue = between(random, 0, 360);
  const traits: Traits = {
    background: colour(hue, 70, 78),
    skin: pick(random, [
      '#ffd9b3',
      '#f2b98a',
      '#c98a5b',
      '#8d5a3b',
      '#ffe08a',
      '#b8e0a5',
      '#f5a9c4',
      '#a9c8f5',
    ]),
    hairColour: colour(hue + between(random, 120, 240), 60, 38),
    head: pick(random, ['round', 'egg', 'pear', 'square', 'bean']),
    eyes: pick(random, ['googly', 'hearts', 'spirals', 'closed', 'wide', 'crossed', 'wink']),
    brows: pick(random, ['none', 'angry', 'raised', 'worried', 'bushy']),
    nose: pick(random, ['button', 'carrot', 'snout', 'beak', 'long']),
    mouth: pick(random, ['grin', 'pucker', 'tongue', 'wavy', 'gasp', 'buck teeth', 'frown']),
    hair: pick(random, ['spikes', 'curls', 'none', 'mohawk', 'bun', 'fringe']),
    extras: [pick(random, ['monocle', 'blush', 'freckles', 'moustache', 'whiskers'])],
  };
  for (const [words, look] of looks) {
    if (!words.test(face)) continue;
    const { extras = [], ...others } = look;
    Object.assign(traits, others);
    traits.extras = [...new Set([...traits.extras, ...extras])];
  }
  return traits;
}

// Whatever catalogue the service has: a word that is not here leaves the face to chance.
const looks: [RegExp, Partial<Traits>][] = [
  [
    /walrus|\bseal/i,
    { skin: '#9a7b6a', nose: 'snout', head: 'pear', hair: 'none', extras: ['tusks', 'whiskers'] },
  ],
  [/love|kiss|crush|romantic/i, { eyes: 'hearts', extras: ['blush'] }],
  [/lemon|sour|lime\b/i, { skin: '#ffe14d', mouth: 'pucker', eyes: 'closed', head: 'egg' }],
  [/fish|shark|trout|crab|underwater/i, { mouth: 'pucker', eyes: 'wide', hair: 'none', skin: '#a9c8f5' }],
  [/crab|lobster/i, { skin: '#f08a7a', head: 'bean' }],
  [/duck|chicken|bird|goose|\bowl|flamingo|peacock|parrot/i, { nose: 'beak', eyes: 'wide' }],
  [/flamingo|\bpug\b|\bpig|hog\b|hippo/i, { skin: '#f5a9c4' }],
  [/peacock|vain/i, { hair: 'mohawk', brows: 'raised' }],
  [/tongue|\bdog|bleh|lick|queasy/i, { mouth: 'tongue' }],
  [/zombie|alien|frog|toad|sick|swamp|queasy|dragon/i, { skin: '#9fd18b' }],
  [/dizzy|hypno|spin|crazy|confus|puzzled/i, { eyes: 'spirals', mouth: 'wavy' }],
  [/angry|grump|furious|\bmad|troll|offended/i, { brows: 'angry', mouth: 'frown' }],
  [/\bsad|\bcry|\bsob|onion|melting/i, { brows: 'worried', mouth: 'frown', extras: ['tears'] }],
  [
    /surpris|shock|gasp|scream|ghost|haunt|startle|astonish/i,
    { eyes: 'wide', brows: 'raised', mouth: 'gasp' },
  ],
  [/sleep|yawn|\bzen\b|opera/i, { eyes: 'closed', mouth: 'gasp', brows: 'none' }],
  [/pirate/i, { extras: ['eye patch', 'moustache'] }],
  [/monocle|posh|\blord|duchess|elegant/i, { brows: 'raised', extras: ['monocle'] }],
  [/cross.?ey|squint|lopsided/i, { eyes: 'crossed' }],
  [/rabbit|beaver|horse|llama|chipmunk|hamster/i, { mouth: 'buck teeth', extras: ['whiskers'] }],
  [/toothless/i, { mouth: 'gasp' }],
  [/\bcat\b|mouse|tiger/i, { nose: 'button', extras: ['whiskers'] }],
  [/\bpig|\bpug\b|hog\b|hippo|snout/i, { nose: 'snout' }],
  [/wink|flirt|smug|cheeky/i, { eyes: 'wink', mouth: 'grin' }],
  [/jolly|laugh|giggl|happy/i, { mouth: 'grin', extras: ['blush'] }],
  [/elephant|anteater|liar|teapot|sneez/i, { nose: 'long' }],
  [/snow|carrot/i, { nose: 'carrot', skin: '#f4f7fb' }],
  [/potato|sock|gargoyle|stone/i, { skin: '#b59a7a', head: 'bean', hair: 'none', extras: ['freckles'] }],
  [/suspicious|sceptic|doubt/i, { brows: 'bushy', eyes: 'crossed', mouth: 'wavy' }],
];

function colour(hue: number, saturation: number, lightness: number): string {
  return `hsl(${Math.round(hue) % 360}, ${saturation}%, ${lightness}%)`;
}
