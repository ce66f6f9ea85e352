import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';
import { parseTagging } from './tags.ts';

export const putObjectTagging: Operation = {
  name: 'PutObjectTagging',
  async run(call) {
    const bucket = await bucketOf(call);
    const tags = parseTagging(await call.body.text());
    await call.store.writing((writer) =>
      bucket.revise(keyOf(call), writer, (record) => ({ ...record, tags })),
    );
    return { status: 200 };
  },
};
