import { randomInt } from 'node:crypto';
import sharp from 'sharp';
import { drawSillyFace, DRAWING_SIZE } from '../drawing/silly-face.ts';
import type { PhotoFile } from '../http/game.ts';
import { drawMarker, ID_BITS, type MarkerId } from './marker.ts';

export interface TakenPhoto extends PhotoFile {
  /** The marker that the photo carries. */
  marker: MarkerId;
}

/** Draws a silly face that was not there before, as a true JPEG or PNG with a marker in it. */
export async function takePhoto(face: string, type: PhotoFile['type']): Promise<TakenPhoto> {
  const marker = randomInt(2 ** ID_BITS);
  const svg = photoSvg(face, marker);
  const image = sharp(Buffer.from(svg));
  const encoded = type === 'image/png' ? image.png({ palette: true }) : image.flatten().jpeg({ quality: 85 });
  return { bytes: new Uint8Array(await encoded.toBuffer()), type, marker };
}

/** The marker's id seeds the drawing too: a photo can be drawn again from the face and the id that a message names. */
export function photoSvg(face: string, marker: MarkerId): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 640" width="${DRAWING_SIZE}" height="${DRAWING_SIZE}">`;
  return `${head}${drawSillyFace(face, marker)}${drawMarker(marker, DRAWING_SIZE)}</svg>`;
}
