import sharp from 'sharp';
import { expect, test } from 'vitest';
import * as features from '../../src/drawing/features.ts';
import { seededRandom } from '../../src/drawing/random.ts';
import { traitsOf } from '../../src/drawing/traits.ts';
import { photoSvg, takePhoto } from '../../src/photo/take-photo.ts';

test('the same face and marker draw the same picture, another marker another one', () => {
  expect(photoSvg('sad onion', 7)).toBe(photoSvg('sad onion', 7));
  const drawings = Array.from({ length: 200 }, (_, marker) => photoSvg('sad onion', marker));
  expect(new Set(drawings).size).toBe(200);
});

test('each photo that is taken is another one', async () => {
  const photos = await Promise.all(Array.from({ length: 5 }, () => takePhoto('sad onion', 'image/png')));
  expect(new Set(photos.map(({ bytes }) => Buffer.from(bytes).toString('base64'))).size).toBe(5);
});

test('the words of a name decide what they name, whatever chance says', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const walrus = traitsOf('Walrus in love', seededRandom(seed));
    expect(walrus).toMatchObject({ eyes: 'hearts', nose: 'snout', head: 'pear' });
    expect(walrus.extras).toEqual(expect.arrayContaining(['tusks', 'blush']));
    expect(new Set(walrus.extras).size).toBe(walrus.extras.length);
    expect(traitsOf('lemon face', seededRandom(seed))).toMatchObject({ mouth: 'pucker', skin: '#ffe14d' });
  }
});

test('every look of every feature is drawn as proper SVG', async () => {
  const traits = traitsOf('anything', seededRandom(1));
  const { extras, ...looks } = features;
  const drawings = Object.values(looks).flatMap((look) =>
    Object.values(look).map((draw) => draw(traits, seededRandom(2))),
  );
  for (const drawing of [...drawings, ...Object.values(extras)]) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 640 640">${drawing}</svg>`;
    const { channels } = await sharp(Buffer.from(svg)).stats();
    // The alpha channel: only 'none' leaves the paper empty.
    expect((channels[3]?.max ?? 0) > 0, drawing).toBe(drawing !== '');
  }
});
