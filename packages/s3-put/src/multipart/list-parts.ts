import { ListPartsCommand } from '@aws-sdk/client-s3';
import type { BodyDigests } from '../checksum/digests.ts';
import { checksumElement } from '../checksum/headers.ts';
import type { Context } from '../client/attempt.ts';
import { sendCommand } from '../client/command.ts';
import { Failure } from '../failure.ts';
import { element, elements } from '../xml.ts';
import type { Upload } from './upload-parts.ts';

/** A part that S3 has of an unfinished upload. */
export interface ListedPart {
  size: number;
  etag: string;
  /** In base64, when S3 has one. */
  checksum: string | undefined;
}

/** Undefined when there is no such upload any more. */
export async function listParts(
  upload: Upload,
  headers: Record<string, string>,
  context: Context,
): Promise<Map<number, ListedPart> | undefined> {
  const listed = new Map<number, ListedPart>();
  try {
    for (let after: string | undefined = '0'; after !== undefined;) {
      const command: ListPartsCommand = new ListPartsCommand({
        ...upload,
        MaxParts: PAGE,
        PartNumberMarker: after,
      });
      const judge = ({ body }: { body: Buffer }): string | undefined =>
        readPage(body.toString('utf8'), context.settings.checksumAlgorithm, listed);
      after = await sendCommand(command, { headers, judge }, context);
    }
    return listed;
  } catch (error) {
    if (error instanceof Failure && error.details.s3?.code === 'NoSuchUpload') return undefined;
    throw error;
  }
}

/** Returns where the next page begins. */
function readPage(
  document: string,
  algorithm: Context['settings']['checksumAlgorithm'],
  listed: Map<number, ListedPart>,
): string | undefined {
  for (const part of elements(document, 'Part')) {
    const [number, size, etag] = ['PartNumber', 'Size', 'ETag'].map((name) => element(part, name));
    if (etag === undefined) continue;
    listed.set(Number(number), {
      size: Number(size),
      etag,
      checksum: element(part, checksumElement(algorithm)),
    });
  }
  return element(document, 'IsTruncated') === 'true' ? element(document, 'NextPartNumberMarker') : undefined;
}

/** Whether the part that is there has the bytes with these digests. */
export function isSamePart(listed: ListedPart, size: number, { checksum, md5 }: BodyDigests): boolean {
  if (listed.size !== size) return false;
  if (listed.checksum !== undefined) return listed.checksum === checksum?.toString('base64');
  return listed.etag.replaceAll('"', '').toLowerCase() === md5?.toString('hex');
}

/** So many that a page is well below the largest answer that is read. */
const PAGE = 100;
