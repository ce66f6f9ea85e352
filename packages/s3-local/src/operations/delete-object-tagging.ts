import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';

export const deleteObjectTagging: Operation = {
  name: 'DeleteObjectTagging',
  async run(call) {
    const bucket = await bucketOf(call);
    await call.store.writing((writer) =>
      bucket.revise(keyOf(call), writer, (record) => ({ ...record, tags: [] })),
    );
    return { status: 204 };
  },
};
