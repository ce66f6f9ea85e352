import { readWriteConditions } from '../store/write-conditions.ts';
import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';

export const deleteObject: Operation = {
  name: 'DeleteObject',
  async run(call) {
    const conditions = readWriteConditions(call.request);
    const bucket = await bucketOf(call);
    await bucket.delete(keyOf(call), conditions);
    return { status: 204 };
  },
};
