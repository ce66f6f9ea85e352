import sharp from 'sharp';

type Colour = { r: number; g: number; b: number };

export interface Drawing {
  readonly width?: number;
  readonly height?: number;
  readonly colour?: Colour;
  readonly format?: 'jpeg' | 'png' | 'webp';
  /** Written into the EXIF data. */
  readonly comment?: string;
  /** EXIF: 6 means that the camera was turned by 90 degrees. */
  readonly orientation?: number;
}

/** A real image of one colour. */
export async function draw({
  width = 64,
  height = 48,
  colour = { r: 200, g: 80, b: 40 },
  format = 'jpeg',
  comment,
  orientation,
}: Drawing = {}): Promise<Blob> {
  let image = sharp({ create: { width, height, channels: 3, background: colour } });
  if (comment !== undefined) image = image.withExif({ IFD0: { Copyright: comment } });
  if (orientation !== undefined) image = image.withMetadata({ orientation });
  return new Blob([await image.toFormat(format).toBuffer()]);
}

export interface Seen extends Colour {
  readonly format: string | undefined;
  readonly width: number;
  readonly height: number;
  readonly hasMetadata: boolean;
}

/** What an image shows on average, and what it carries besides. */
export async function look(bytes: Buffer): Promise<Seen> {
  const { format, width, height, exif, icc, iptc, xmp } = await sharp(bytes).metadata();
  const { channels } = await sharp(bytes).stats();
  const [r = 0, g = 0, b = 0] = channels.map(({ mean }) => mean);
  return { format, width, height, hasMetadata: [exif, icc, iptc, xmp].some(Boolean), r, g, b };
}
