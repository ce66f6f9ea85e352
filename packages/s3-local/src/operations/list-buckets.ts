import { xmlAnswer, xmlTime } from '../answer.ts';
import type { Operation } from './operation.ts';

export const listBuckets: Operation = {
  name: 'ListBuckets',
  async run({ store, settings }) {
    const buckets = await store.buckets();
    return xmlAnswer('ListAllMyBucketsResult', {
      Owner: { ID: settings.credentials.accessKeyId },
      Buckets: {
        Bucket: buckets.map(({ name, createdMs }) => ({ Name: name, CreationDate: xmlTime(createdMs) })),
      },
    });
  },
};
