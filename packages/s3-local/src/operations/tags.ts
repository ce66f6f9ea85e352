import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { Tag } from '../store/object-file.ts';
import { childText, parseXml } from '../xml.ts';

const maximumTags = 10;
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** `x-amz-tagging: a=1&b=2`, encoded like a query. */
export function readTags({ headers }: S3Request): Tag[] {
  const header = headers.get('x-amz-tagging');
  if (header === undefined || header === '') return [];
  const tags = [...new URLSearchParams(Buffer.from(header, 'latin1').toString('utf8'))].map(
    ([key, value]) => ({
      key,
      value,
    }),
  );
  if (hasDuplicates(tags)) {
    throw new S3Error('InvalidArgument', {
      message:
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      details: { ArgumentName: 'x-amz-tagging', ArgumentValue: header },
    });
  }
  return verified(tags);
}

/** The document of PutObjectTagging, and of the field `tagging` in a form. */
export function parseTagging(text: string): Tag[] {
  const document = parseXml(text, 'Tagging');
  const set = document.children.find(({ name }) => name === 'TagSet');
  if (!set) throw new S3Error('MalformedXML');
  const tags = set.children.map((element) => {
    const [key, value] = [childText(element, 'Key'), childText(element, 'Value')];
    if (element.name !== 'Tag' || key === undefined || value === undefined) throw new S3Error('MalformedXML');
    return { key, value };
  });
  if (hasDuplicates(tags)) {
    throw new S3Error('InvalidTag', { message: 'Cannot provide multiple Tags with the same key' });
  }
  return verified(tags);
}

function hasDuplicates(tags: readonly Tag[]): boolean {
  return new Set(tags.map(({ key }) => key)).size < tags.length;
}

function verified(tags: Tag[]): Tag[] {
  if (tags.length > maximumTags) {
    throw new S3Error('BadRequest', { message: `Object tags cannot be greater than ${maximumTags}` });
  }
  for (const { key, value } of tags) {
    if (key === '' || key.length > 128 || !allowed.test(key)) {
      throw invalid('The TagKey you have provided is invalid', { TagKey: key });
    }
    if (value.length > 256 || !allowed.test(value)) {
      throw invalid('The TagValue you have provided is invalid', { TagKey: key, TagValue: value });
    }
    if (key.startsWith('aws:')) {
      throw invalid('System tags cannot be added/updated by requester', { TagKey: key });
    }
  }
  return tags;
}

function invalid(message: string, details: Record<string, string>): S3Error {
  return new S3Error('InvalidTag', { message, details });
}
