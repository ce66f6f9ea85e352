import type { Operation } from './operation.ts';

export const deleteBucket: Operation = {
  name: 'DeleteBucket',
  async run({ request, store }) {
    await store.deleteBucket(request.bucket ?? '');
    return { status: 204 };
  },
};
