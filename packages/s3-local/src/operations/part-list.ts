import { checksumElement } from '../checksum/algorithm.ts';
import { S3Error } from '../s3-error.ts';
import type { UploadRecord, UploadedPart } from '../store/uploads.ts';
import { childText, parseXml } from '../xml.ts';
import type { XmlElement } from '../xml.ts';
import { maximumPartNumber } from './upload-part.ts';

/** A part as the request to complete an upload names it. */
export interface ListedPart {
  readonly number: number;
  readonly etag: string;
  readonly element: XmlElement;
}

const minimumPartBytes = 5 * 1024 * 1024;

export function readPartList(text: string): ListedPart[] {
  if (text === '') throw new S3Error('MissingRequestBodyError');
  const parts = parseXml(text, 'CompleteMultipartUpload')
    .children.filter(({ name }) => name === 'Part')
    .map(readPart);
  if (parts.length === 0 || parts.length > maximumPartNumber) throw new S3Error('MalformedXML');
  const isAscending = parts.every(({ number }, index) => number > (parts[index - 1]?.number ?? 0));
  if (!isAscending) throw new S3Error('InvalidPartOrder');
  return parts;
}

function readPart(element: XmlElement): ListedPart {
  const number = childText(element, 'PartNumber') ?? '';
  const etag = childText(element, 'ETag');
  if (!/^\d{1,5}$/.test(number) || etag === undefined) throw new S3Error('MalformedXML');
  return { number: Number(number), etag: etag.replaceAll('"', ''), element };
}

/** The uploaded parts that the list names, each exactly as the list has it, and none too small to have others behind it. */
export function chooseParts(
  listed: readonly ListedPart[],
  uploaded: readonly UploadedPart[],
  upload: UploadRecord,
): UploadedPart[] {
  const byNumber = new Map(uploaded.map((part) => [part.number, part]));
  return listed.map(({ number, etag, element }, index) => {
    const part = byNumber.get(number);
    if (part?.record.etag !== etag) {
      throw new S3Error('InvalidPart', {
        details: { UploadId: upload.id, PartNumber: String(number), ETag: etag },
      });
    }
    verifyChecksum(part, element, upload);
    if (index < listed.length - 1 && part.record.bytes < minimumPartBytes) {
      throw new S3Error('EntityTooSmall', {
        details: {
          ProposedSize: String(part.record.bytes),
          MinSizeAllowed: String(minimumPartBytes),
          PartNumber: String(number),
          ETag: etag,
        },
      });
    }
    return part;
  });
}

function verifyChecksum({ number, record }: UploadedPart, element: XmlElement, upload: UploadRecord): void {
  const { checksum } = record;
  const given = checksum && childText(element, checksumElement(checksum.algorithm));
  if (upload.checksum?.type === 'COMPOSITE' && given === undefined) {
    throw new S3Error('InvalidRequest', {
      message: `The upload was created using a ${upload.checksum.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
    });
  }
  if (given !== undefined && given !== checksum?.value) {
    throw new S3Error('InvalidPart', { details: { UploadId: upload.id, PartNumber: String(number) } });
  }
}
