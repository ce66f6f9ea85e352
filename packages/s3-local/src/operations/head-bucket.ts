import { bucketOf } from './operation.ts';
import type { Operation } from './operation.ts';

export const headBucket: Operation = {
  name: 'HeadBucket',
  async run(call) {
    await bucketOf(call);
    return { status: 200, headers: { 'x-amz-bucket-region': call.settings.region } };
  },
};
