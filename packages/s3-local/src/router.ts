import { abortMultipartUpload } from './operations/abort-multipart-upload.ts';
import { completeMultipartUpload } from './operations/complete-multipart-upload.ts';
import { copyObject } from './operations/copy-object.ts';
import { createBucket } from './operations/create-bucket.ts';
import { createMultipartUpload } from './operations/create-multipart-upload.ts';
import { deleteBucket } from './operations/delete-bucket.ts';
import { deleteObject } from './operations/delete-object.ts';
import { deleteObjects } from './operations/delete-objects.ts';
import { getObject } from './operations/get-object.ts';
import { headBucket } from './operations/head-bucket.ts';
import { headObject } from './operations/head-object.ts';
import { verifyKey } from './operations/key.ts';
import { listBuckets } from './operations/list-buckets.ts';
import { listMultipartUploads } from './operations/list-multipart-uploads.ts';
import { listObjectsV2 } from './operations/list-objects-v2.ts';
import { listParts } from './operations/list-parts.ts';
import type { Operation } from './operations/operation.ts';
import { postObject } from './operations/post-object.ts';
import { putObject } from './operations/put-object.ts';
import { refuseUnsupported } from './operations/unsupported.ts';
import { deleteObjectTagging } from './operations/delete-object-tagging.ts';
import { getObjectAcl } from './operations/get-object-acl.ts';
import { getObjectTagging } from './operations/get-object-tagging.ts';
import { putObjectAcl } from './operations/put-object-acl.ts';
import { putObjectTagging } from './operations/put-object-tagging.ts';
import { uploadPartCopy } from './operations/upload-part-copy.ts';
import { getObjectAttributes } from './operations/get-object-attributes.ts';
import { listObjects } from './operations/list-objects.ts';
import { uploadPart } from './operations/upload-part.ts';
import { parameter } from './request.ts';
import type { S3Request } from './request.ts';
import { S3Error } from './s3-error.ts';

interface Route {
  readonly method: string;
  readonly on: 'service' | 'bucket' | 'object';
  /** The sub-resources that make it this operation; `name=value` where the value counts. */
  readonly query?: readonly string[];
  readonly header?: string;
  readonly operation: Operation;
}

/** The first route that fits is taken: the more particular ones stand first. */
const routes: readonly Route[] = [
  { method: 'GET', on: 'service', operation: listBuckets },
  { method: 'PUT', on: 'bucket', operation: createBucket },
  { method: 'HEAD', on: 'bucket', operation: headBucket },
  { method: 'DELETE', on: 'bucket', operation: deleteBucket },
  { method: 'GET', on: 'bucket', query: ['list-type=2'], operation: listObjectsV2 },
  { method: 'GET', on: 'bucket', operation: listObjects },
  { method: 'GET', on: 'bucket', query: ['uploads'], operation: listMultipartUploads },
  { method: 'POST', on: 'bucket', query: ['delete'], operation: deleteObjects },
  { method: 'POST', on: 'bucket', operation: postObject },
  { method: 'POST', on: 'object', query: ['uploads'], operation: createMultipartUpload },
  {
    method: 'PUT',
    on: 'object',
    query: ['uploadId', 'partNumber'],
    header: 'x-amz-copy-source',
    operation: uploadPartCopy,
  },
  { method: 'PUT', on: 'object', query: ['uploadId', 'partNumber'], operation: uploadPart },
  { method: 'POST', on: 'object', query: ['uploadId'], operation: completeMultipartUpload },
  { method: 'DELETE', on: 'object', query: ['uploadId'], operation: abortMultipartUpload },
  { method: 'GET', on: 'object', query: ['uploadId'], operation: listParts },
  { method: 'GET', on: 'object', query: ['tagging'], operation: getObjectTagging },
  { method: 'PUT', on: 'object', query: ['tagging'], operation: putObjectTagging },
  { method: 'DELETE', on: 'object', query: ['tagging'], operation: deleteObjectTagging },
  { method: 'GET', on: 'object', query: ['acl'], operation: getObjectAcl },
  { method: 'PUT', on: 'object', query: ['acl'], operation: putObjectAcl },
  { method: 'GET', on: 'object', query: ['attributes'], operation: getObjectAttributes },
  { method: 'GET', on: 'object', query: ['partNumber'], operation: getObject },
  { method: 'HEAD', on: 'object', query: ['partNumber'], operation: headObject },
  { method: 'PUT', on: 'object', header: 'x-amz-copy-source', operation: copyObject },
  { method: 'PUT', on: 'object', operation: putObject },
  { method: 'GET', on: 'object', operation: getObject },
  { method: 'HEAD', on: 'object', operation: headObject },
  { method: 'DELETE', on: 'object', operation: deleteObject },
];

/** S3's sub-resources, as `?name` of a bucket or an object: one that is not routed must not be taken for a plain request. */
const subresources = new Set(
  (
    'accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle ' +
    'list-type location logging metadataTable metrics notification object-lock ownershipControls partNumber policy ' +
    'policyStatus publicAccessBlock renameObject replication requestPayment restore retention select session tagging ' +
    'torrent uploadId uploads versioning versions website'
  ).split(' '),
);

/** The names that `operationOf` may find. */
export const operationNames: readonly string[] = routes.map(({ operation }) => operation.name);

export function route(request: S3Request): Operation {
  const operation = operationOf(request);
  if (operation) return verified(request, operation);
  const unknown = askedOf(request).at(0);
  if (unknown !== undefined) throw new S3Error('NotImplemented', { details: { Query: unknown } });
  throw new S3Error('MethodNotAllowed', { details: { Method: request.method } });
}

/** What a request asks for, whether or not it will be done. */
export function operationOf(request: S3Request): Operation | undefined {
  const on = placeOf(request);
  const asked = askedOf(request);
  const fitting = routes.find(({ on: place, method, header, query = [] }) => {
    if (place !== on || method !== request.method) return false;
    if (header !== undefined && !request.headers.has(header)) return false;
    return query.every((needed) => isAsked(request, needed)) && asked.length === query.length;
  });
  return fitting?.operation;
}

function askedOf({ query }: S3Request): string[] {
  return query.map(({ name }) => name).filter((name) => subresources.has(name));
}

function placeOf({ bucket, key }: S3Request): Route['on'] {
  if (bucket === undefined) return 'service';
  return key === undefined ? 'bucket' : 'object';
}

function isAsked(request: S3Request, needed: string): boolean {
  const [name = '', value] = needed.split('=');
  const given = parameter(request, name);
  return given !== undefined && (value === undefined || given === value);
}

function verified(request: S3Request, operation: Operation): Operation {
  refuseUnsupported(request);
  const { key = '', query } = request;
  verifyKey(key);
  // Without versioning every object has the one version "null".
  const version = query.find(({ name }) => name === 'versionId')?.value ?? 'null';
  if (version !== 'null') {
    throw new S3Error('InvalidArgument', {
      message: 'Invalid version id specified',
      details: { ArgumentName: 'versionId', ArgumentValue: version },
    });
  }
  return operation;
}
