import { getObject } from './get-object.ts';
import type { Operation } from './operation.ts';

/** GetObject without the bytes: the same conditions, ranges and headers. */
export const headObject: Operation = {
  name: 'HeadObject',
  async run(call) {
    const { status, headers = {}, body } = await getObject.run(call);
    if (typeof body === 'object') await body.handle.close();
    return { status, headers };
  },
};
