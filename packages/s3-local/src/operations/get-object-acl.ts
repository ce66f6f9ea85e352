import { xmlAnswer } from '../answer.ts';
import { aclTree } from './acl.ts';
import { recordOf } from './operation.ts';
import type { Operation } from './operation.ts';

export const getObjectAcl: Operation = {
  name: 'GetObjectAcl',
  async run(call) {
    const { acl } = await recordOf(call);
    return xmlAnswer('AccessControlPolicy', aclTree(acl, call.settings.credentials.accessKeyId));
  },
};
