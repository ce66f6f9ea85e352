import { S3Error } from '../s3-error.ts';
import { childText, parseXml } from '../xml.ts';
import type { Operation } from './operation.ts';
import { unsupported } from './unsupported.ts';

export const createBucket: Operation = {
  name: 'CreateBucket',
  async run({ request, body, store, settings }) {
    if ((request.headers.get('x-amz-acl') ?? 'private') !== 'private') throw unsupported('x-amz-acl');
    const text = await body.text();
    const region =
      text === '' ? undefined : childText(parseXml(text, 'CreateBucketConfiguration'), 'LocationConstraint');
    if (region !== undefined && region !== settings.region) {
      throw new S3Error('IllegalLocationConstraintException', {
        message: `The ${region} location constraint is incompatible for the region specific endpoint this request was sent to.`,
      });
    }
    const bucket = request.bucket ?? '';
    const isNew = await store.createBucket(bucket);
    // The oldest region alone answers a repetition with success.
    if (!isNew && settings.region !== 'us-east-1') {
      throw new S3Error('BucketAlreadyOwnedByYou', { details: { BucketName: bucket } });
    }
    return { status: 200, headers: { location: `/${bucket}` } };
  },
};
