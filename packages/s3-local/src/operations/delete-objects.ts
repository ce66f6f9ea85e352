import { xmlAnswer } from '../answer.ts';
import { S3Error } from '../s3-error.ts';
import { childText, parseXml } from '../xml.ts';
import type { XmlElement, XmlTree } from '../xml.ts';
import { bucketOf } from './operation.ts';
import type { Operation } from './operation.ts';

const maximumKeys = 1000;

export const deleteObjects: Operation = {
  name: 'DeleteObjects',
  async run(call) {
    const bucket = await bucketOf(call);
    if (!call.body.hasProof) {
      throw new S3Error('InvalidRequest', {
        message: 'Missing required header for this request: Content-MD5',
      });
    }
    const document = parseXml(await call.body.text(), 'Delete');
    const objects = document.children.filter(({ name }) => name === 'Object').map(readObject);
    if (objects.length === 0 || objects.length > maximumKeys) throw new S3Error('MalformedXML');
    const quiet = childText(document, 'Quiet') === 'true';

    const deleted: XmlTree[] = [];
    const errors: XmlTree[] = [];
    for (const { key, ifMatch } of objects) {
      try {
        await bucket.delete(key, { ifMatch, ifNoneMatch: undefined });
        if (!quiet) deleted.push({ Key: key });
      } catch (error) {
        // One key's failure is that key's answer.
        if (!(error instanceof S3Error)) throw error;
        errors.push({ Key: key, Code: error.code, Message: error.message });
      }
    }
    return xmlAnswer('DeleteResult', { Deleted: deleted, Error: errors });
  },
};

function readObject(element: XmlElement): { key: string; ifMatch: string | undefined } {
  const key = childText(element, 'Key');
  if (key === undefined || key === '') throw new S3Error('MalformedXML');
  if ((childText(element, 'VersionId') ?? 'null') !== 'null') {
    throw new S3Error('NotImplemented', { details: { Element: 'VersionId' } });
  }
  return { key, ifMatch: childText(element, 'ETag') };
}
