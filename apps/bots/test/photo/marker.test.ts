import { randomBytes } from 'node:crypto';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/drawing/random.ts';
import { drawSillyFace } from '../../src/drawing/silly-face.ts';
import { PhotoError } from '../../src/errors.ts';
import { checksum, ID_BITS, type MarkerId, markerBits, numberOf } from '../../src/photo/marker.ts';
import { lookAt, readMarker } from '../../src/photo/read-marker.ts';
import { photoSvg, takePhoto } from '../../src/photo/take-photo.ts';

const random = seededRandom(20_120_611);
const someIds: MarkerId[] = [
  0,
  1,
  2 ** ID_BITS - 1,
  ...Array.from({ length: 3 }, () => Math.floor(random() * 2 ** ID_BITS)),
];
const drawn = (id: MarkerId): Buffer => Buffer.from(photoSvg('walrus in love', id));

describe('a marker is read back', () => {
  test.each([50, 60, 70, 80, 90])('from a JPEG of quality %i', async (quality) => {
    for (const id of someIds)
      expect(await readMarker(await sharp(drawn(id)).jpeg({ quality }).toBuffer())).toBe(id);
  });

  test.each([1080, 800, 500, 480, 401, 320])('from a JPEG scaled to %i pixels', async (side) => {
    for (const id of someIds) {
      const first = await sharp(drawn(id)).jpeg({ quality: 85 }).toBuffer();
      const scaled = await sharp(first).resize(side).jpeg({ quality: 50 }).toBuffer();
      expect(await readMarker(scaled)).toBe(id);
    }
  });

  test('from a PNG, a WebP, and a photo that was re-encoded ten times', async () => {
    for (const id of someIds.slice(0, 4)) {
      expect(await readMarker(await sharp(drawn(id)).png().toBuffer())).toBe(id);
      let photo = await sharp(drawn(id)).webp({ quality: 50 }).toBuffer();
      expect(await readMarker(photo)).toBe(id);
      for (let times = 0; times < 10; times += 1) photo = await sharp(photo).jpeg({ quality: 60 }).toBuffer();
      expect(await readMarker(photo)).toBe(id);
    }
  });

  test.each(['image/jpeg', 'image/png'] as const)('from a photo taken as %s', async (type) => {
    const { bytes, marker } = await takePhoto('lemon face', type);
    const seen = await lookAt(Buffer.from(bytes));
    expect(seen).toEqual({ format: type.replace('image/', ''), width: 640, height: 640, marker });
  });
});

describe('without a marker', () => {
  const codeOf = async (photo: Sharp): Promise<unknown> => {
    const error = await readMarker(await photo.toBuffer()).catch((thrown: unknown) => thrown);
    return error instanceof PhotoError ? error.code : error;
  };

  test('a drawing, a plain colour, noise and a tiny photo are a typed error', async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="640">${drawSillyFace('lemon face', 7)}</svg>`;
    expect(await codeOf(sharp(Buffer.from(svg)).jpeg())).toBe('marker-missing');
    const white = sharp({ create: { width: 640, height: 640, channels: 3, background: '#fff' } });
    expect(await codeOf(white.png())).toBe('marker-missing');
    for (let times = 0; times < 20; times += 1) {
      const noise = sharp(randomBytes(64 * 64 * 3), { raw: { width: 64, height: 64, channels: 3 } });
      expect(await codeOf(noise.png())).toBe('marker-missing');
    }
    expect(await codeOf(sharp(drawn(5)).resize(1, 1).png())).toBe('marker-missing');
  });

  test('a photo whose lower edge was cut off, or that was turned round, is a typed error', async () => {
    const photo = await sharp(drawn(123_456)).jpeg().toBuffer();
    expect(await codeOf(sharp(photo).extract({ left: 0, top: 0, width: 640, height: 590 }))).toBe(
      'marker-missing',
    );
    expect(await codeOf(sharp(photo).rotate(180))).toBe('marker-missing');
    expect(await codeOf(sharp(photo).flop())).toBe('marker-missing');
    expect(await codeOf(sharp(photo).negate())).toBe('marker-missing');
  });

  test('bytes that are no photo, and a photo that was cut short, are another typed error', async () => {
    const photo = await sharp(drawn(1)).jpeg().toBuffer();
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('<html>502</html>'),
      photo.subarray(0, photo.length / 2),
    ]) {
      const error = await readMarker(bytes).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(PhotoError);
      expect(error).toMatchObject({ code: 'photo-unreadable', cause: expect.any(Error) as Error });
    }
  });
});

test('a marker with any one or two blocks wrong is not read as another one', () => {
  for (const id of someIds.slice(0, 4)) {
    const bits = markerBits(id).slice(4, -4);
    for (let first = 0; first < bits.length; first += 1) {
      for (let second = first; second < bits.length; second += 1) {
        const wrong = bits.map((bit, at) => (at === first || at === second ? !bit : bit));
        expect(checksum(numberOf(wrong.slice(0, ID_BITS)))).not.toBe(numberOf(wrong.slice(ID_BITS)));
      }
    }
  }
});
