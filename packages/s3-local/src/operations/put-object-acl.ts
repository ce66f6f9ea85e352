import { readAcl } from './acl.ts';
import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';
import { unsupported } from './unsupported.ts';

export const putObjectAcl: Operation = {
  name: 'PutObjectAcl',
  async run(call) {
    const acl = readAcl(call.request);
    const bucket = await bucketOf(call);
    // Grants by name would have to be for somebody, and there is nobody else.
    if ((await call.body.text()) !== '') throw unsupported('AccessControlPolicy');
    await call.store.writing((writer) =>
      bucket.revise(keyOf(call), writer, (record) => ({ ...record, acl })),
    );
    return { status: 200 };
  },
};
