import { xmlAnswer } from '../answer.ts';
import { recordOf } from './operation.ts';
import type { Operation } from './operation.ts';

export const getObjectTagging: Operation = {
  name: 'GetObjectTagging',
  async run(call) {
    const { tags = [] } = await recordOf(call);
    return xmlAnswer('Tagging', {
      TagSet: { Tag: tags.map(({ key, value }) => ({ Key: key, Value: value })) },
    });
  },
};
