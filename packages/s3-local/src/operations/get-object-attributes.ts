import { xmlAnswer } from '../answer.ts';
import { checksumElement } from '../checksum/algorithm.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { ObjectRecord } from '../store/object-file.ts';
import type { XmlTree, XmlValue } from '../xml.ts';
import { verifyMayRead } from './encryption.ts';
import { recordOf } from './operation.ts';
import type { Operation } from './operation.ts';

type Attribute = (record: ObjectRecord, request: S3Request) => XmlValue;

/** In the order of S3's document. Here alone its ETag has no quotes. */
const attributes: Readonly<Record<string, Attribute>> = {
  ETag: ({ etag }) => etag,
  Checksum: checksumTree,
  ObjectParts: partsTree,
  StorageClass: ({ headers }) => headers['x-amz-storage-class'] ?? 'STANDARD',
  ObjectSize: ({ bytes }) => bytes,
};

export const getObjectAttributes: Operation = {
  name: 'GetObjectAttributes',
  async run(call) {
    const asked = readAsked(call.request);
    const record = await recordOf(call);
    verifyMayRead(call.request, record.encryption);
    const tree = Object.entries(attributes)
      .filter(([name]) => asked.has(name))
      .map(([name, read]) => [name, read(record, call.request)] as const);
    return xmlAnswer('GetObjectAttributesResponse', Object.fromEntries(tree), {
      'last-modified': new Date(record.lastModifiedMs).toUTCString(),
    });
  },
};

function readAsked({ headers }: S3Request): Set<string> {
  const header = headers.get('x-amz-object-attributes') ?? '';
  const names = header.split(',').map((name) => name.trim());
  if (names.every((name) => Object.hasOwn(attributes, name))) return new Set(names);
  throw new S3Error('InvalidArgument', {
    message: 'Invalid attribute name specified.',
    details: { ArgumentName: 'x-amz-object-attributes', ArgumentValue: header },
  });
}

function checksumTree({ checksum }: ObjectRecord): XmlTree | undefined {
  if (!checksum) return undefined;
  // Without the number of parts that stands behind a composite one elsewhere.
  const [value] = checksum.value.split('-');
  return { [checksumElement(checksum.algorithm)]: value, ChecksumType: checksum.type };
}

/** S3 names the parts only where each has a say in the object's checksum. */
function partsTree({ parts, checksum }: ObjectRecord, { headers }: S3Request): XmlTree | undefined {
  if (!parts) return undefined;
  if (checksum?.type !== 'COMPOSITE') return { PartsCount: parts.length };
  const marker = readNumber(headers, 'x-amz-part-number-marker', 0);
  const limit = Math.min(1000, readNumber(headers, 'x-amz-max-parts', 1000));
  const following = parts.filter(({ number }) => number > marker);
  const page = following.slice(0, limit);
  return {
    PartsCount: parts.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: following.length > page.length,
    Part: page.map((part) => ({
      PartNumber: part.number,
      Size: part.bytes,
      [checksumElement(checksum.algorithm)]: part.checksum,
    })),
  };
}

function readNumber(headers: S3Request['headers'], name: string, usual: number): number {
  const text = headers.get(name) ?? String(usual);
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new S3Error('InvalidArgument', { details: { ArgumentName: name, ArgumentValue: text } });
}
