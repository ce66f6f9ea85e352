import { parameter } from '../request.ts';
import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';

export const abortMultipartUpload: Operation = {
  name: 'AbortMultipartUpload',
  async run(call) {
    const { uploads } = await bucketOf(call);
    const id = parameter(call.request, 'uploadId') ?? '';
    return uploads.ending(id, async () => {
      await uploads.get(id, keyOf(call));
      await uploads.remove(id);
      return { status: 204 };
    });
  },
};
