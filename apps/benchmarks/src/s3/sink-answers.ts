import type { Head } from './request-reader.ts';

/** Where nobody may write: it is said as soon as the head has come, whatever the client asked for. */
export const forbiddenBucket = 'forbidden';

export const answerTo = {
  /** The refusal that a request gets in place of its body's being read. */
  head({ target }: Head): string | undefined {
    if (bucketOf(target) !== forbiddenBucket) return undefined;
    const body = xml('Error', '<Code>AccessDenied</Code><Message>Access Denied</Message>');
    return answer('403 Forbidden', ['Content-Type: application/xml', 'Connection: close'], body);
  },

  /** What S3 answers to a request whose body has arrived. */
  whole({ method, target, headers }: Head): string {
    const query = new URLSearchParams(target.split('?')[1]);
    if (method === 'PUT') {
      const checksum = headers.get('x-amz-checksum-crc32');
      return answer('200 OK', [
        ETAG,
        ...(checksum === undefined ? [] : [`x-amz-checksum-crc32: ${checksum}`]),
      ]);
    }
    if (method === 'DELETE') return answer('204 No Content', []);
    // As S3 it says how the checksum of the parts will be that of the whole.
    const type = headers.get('x-amz-checksum-type');
    const told = [
      'Content-Type: application/xml',
      ...(type === undefined ? [] : [`x-amz-checksum-type: ${type}`]),
    ];
    return answer('200 OK', told, documentOf(method, query, bucketOf(target)));
  },
};

/** As that of an encrypted object it is no MD5: there is nothing to compare it with. */
const ETAG = 'ETag: "sink-1"';

const bucketOf = (target: string): string | undefined => target.split(/[/?]/, 2)[1];

function documentOf(method: string, query: URLSearchParams, bucket = ''): string {
  if (query.has('uploadId')) {
    const content = `<Location>/</Location><Bucket>${bucket}</Bucket><Key>key</Key><ETag>"sink-1"</ETag>`;
    return xml('CompleteMultipartUploadResult', content);
  }
  if (method === 'POST') {
    const content = `<Bucket>${bucket}</Bucket><Key>key</Key><UploadId>upload</UploadId>`;
    return xml('InitiateMultipartUploadResult', content);
  }
  return xml('ListMultipartUploadsResult', `<Bucket>${bucket}</Bucket><IsTruncated>false</IsTruncated>`);
}

function answer(status: string, headers: string[], body = ''): string {
  const lines = [
    `HTTP/1.1 ${status}`,
    'x-amz-request-id: SINK',
    ...headers,
    `Content-Length: ${body.length}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

const xml = (root: string, content: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${root}>`;
